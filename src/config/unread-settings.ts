import { nearest } from "../model/nearest.ts";
import type { Environment } from "./environment.ts";
import { REFERENCE_SETTINGS } from "./reference-settings.ts";

/** What of the environment has no effect: `refusals` must be mended, `warnings` should be looked at. */
export type UnreadSettings = {
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
};

/** Shorter names are too near to those of the system: HOME is not a slip of HOST. */
const SHORTEST_SLIP = 7;

/** Settings of other programs that only look like slips. */
const OTHERS = /^SSL_/;

/** Judges what is set but was not read. `read`: the names that were asked for. */
export function unreadSettings(env: Environment, read: ReadonlySet<string>): UnreadSettings {
  const refusals: string[] = [];
  const warnings: string[] = [];
  const known = [...new Set([...read, ...Object.keys(REFERENCE_SETTINGS)])];
  for (const [name, value = ""] of Object.entries(env)) {
    if (value === "") continue;
    const fate = Object.hasOwn(REFERENCE_SETTINGS, name) ? REFERENCE_SETTINGS[name] : undefined;
    if (fate?.kind === "renamed") warnings.push(`${name} is deprecated: set ${fate.name}`);
    if (read.has(name)) continue;
    switch (fate?.kind) {
      case "refused":
        if (!isHarmless(value, fate.harmless)) {
          refusals.push(`${name} cannot be honoured: ${fate.reason}`);
        }
        break;
      case "none":
        warnings.push(`${name} has no effect: ${fate.reason}`);
        break;
      case "honoured":
        warnings.push(`${name} has no effect: it counts beside DB_HOST, without DATABASE_URL`);
        break;
      case undefined:
        warnings.push(...slipIn(name, known));
    }
  }
  return { refusals, warnings };
}

function isHarmless(value: string, harmless: string): boolean {
  const text = value.toLowerCase();
  return text === harmless || (harmless === "false" && ["0", "f", "no"].includes(text));
}

function slipIn(name: string, known: readonly string[]): readonly string[] {
  if (OTHERS.test(name)) return [];
  const near = name.length < SHORTEST_SLIP ? undefined : nearest(name, known);
  return near === undefined ? [] : [`${name} is not a setting: did you mean ${near}?`];
}
