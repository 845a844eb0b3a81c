import { concatBytes } from "../../keys/pem.ts";
import { hmacSha256, seal, unseal } from "../../keys/crypto.ts";
import { asHealthAuthorityId } from "../../model/ids.ts";

import type { AttestedKeyRow, AttestedKeys } from "../../store/attest/attested-key.ts";
import type { AttestationDataKeys } from "../data-keys.ts";

/** What finding and adding registered keys needs. */
export type RegisteredKeyDependencies = {
  readonly crypto: Crypto;
  readonly dataKeys: () => Promise<AttestationDataKeys>;
};

const DAY_SECONDS = 86_400;
const KEPT_DAYS = 30;

/** A registered key, opened. */
export type RegisteredKey = { readonly id: Uint8Array; readonly publicKey: Uint8Array };

/** The registered key of this ID; undefined when there is none, or it has expired. */
export async function registeredKey(
  deps: RegisteredKeyDependencies & { readonly keys: Pick<AttestedKeys, "find"> },
  healthAuthority: string,
  keyId: Uint8Array,
  nowMs: number,
): Promise<RegisteredKey | undefined> {
  const dataKeys = await deps.dataKeys();
  const id = await rowId(deps, dataKeys, healthAuthority, keyId);
  const sealed = await deps.keys.find(id, Math.floor(nowMs / 1000));
  if (sealed === undefined) return undefined;
  const publicKey = await unseal(deps.crypto, dataKeys.publicKey, sealed, id);
  return publicKey === undefined ? undefined : { id, publicKey };
}

/** What is stored of a key: nothing that tells whose it is, or when it was made or used within a day. */
export async function registeredKeyRow(
  deps: RegisteredKeyDependencies,
  healthAuthority: string,
  key: { readonly keyId: Uint8Array; readonly publicKey: Uint8Array },
  nowMs: number,
): Promise<AttestedKeyRow> {
  const dataKeys = await deps.dataKeys();
  const id = await rowId(deps, dataKeys, healthAuthority, key.keyId);
  const today = Math.floor(nowMs / 1000 / DAY_SECONDS);
  return {
    id,
    publicKey: await seal(deps.crypto, dataKeys.publicKey, key.publicKey, id),
    expiresOn: (today + KEPT_DAYS) * DAY_SECONDS,
  };
}

/** Keyed hash of the health authority, in lower case, and the key's ID. */
async function rowId(
  { crypto }: RegisteredKeyDependencies,
  { keyName }: AttestationDataKeys,
  healthAuthority: string,
  keyId: Uint8Array,
): Promise<Uint8Array> {
  const authority = new TextEncoder().encode(`${asHealthAuthorityId(healthAuthority)}\0`);
  return await hmacSha256(crypto, keyName, concatBytes(authority, keyId));
}
