import { readFileSync } from "node:fs";
import { parseDuration } from "../model/duration.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One effective setting, for `wayfarer config`. */
export type SettingShown = {
  readonly name: string;
  /** Secrets are shown as `***`. */
  readonly value: string;
  readonly from: "environment" | "file" | "default";
};

/** A secret that is asked for each time it is needed, so that a mounted file may change. */
export type Secret = () => string | undefined;

type Bounds = { readonly min?: number; readonly max?: number };

/** Reads typed settings and collects every mistake instead of stopping at the first. */
export class EnvironmentReader {
  readonly faults: string[] = [];
  readonly shown: SettingShown[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** A text; an empty one counts as absent. */
  text(name: string, fallback: string): string {
    return this.optional(name) ?? this.#default(name, fallback);
  }

  /** A text that may be absent. */
  optional(name: string): string | undefined {
    const value = this.#environment[name];
    if (value === undefined || value === "") return undefined;
    this.shown.push({ name, value, from: "environment" });
    return value;
  }

  /** One of some texts, in whatever case. */
  oneOf<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const text = this.text(name, fallback);
    const choice = choices.find((one) => one.toLowerCase() === text.toLowerCase());
    if (choice === undefined) this.#fault(name, `must be one of ${choices.join(", ")}`);
    return choice ?? fallback;
  }

  /** Some of some texts, joined by commas. */
  someOf<T extends string>(
    name: string,
    choices: readonly T[],
    fallback: readonly T[],
  ): readonly T[] {
    const parts = this.text(name, fallback.join(",")).split(",").map((part) => part.trim());
    const found = choices.filter((choice) => parts.includes(choice));
    if (found.length !== parts.length) {
      this.#fault(name, `must be some of ${choices.join(", ")}, joined by commas`);
    }
    return found;
  }

  flag(name: string, fallback: boolean): boolean {
    const text = this.text(name, String(fallback)).toLowerCase();
    if (["true", "1", "yes"].includes(text)) return true;
    if (["false", "0", "no"].includes(text)) return false;
    this.#fault(name, "must be true or false");
    return fallback;
  }

  integer(name: string, fallback: number, { min = 0, max = 2_147_483_647 }: Bounds = {}): number {
    const text = this.text(name, String(fallback));
    const value = /^-?\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.#fault(name, `must be a whole number from ${min} to ${max}`);
    return fallback;
  }

  /** A duration such as `4h`, in milliseconds. `min` and `max` are durations too. */
  milliseconds(
    name: string,
    fallback: string,
    bounds: { min?: string; max?: string } = {},
  ): number {
    const value = parseDuration(this.text(name, fallback));
    const min = parseDuration(bounds.min ?? "0") ?? 0;
    const max = parseDuration(bounds.max ?? "87600h") ?? Infinity;
    if (value !== undefined && value >= min && value <= max) return value;
    this.#fault(
      name,
      `must be a duration from ${bounds.min ?? "0s"} to ${
        bounds.max ?? "87600h"
      }, such as ${fallback}`,
    );
    return parseDuration(fallback) ?? 0;
  }

  /** A duration in whole seconds. */
  seconds(name: string, fallback: string, bounds: { min?: string; max?: string } = {}): number {
    const value = this.milliseconds(name, fallback, bounds);
    if (value % 1000 !== 0) this.#fault(name, "must be whole seconds");
    return Math.floor(value / 1000);
  }

  /** A URL of one of some protocols (`https:`). */
  url(name: string, fallback: string, protocols: readonly string[]): string {
    const text = this.text(name, fallback);
    if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return text;
    this.#fault(
      name,
      `must be a URL that begins with ${protocols.map((one) => `${one}//`).join(" or ")}`,
    );
    return fallback;
  }

  /** `NAME`, or the file that `NAME_FILE` names, read again each time the secret is asked for. */
  secret(name: string): Secret {
    const value = this.#environment[name];
    const path = this.#environment[`${name}_FILE`];
    if (value && path) this.#fault(name, `is set together with ${name}_FILE: set one of them`);
    if (value) {
      this.shown.push({ name, value: "***", from: "environment" });
      return () => value;
    }
    if (!path) return () => undefined;
    this.shown.push({ name, value: "***", from: "file" });
    const read = (): string => readFileSync(path, "utf8").trim();
    try {
      read();
    } catch {
      this.#fault(`${name}_FILE`, "names a file that cannot be read");
    }
    return read;
  }

  /** The text of the file that a setting names. */
  file(name: string): string | undefined {
    const path = this.optional(name);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, "utf8");
    } catch {
      this.#fault(name, "names a file that cannot be read");
      return undefined;
    }
  }

  /** Adds a mistake found by the caller. */
  refuse(name: string, message: string): void {
    this.#fault(name, message);
  }

  #default(name: string, value: string): string {
    this.shown.push({ name, value, from: "default" });
    return value;
  }

  #fault(name: string, message: string): void {
    this.faults.push(`${name} ${message}`);
  }
}

/** `NAME`, or the text of the file that `NAME_FILE` names. Throws when that cannot be read. */
export function namedSecret(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  if (value) return value;
  const path = environment[`${name}_FILE`];
  return path ? readFileSync(path, "utf8").trim() : undefined;
}
