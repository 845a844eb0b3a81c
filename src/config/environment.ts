import { readFileSync } from "node:fs";
import { watchedFile } from "../cloud/watched-file.ts";
import { parseDuration } from "../model/duration.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One effective setting, for `wayfarer config`. */
export type SettingShown = {
  readonly name: string;
  /** Secrets are shown as `***`. */
  readonly value: string;
  readonly from: "environment" | "file" | "secret manager" | "default";
};

/** A secret that is asked for each time it is needed, so that a mounted file or a secret manager may change it. */
export type Secret = () => Promise<string | undefined>;

/** What a secret manager holds for a setting: as it was at the start, and as it is now. */
export type ResolvedSecret = { readonly first: string; readonly current: () => Promise<string> };

/** The settings that are `secret://NAME`, by their names. */
export type ResolvedSecrets = ReadonlyMap<string, ResolvedSecret>;

/** What a setting begins with whose value a secret manager holds. */
export const SECRET_PREFIX = "secret://";

type Bounds = { readonly min?: number; readonly max?: number };

/** Reads typed settings and collects every mistake instead of stopping at the first. */
export class EnvironmentReader {
  readonly faults: string[] = [];
  readonly shown: SettingShown[] = [];
  /** Names that were asked for. */
  readonly asked: Set<string> = new Set();
  readonly #environment: Environment;
  readonly #secrets: ResolvedSecrets;

  constructor(environment: Environment, secrets: ResolvedSecrets = new Map()) {
    this.#environment = environment;
    this.#secrets = secrets;
  }

  /** A text; an empty one counts as absent. */
  text(name: string, fallback: string): string {
    return this.optional(name) ?? this.#default(name, fallback);
  }

  /** A text that may be absent. */
  optional(name: string): string | undefined {
    const value = this.#valueOf(name);
    if (value === undefined) return undefined;
    this.shown.push(
      this.#secrets.has(name)
        ? { name, value: "***", from: "secret manager" }
        : { name, value, from: "environment" },
    );
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
    if (["true", "t", "1", "yes"].includes(text)) return true;
    if (["false", "f", "0", "no"].includes(text)) return false;
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

  /** `NAME`, or the file that `NAME_FILE` names, or what a secret manager holds: each read again when it changed. */
  secret(name: string): Secret {
    const value = this.#valueOf(name);
    const path = this.#valueOf(`${name}_FILE`);
    if (value && path) this.#fault(name, `is set together with ${name}_FILE: set one of them`);
    const resolved = this.#secrets.get(name);
    if (value) {
      const from: SettingShown["from"] = resolved === undefined ? "environment" : "secret manager";
      this.shown.push({ name, value: "***", from });
      return resolved?.current ?? (() => Promise.resolve(value));
    }
    if (!path) return () => Promise.resolve(undefined);
    this.shown.push({ name, value: "***", from: "file" });
    this.#textOf(`${name}_FILE`, path);
    const read = watchedFile(path);
    return async () => (await read()).trim();
  }

  /** The same as it is at the start. */
  secretText(name: string): string | undefined {
    const value = this.#valueOf(name);
    const path = this.#valueOf(`${name}_FILE`);
    return value ?? (path === undefined ? undefined : this.#textOf(`${name}_FILE`, path)?.trim());
  }

  /** Whether a secret may change while the process runs. */
  changes(name: string): boolean {
    return this.#secrets.has(name) || this.#valueOf(`${name}_FILE`) !== undefined;
  }

  /** The text of the file that a setting names. */
  file(name: string): string | undefined {
    const path = this.optional(name);
    return path === undefined ? undefined : this.#textOf(name, path);
  }

  /** The path that a setting names which was read with {@link file}. */
  path(name: string): string {
    return this.#valueOf(name) ?? "";
  }

  /** Adds a mistake found by the caller. */
  refuse(name: string, message: string): void {
    this.#fault(name, message);
  }

  #valueOf(name: string): string | undefined {
    this.asked.add(name);
    const value = this.#environment[name];
    if (value === undefined || value === "") return undefined;
    return value.startsWith(SECRET_PREFIX) ? this.#secrets.get(name)?.first ?? value : value;
  }

  #textOf(name: string, path: string): string | undefined {
    try {
      return readFileSync(path, "utf8");
    } catch {
      this.#fault(name, "names a file that cannot be read");
      return undefined;
    }
  }

  #default(name: string, value: string): string {
    this.shown.push({ name, value, from: "default" });
    return value;
  }

  #fault(name: string, message: string): void {
    const fault = `${name} ${message}`;
    if (!this.faults.includes(fault)) this.faults.push(fault);
  }
}

/** `NAME`, or the text of the file that `NAME_FILE` names. Throws when that cannot be read. */
export function namedSecret(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  if (value) return value;
  const path = environment[`${name}_FILE`];
  return path ? readFileSync(path, "utf8").trim() : undefined;
}
