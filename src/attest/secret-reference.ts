import { readFile, stat } from "node:fs/promises";
import type { SecretReference } from "../model/resource/attestation.ts";

/** The text behind a reference; undefined when it is not there or cannot be read. */
export type ReadSecret = (reference: SecretReference) => Promise<string | undefined>;

const MAX_SECRET_BYTES = 65_536;

/** Reads `env:NAME` by `environment`, and `file:PATH` of at most 64 KiB. */
export function secretReader(environment: (name: string) => string | undefined): ReadSecret {
  return async (reference) => {
    const at = reference.indexOf(":");
    const rest = reference.slice(at + 1);
    try {
      if (reference.slice(0, at) === "env") return environment(rest);
      const path = rest.startsWith("//") ? new URL(reference) : rest;
      const { size } = await stat(path);
      return size > MAX_SECRET_BYTES ? undefined : await readFile(path, "utf8");
    } catch {
      return undefined;
    }
  };
}
