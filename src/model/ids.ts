/** Branded identifiers: plain strings and numbers at run time, not interchangeable for the compiler. */

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** UTC seconds since the Unix epoch, an integer. */
export type Seconds = Brand<number, "Seconds">;
/** Seconds since the epoch at the start of a window (a multiple of TRUNCATE_WINDOW). */
export type Window = Brand<number, "Window">;
/** Unix seconds / 600, an integer: the unit of rolling start and rolling period. */
export type IntervalNumber = Brand<number, "IntervalNumber">;
/** A region code, upper case, such as `MAG`. */
export type Region = Brand<string, "Region">;
/** The name of a health authority, lower case. */
export type HealthAuthorityId = Brand<string, "HealthAuthorityId">;
/** The URL by which servers know each other. */
export type ServerId = Brand<string, "ServerId">;

export const asSeconds = (value: number): Seconds => Math.floor(value) as Seconds;
export const asWindow = (value: number): Window => value as Window;
export const asInterval = (value: number): IntervalNumber => value as IntervalNumber;
/** Regions are compared in upper case. */
export const asRegion = (value: string): Region => value.trim().toUpperCase() as Region;
/** Health authority IDs are compared and stored in lower case. */
export const asHealthAuthorityId = (value: string): HealthAuthorityId =>
  value.trim().toLowerCase() as HealthAuthorityId;
/**
 * A server's ID in the one form in which IDs are compared: host in lower case, no default port, no slash at the end.
 * Throws a TypeError for what is no URL.
 */
export const asServerId = (value: string): ServerId =>
  new URL(value).href.replace(/\/+$/, "") as ServerId;
