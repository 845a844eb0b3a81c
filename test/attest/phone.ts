import { Buffer } from "node:buffer";
import { encode } from "cborg";
import {
  type AppleAuthority,
  attestationObject,
  attestedAuthData,
  authDataHead,
  extensionsOf,
} from "../../src/device/attest/apple.ts";
import { makeCertificate } from "../../src/device/attest/certificates.ts";
import { encodeDer } from "../../src/bytes/ecdsa-der.ts";
import { sha256, signEcdsa } from "../../src/keys/crypto.ts";
import { concatBytes } from "../../src/keys/pem.ts";
import { Extension } from "../../src/keys/x509-generator.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { APP } from "./world.ts";

const DAY_MS = 86_400_000;
const NONCE_OID = "1.2.840.113635.100.8.2";
const NONCE_HEAD = Uint8Array.of(0x30, 0x24, 0xa1, 0x22, 0x04, 0x20);
const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** What may be wrong with an attestation, each with everything that follows from it made to fit. */
export type Tampering = {
  readonly teamId?: string;
  readonly aaguid?: string;
  readonly counter?: number;
  readonly flags?: number;
  readonly category?: number;
  readonly authData?: (genuine: Uint8Array) => Uint8Array;
  readonly nonce?: (genuine: Uint8Array) => Uint8Array;
  readonly leafIsAuthority?: boolean;
  readonly leafNotBefore?: number;
  readonly leafNotAfter?: number;
  readonly issuerName?: string;
  /** More extensions of the leaf. */
  readonly extensions?: readonly Extension[];
  readonly x5c?: (genuine: readonly Uint8Array[]) => readonly Uint8Array[];
};

/** A key pair of a phone. */
export function newPhoneKey(): Promise<CryptoKeyPair> {
  return NATIVE.subtle.generateKey(P256, true, ["sign", "verify"]);
}

/** An attestation of a key by an authority, with something wrong or nothing. */
export async function attestation(
  authority: AppleAuthority,
  clientDataHash: Uint8Array,
  nowMs: number,
  tampering: Tampering = {},
  key?: CryptoKeyPair,
): Promise<Uint8Array> {
  const pair = key ?? await newPhoneKey();
  const { aaguid = "appattest", counter, flags, category, teamId = APP.teamId } = tampering;
  const genuine = await attestedAuthData(NATIVE, pair.publicKey, {
    teamId,
    bundleId: APP.bundleId,
    aaguid,
    ...(counter === undefined ? {} : { counter }),
    ...(flags === undefined ? {} : { flags }),
    ...(category === undefined ? {} : { category }),
  });
  const authData = tampering.authData?.(genuine) ?? genuine;
  const nonce = concatBytes(
    NONCE_HEAD,
    await sha256(NATIVE, concatBytes(authData, clientDataHash)),
  );
  const leaf = await makeCertificate(NATIVE, {
    subject: "CN=phone",
    publicKey: pair.publicKey,
    isAuthority: tampering.leafIsAuthority ?? false,
    issuer: { ...authority.issuing, name: tampering.issuerName ?? authority.issuing.name },
    notBefore: tampering.leafNotBefore ?? nowMs - DAY_MS,
    notAfter: tampering.leafNotAfter ?? nowMs + DAY_MS,
    extensions: [
      new Extension(NONCE_OID, false, new Uint8Array(tampering.nonce?.(nonce) ?? nonce)),
      ...(tampering.extensions ?? []),
    ],
  });
  const x5c = [leaf, authority.der];
  return attestationObject(tampering.x5c?.(x5c) ?? x5c, authData);
}

/** What may be otherwise with an assertion. */
export type AssertionWish = {
  readonly counter?: number;
  readonly flags?: number;
  readonly teamId?: string;
  readonly category?: number;
  /** Changes r ‖ s. */
  readonly signature?: (genuine: Uint8Array) => Uint8Array;
  /** Changes the DER of it. */
  readonly der?: (genuine: Uint8Array) => Uint8Array;
};

/** An assertion of a registered key. */
export async function assertion(
  { privateKey }: CryptoKeyPair,
  clientDataHash: Uint8Array,
  wish: AssertionWish = {},
): Promise<Uint8Array> {
  const { counter = 1, flags = 0x40, teamId = APP.teamId } = wish;
  const authenticatorData = concatBytes(
    await authDataHead(NATIVE, { ...APP, teamId }, flags, counter),
    extensionsOf(wish.category),
  );
  const digest = await sha256(NATIVE, concatBytes(authenticatorData, clientDataHash));
  const genuine = await signEcdsa(NATIVE, privateKey, digest);
  const der = encodeDer(wish.signature?.(genuine) ?? genuine);
  return encode({ signature: wish.der?.(der) ?? der, authenticatorData });
}

/** The order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** r ‖ n − s: as good a signature. */
export function otherSignature(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  const other = (ORDER - s).toString(16).padStart(64, "0");
  return concatBytes(signature.subarray(0, 32), Buffer.from(other, "hex"));
}
