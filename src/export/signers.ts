import { AppError, asAppError } from "../errors.ts";
import type { KeyManager, KeyReference } from "../keys/key-manager.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import { isActive } from "../model/resource/members.ts";
import type { SigningKey } from "../model/resource/signing-key.ts";
import type { ReportExport } from "./events.ts";
import type { ExportSigner } from "../export-file/build.ts";
import { MAX_SIGNATURES } from "../export-file/format.ts";

/** The dependencies of signer selection. */
export type SignerDependencies = {
  readonly keys: KeyManager;
  readonly signingKey: (name: string) => SigningKey | undefined;
  readonly report: ReportExport;
  /** Creation times of keys by reference, in UTC seconds: a cache kept between runs. */
  readonly ages: Map<KeyReference, number>;
};

/** A signer of a config's files, with the name of its resource. */
type NamedSigner = { readonly name: string; readonly signer: ExportSigner };

/**
 * The signers of a config's files now: its keys that have not expired, newest first, at most ten. Does not check that
 * they can sign, because each signature may be a network call: see {@link withUsableSigners}. Throws
 * `key_unavailable` when there is none.
 */
async function signersOf(
  deps: SignerDependencies,
  config: ExportConfig,
  nowSeconds: number,
): Promise<readonly NamedSigner[]> {
  const active = config.signingKeys.flatMap((name) => activeKey(deps, config, name, nowSeconds));
  const dated = await Promise.all(
    active.map(async (key, index) => ({
      key,
      index,
      createdAt: active.length > 1 ? await createdAt(deps, key) : 0,
    })),
  );
  // Of keys created at the same time, the one named last was added last.
  dated.sort((a, b) => b.createdAt - a.createdAt || b.index - a.index);
  if (dated.length === 0) throw noSigner(config);
  return dated.slice(0, MAX_SIGNATURES).map(({ key }) => signerOf(deps, key));
}

/**
 * Runs `work` with the signers. When a signer fails, reports it and runs `work` again without it. Throws
 * `key_unavailable` when none is left.
 */
export async function withUsableSigners<T>(
  deps: SignerDependencies,
  config: ExportConfig,
  nowSeconds: number,
  work: (signers: readonly ExportSigner[]) => Promise<T>,
): Promise<T> {
  let signers = await signersOf(deps, config, nowSeconds);
  while (signers.length > 0) {
    try {
      return await work(signers.map(({ signer }) => signer));
    } catch (error) {
      if (!(error instanceof UnableToSign)) throw error;
      const { signingKey, reason } = error;
      const unusable = { kind: "signing-key-unusable", config: config.name, signingKey } as const;
      deps.report({ ...unusable, reason: "unreachable", error: reason });
      signers = signers.filter(({ name }) => name !== signingKey);
    }
  }
  throw noSigner(config);
}

/** A signing key that did not sign, and why. */
class UnableToSign extends Error {
  readonly signingKey: string;
  readonly reason: AppError;

  constructor(signingKey: string, reason: AppError) {
    super(`${signingKey} cannot sign`);
    this.name = "UnableToSign";
    this.signingKey = signingKey;
    this.reason = reason;
  }
}

function activeKey(
  { signingKey, report }: SignerDependencies,
  config: ExportConfig,
  name: string,
  nowSeconds: number,
): readonly SigningKey[] {
  const key = signingKey(name);
  if (key !== undefined && isActive(key, nowSeconds)) return [key];
  const reason = key === undefined ? "unknown" : "expired";
  report({ kind: "signing-key-unusable", config: config.name, signingKey: name, reason });
  return [];
}

function signerOf({ keys }: SignerDependencies, key: SigningKey): NamedSigner {
  return {
    name: key.name,
    signer: {
      info: { keyVersion: key.version, keyId: key.keyId },
      sign: async (data) => {
        try {
          return await keys.sign(key.key, data);
        } catch (error) {
          throw new UnableToSign(key.name, asAppError(error));
        }
      },
    },
  };
}

/** When the newest version of the key was created; 0 while the key manager cannot say. Looked up once per key. */
async function createdAt({ keys, ages }: SignerDependencies, { key }: SigningKey): Promise<number> {
  const known = ages.get(key);
  if (known !== undefined) return known;
  try {
    const versions = await keys.versions(key);
    const newest = Math.max(0, ...versions.map((version) => version.createdAt));
    ages.set(key, newest);
    return newest;
  } catch {
    // A key manager that cannot answer cannot sign either; the key is then left out.
    return 0;
  }
}

function noSigner(config: ExportConfig): AppError {
  return new AppError(
    "key_unavailable",
    `export ${config.name}: none of its signing keys can sign: ${config.signingKeys.join(", ")}; ` +
      "add one that has not expired, or repair the key manager",
  );
}
