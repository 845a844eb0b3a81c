import { AppError, asAppError } from "../errors.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import { isActive } from "../model/resource/members.ts";
import type { SigningKey } from "../model/resource/signing-key.ts";
import type { ReportExport } from "./events.ts";
import type { ExportSigner } from "../export-file/build.ts";
import { MAX_SIGNATURES } from "../export-file/format.ts";

/** What choosing signers needs. */
export type SignerDependencies = {
  readonly keys: KeyManager;
  readonly signingKey: (name: string) => SigningKey | undefined;
  readonly report: ReportExport;
};

/** Signed to learn whether a key can be reached before a file names it. */
const PROBE = new TextEncoder().encode("wayfarer: can this key sign?");

/**
 * Those who sign a config's files now: its keys that have not expired and can be reached, at most ten, the most
 * recently made first. Throws `key_unavailable` when there is none.
 */
export async function signersOf(
  deps: SignerDependencies,
  config: ExportConfig,
  nowSeconds: number,
): Promise<readonly ExportSigner[]> {
  const found = await Promise.all(
    config.signingKeys.map((name) => probe(deps, config, name, nowSeconds)),
  );
  const usable = found.filter((one) => one !== undefined)
    .map((one, index) => ({ ...one, index }))
    // Keys made at the same time: the one named last was added last.
    .sort((a, b) => b.createdAt - a.createdAt || b.index - a.index);
  if (usable.length === 0) {
    throw new AppError(
      "key_unavailable",
      `export ${config.name}: none of its signing keys can sign: ${
        config.signingKeys.join(", ")
      }; ` +
        "add one that has not expired, or mend the key manager",
    );
  }
  return usable.slice(0, MAX_SIGNATURES).map((one) => one.signer);
}

async function probe(
  { keys, signingKey, report }: SignerDependencies,
  config: ExportConfig,
  name: string,
  nowSeconds: number,
): Promise<{ readonly signer: ExportSigner; readonly createdAt: number } | undefined> {
  const key = signingKey(name);
  const unusable = { kind: "signing-key-unusable", config: config.name, signingKey: name } as const;
  if (key === undefined) {
    report({ ...unusable, reason: "unknown" });
    return undefined;
  }
  if (!isActive(key, nowSeconds)) {
    report({ ...unusable, reason: "expired" });
    return undefined;
  }
  try {
    await keys.sign(key.key, PROBE);
    const versions = await keys.versions(key.key);
    return {
      createdAt: Math.max(0, ...versions.map((version) => version.createdAt)),
      signer: {
        info: { keyVersion: key.version, keyId: key.keyId },
        sign: (data) => keys.sign(key.key, data),
      },
    };
  } catch (error) {
    report({ ...unusable, reason: "unreachable", error: asAppError(error) });
    return undefined;
  }
}
