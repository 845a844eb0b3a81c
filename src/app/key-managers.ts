import { awsCredentials } from "../cloud/aws/credentials.ts";
import { awsCaller } from "../cloud/aws/service.ts";
import { azureTokens } from "../cloud/azure/identity.ts";
import { bearerCaller } from "../cloud/bearer-service.ts";
import { googleTokens } from "../cloud/google/identity.ts";
import { CLOUD_HTTP } from "../cloud/service-call.ts";
import { vaultCaller } from "../cloud/vault/service.ts";
import type { Config, Secrets } from "../config/config.ts";
import { AppError } from "../errors.ts";
import { awsKmsKeys } from "../keys/aws-kms.ts";
import { azureKvKeys } from "../keys/azure-kv.ts";
import { fileKeys } from "../keys/file.ts";
import { gcpKmsKeys } from "../keys/gcp-kms.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import { localKeys } from "../keys/local.ts";
import { loadMasterKey } from "../keys/master-key.ts";
import { type MasterKeys, masterKeys } from "../keys/master-keys.ts";
import { openKeys } from "../keys/open.ts";
import { pkcs11Keys } from "../keys/pkcs11.ts";
import { vaultKeys } from "../keys/vault.ts";
import { type Log } from "../observe/log.ts";
import type { Database } from "../store/database.ts";
import { constants } from "../store/constants.ts";
import { localKeyRows, type LocalKeyStore } from "../store/local-key.ts";

/** The constant that tells which master key a database was first used with. */
export const MASTER_KEY_CONSTANT = "master-key-fingerprint";

/** What key managers are made from. */
export type KeyManagerInput = {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** All key managers, and what `wayfarer keys rewrap` works on. */
export type OpenedKeys = {
  readonly keys: KeyManager;
  readonly masters: MasterKeys;
  readonly rows: LocalKeyStore;
};

/** Opens all key managers. Those across the network are not asked for anything before they are needed. */
export async function openKeyManagers(
  database: Database,
  input: KeyManagerInput,
): Promise<OpenedKeys> {
  const { config, crypto, now } = input;
  const rows = localKeyRows(database);
  const first = await firstMasterKey(input, database, rows);
  const others = otherManagers(input);
  const { spelling } = config.keys;
  const masters = masterKeys({ rows, first, keys: openKeys(others, spelling), crypto });
  const local = localKeys({ rows, masters, crypto, now });
  return { keys: openKeys({ local, ...others }, spelling), masters, rows };
}

/** All managers but the one that is in the database. */
export function otherManagers(
  { config, crypto, now }: KeyManagerInput,
): Record<string, KeyManager> {
  const { cloud, keys: { hardware, pkcs11 } } = config;
  const { aws, google, azure, vault } = cloud;
  const http = { ...CLOUD_HTTP, now };
  return {
    file: fileKeys({ crypto }),
    pkcs11: pkcs11Keys({ ...pkcs11, crypto }),
    vault: vaultKeys({ call: vaultCaller(vault, http), transit: vault.transit, crypto, now }),
    "aws-kms": awsKmsKeys({
      call: awsCaller(awsCredentials(aws.identity, http), http),
      region: aws.region,
      ...(aws.kmsEndpoint === undefined ? {} : { endpoint: aws.kmsEndpoint }),
      crypto,
      now,
    }),
    "gcp-kms": gcpKmsKeys({
      call: bearerCaller(googleTokens(google.identity, http), http),
      endpoint: google.kmsEndpoint,
      hardware,
      crypto,
      now,
    }),
    "azure-kv": azureKvKeys({
      tokens: azureTokens(azure.identity, http),
      http,
      ...(azure.keyVault === undefined ? {} : { keyVault: azure.keyVault }),
      hardware,
      crypto,
    }),
  };
}

/** The first master key; undefined when none of the keys in the database needs it any more. */
async function firstMasterKey(
  { config, secrets, crypto, log }: KeyManagerInput,
  database: Database,
  rows: LocalKeyStore,
): Promise<Uint8Array | undefined> {
  if (!await rows.needFirstMaster()) return undefined;
  const remembered = constants(database);
  const expectedFingerprint = await remembered.get(MASTER_KEY_CONSTANT);
  const value = await secrets.masterKey();
  const key = await loadMasterKey({
    ...(value === undefined ? {} : { value }),
    ...(expectedFingerprint === undefined ? {} : { expectedFingerprint }),
    dataDirectory: config.dataDirectory,
    crypto,
    warn: (text) => log.warn("master-key", { text }),
  });
  const kept = await remembered.keep(MASTER_KEY_CONSTANT, key.fingerprint);
  if (kept === key.fingerprint) return key.bytes;
  throw new AppError(
    "data_directory_unusable",
    "another server made a master key for this database at the same moment: give both the same MASTER_KEY",
  );
}
