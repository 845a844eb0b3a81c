/** `pkcs11:…`: keys in a hardware security module. Source: PKCS #11 v2.40; the URI: RFC 7512. */

import { Buffer } from "node:buffer";
import type * as Pkcs11Js from "pkcs11js";
import { encodeHex } from "../bytes/base64.ts";
import { AppError } from "../errors.ts";
import { NONCE_BYTES, sha256, TAG_BYTES } from "./crypto.ts";
import type { KeyManager, KeyPurpose, KeyReference, KeyVersion } from "./key-manager.ts";
import { concatBytes } from "./pem.ts";
import { type Pkcs11Place, pkcs11Place } from "./pkcs11-reference.ts";
import {
  moduleCode,
  type Pkcs11Settings,
  pkcs11Tokens,
  type TokenSession,
} from "./pkcs11-token.ts";
import { missingKey, shown, undecryptable, wrongPurpose } from "./reference.ts";
import { p256Pem, wrongCurve } from "./remote.ts";
import { p256Spki } from "./spki.ts";

/** What {@link pkcs11Keys} needs. */
export type Pkcs11Options = Pkcs11Settings & { readonly crypto: Crypto };

/** DER of the object identifier prime256v1 (RFC 5480, 2.1.1.1), as CKA_EC_PARAMS. */
const P256_PARAMETERS = Buffer.from("06082a8648ce3d030107", "hex");
/** An uncompressed point: 04 ‖ x ‖ y. */
const POINT_BYTES = 65;
const MAX_OBJECTS = 8;
const ID_BYTES = 8;

type Found = { readonly handle: Pkcs11Js.Handle; readonly purpose: KeyPurpose };

/**
 * Keys on tokens, `pkcs11:token=…;object=LABEL` or `;id=%XX`: EC pairs on P-256, which sign by CKM_ECDSA, and AES-256
 * keys, which encrypt by CKM_AES_GCM. A key has one version, whose name is its CKA_ID in hex, and whose age the
 * module does not know (0). {@link KeyManager.encrypt} gives nonce(12) ‖ ciphertext ‖ tag(16).
 */
export function pkcs11Keys(options: Pkcs11Options): KeyManager {
  const { crypto } = options;
  const tokens = pkcs11Tokens(options);

  /** Runs work on the key; what the module refuses is told as `key_unavailable`, with its CKR_… name. */
  const using = async <T>(
    reference: KeyReference,
    work: (session: TokenSession, place: Pkcs11Place) => Promise<T>,
  ): Promise<T> => {
    const place = pkcs11Place(reference);
    try {
      return await tokens(place, (session) => work(session, place));
    } catch (error) {
      if (error instanceof AppError && error.code !== "key_unavailable") throw error;
      const said = error instanceof Error ? error.message.split("\n")[0] : "";
      const cure = moduleCode(error) === undefined
        ? said
        : `the hardware module answered ${said}: check the token, and what the key allows`;
      throw new AppError("key_unavailable", `${shown(reference)}: ${cure}`, { cause: error });
    }
  };

  const need = (
    reference: KeyReference,
    session: TokenSession,
    place: Pkcs11Place,
    purpose: KeyPurpose,
  ): Pkcs11Js.Handle => {
    const found = find(session, place);
    if (found === undefined) throw missingKey(reference);
    if (found.purpose !== purpose) throw wrongPurpose(reference, found.purpose);
    return found.handle;
  };

  return {
    create: (reference, purpose) =>
      using(reference, async (session, place) => {
        const { object } = place;
        if (object === undefined || find(session, place) !== undefined) {
          throw new AppError(
            "unimplemented",
            `${
              shown(reference)
            }: a key in a hardware module has one version: name a new one by object=LABEL`,
          );
        }
        const id = place.id ?? crypto.getRandomValues(new Uint8Array(ID_BYTES));
        await generate(session, purpose, object, Buffer.from(id));
        return { version: encodeHex(id), createdAt: 0 };
      }),

    exists: (reference) =>
      using(reference, (session, place) => Promise.resolve(find(session, place) !== undefined)),

    publicKeyPem: (reference) =>
      using(reference, (session, place) => {
        need(reference, session, place, "sign");
        const point = publicPoint(session, place);
        if (point === undefined) {
          throw new AppError(
            "key_unavailable",
            "the token has no public key beside the private one: import it, with the same label and id",
          );
        }
        const [x, y] = [point.subarray(1, 33), point.subarray(33)];
        const spki = point.length === POINT_BYTES ? p256Spki({ x, y }) : undefined;
        if (spki === undefined) throw wrongCurve(reference);
        return Promise.resolve(p256Pem(reference, spki));
      }),

    sign: async (reference, data) => {
      const digest = Buffer.from(await sha256(crypto, data));
      return await using(reference, async (session, place) => {
        const { constants, module, session: handle } = session;
        const key = need(reference, session, place, "sign");
        if (!isP256(session, key)) throw wrongCurve(reference);
        module.C_SignInit(handle, { mechanism: constants.CKM_ECDSA }, key);
        return new Uint8Array(await module.C_SignAsync(handle, digest, Buffer.alloc(64)));
      });
    },

    encrypt: (reference, plaintext, additionalData) =>
      using(reference, async (session, place) => {
        const { module, session: handle } = session;
        const key = need(reference, session, place, "encrypt");
        const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
        module.C_EncryptInit(handle, gcm(session, iv, additionalData), key);
        const sealed = await module.C_EncryptAsync(
          handle,
          Buffer.from(plaintext),
          Buffer.alloc(plaintext.length + TAG_BYTES),
        );
        return concatBytes(iv, sealed);
      }),

    decrypt: (reference, ciphertext, additionalData) =>
      using(reference, async (session, place) => {
        const { module, session: handle } = session;
        const key = need(reference, session, place, "encrypt");
        if (ciphertext.length < NONCE_BYTES + TAG_BYTES) throw undecryptable(reference);
        const iv = ciphertext.slice(0, NONCE_BYTES);
        const sealed = Buffer.from(ciphertext.subarray(NONCE_BYTES));
        module.C_DecryptInit(handle, gcm(session, iv, additionalData), key);
        try {
          const plaintext = await module.C_DecryptAsync(
            handle,
            sealed,
            Buffer.alloc(sealed.length),
          );
          return new Uint8Array(plaintext);
        } catch (error) {
          if (DECRYPTION_FAILED.has(moduleCode(error) ?? -1)) throw undecryptable(reference);
          throw error;
        }
      }),

    versions: (reference) =>
      using(reference, (session, place): Promise<readonly KeyVersion[]> => {
        const found = find(session, place);
        if (found === undefined) return Promise.resolve([]);
        const id = attribute(session, found.handle, session.constants.CKA_ID);
        return Promise.resolve([{ version: encodeHex(id) || "1", createdAt: 0 }]);
      }),

    destroy: (reference, version) =>
      using(reference, (session, place) => {
        const { constants, module, session: handle } = session;
        const found = find(session, place);
        const id = found && attribute(session, found.handle, constants.CKA_ID);
        if (found === undefined || id === undefined || (encodeHex(id) || "1") !== version) {
          throw new AppError(
            "key_not_found",
            `${shown(reference)} has no version ${shown(version)}`,
          );
        }
        for (const half of objects(session, constants.CKO_PUBLIC_KEY, place)) {
          module.C_DestroyObject(handle, half);
        }
        module.C_DestroyObject(handle, found.handle);
        return Promise.resolve();
      }),
  };
}

/** CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE, and what SoftHSM says, CKR_GENERAL_ERROR. */
const DECRYPTION_FAILED: ReadonlySet<number> = new Set([0x40, 0x41, 0x05]);

function gcm(
  { constants }: TokenSession,
  iv: Uint8Array,
  additionalData: Uint8Array,
): Pkcs11Js.Mechanism {
  const parameter: Pkcs11Js.AesGCM = {
    type: constants.CK_PARAMS_AES_GCM,
    iv: Buffer.from(iv),
    ivBits: 8 * NONCE_BYTES,
    aad: Buffer.from(additionalData),
    tagBits: 8 * TAG_BYTES,
  };
  return { mechanism: constants.CKM_AES_GCM, parameter };
}

/** The one key with this label and id; more than one throws. */
function find(session: TokenSession, place: Pkcs11Place): Found | undefined {
  const { CKO_PRIVATE_KEY, CKO_SECRET_KEY } = session.constants;
  const found = [
    ...objects(session, CKO_PRIVATE_KEY, place).map((handle) => ({
      handle,
      purpose: "sign" as const,
    })),
    ...objects(session, CKO_SECRET_KEY, place).map((handle) => ({
      handle,
      purpose: "encrypt" as const,
    })),
  ];
  if (found.length < 2) return found[0];
  throw new AppError("key_unavailable", "the token has several keys of that name: add ;id=%XX");
}

function objects(
  { constants, module, session }: TokenSession,
  kind: number,
  { object, id }: Pkcs11Place,
): readonly Pkcs11Js.Handle[] {
  module.C_FindObjectsInit(session, [
    { type: constants.CKA_CLASS, value: kind },
    ...(object === undefined ? [] : [{ type: constants.CKA_LABEL, value: object }]),
    ...(id === undefined ? [] : [{ type: constants.CKA_ID, value: Buffer.from(id) }]),
  ]);
  const found = module.C_FindObjects(session, MAX_OBJECTS);
  module.C_FindObjectsFinal(session);
  return found;
}

function attribute(
  { module, session }: TokenSession,
  handle: Pkcs11Js.Handle,
  type: number,
): Uint8Array {
  const [read] = module.C_GetAttributeValue(session, handle, [{ type }]);
  return read === undefined ? new Uint8Array() : new Uint8Array(read.value);
}

function isP256(session: TokenSession, handle: Pkcs11Js.Handle): boolean {
  const { CKA_KEY_TYPE, CKA_EC_PARAMS, CKK_EC } = session.constants;
  const type = attribute(session, handle, CKA_KEY_TYPE);
  return type[0] === CKK_EC &&
    P256_PARAMETERS.equals(attribute(session, handle, CKA_EC_PARAMS));
}

/** CKA_EC_POINT: a DER octet string around the point, or, from some modules, the point itself. */
function publicPoint(session: TokenSession, place: Pkcs11Place): Uint8Array | undefined {
  const [handle] = objects(session, session.constants.CKO_PUBLIC_KEY, place);
  if (handle === undefined) return undefined;
  const value = attribute(session, handle, session.constants.CKA_EC_POINT);
  return value.length === POINT_BYTES + 2 && value[0] === 0x04 && value[1] === POINT_BYTES
    ? value.subarray(2)
    : value;
}

async function generate(
  { constants: c, module, session }: TokenSession,
  purpose: KeyPurpose,
  label: string,
  id: Buffer,
): Promise<void> {
  const named = [{ type: c.CKA_TOKEN, value: true }, { type: c.CKA_LABEL, value: label }, {
    type: c.CKA_ID,
    value: id,
  }];
  const secret = [
    ...named,
    { type: c.CKA_PRIVATE, value: true },
    { type: c.CKA_SENSITIVE, value: true },
    { type: c.CKA_EXTRACTABLE, value: false },
  ];
  if (purpose === "encrypt") {
    await module.C_GenerateKeyAsync(session, { mechanism: c.CKM_AES_KEY_GEN }, [
      ...secret,
      { type: c.CKA_VALUE_LEN, value: 32 },
      { type: c.CKA_ENCRYPT, value: true },
      { type: c.CKA_DECRYPT, value: true },
    ]);
    return;
  }
  await module.C_GenerateKeyPairAsync(session, { mechanism: c.CKM_EC_KEY_PAIR_GEN }, [
    ...named,
    { type: c.CKA_EC_PARAMS, value: P256_PARAMETERS },
    { type: c.CKA_VERIFY, value: true },
  ], [...secret, { type: c.CKA_SIGN, value: true }]);
}
