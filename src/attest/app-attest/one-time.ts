import { concatBytes } from "../../keys/pem.ts";
import { equalBytes, sha256 } from "../../keys/crypto.ts";
import { p256Point } from "../../keys/spki.ts";
import type { Certificate } from "../../keys/x509.ts";
import type { AppAttest } from "../../model/resource/attestation.ts";

import type { ChainCheck } from "../chain.ts";
import { failed, type Finding } from "../verdict.ts";
import { APPLE_ROOT_PEM } from "./apple-root.ts";
import {
  type AuthenticatorData,
  environmentOf,
  parseAuthenticatorData,
} from "./authenticator-data.ts";
import { asMap, bytesAt, decodeMap } from "./cbor.ts";

/** What checking App Attest needs. */
export type AppAttestDependencies = {
  readonly crypto: Crypto;
  readonly isChained: ChainCheck;
};

/** What an attestation is checked against. */
export type AppAttestContext = {
  readonly app: AppAttest;
  /** Development builds and other roots are let in. */
  readonly development: boolean;
  /** The 32 bytes that the app handed to its phone. */
  readonly clientDataHash: Uint8Array;
  readonly nowMs: number;
};

/** An attestation that holds: the key that it tells of. */
export type AttestedKey = {
  readonly found: "genuine";
  readonly signed: Uint8Array;
  /** SHA-256 of the public key, which names it. */
  readonly keyId: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
};

const FORMAT = "apple-appattest";
const CHAIN_LENGTH = 2;
/** The extension of the leaf that holds the nonce. */
const NONCE_OID = "1.2.840.113635.100.8.2";
/** SEQUENCE { [1] { OCTET STRING of 32 bytes } } up to the bytes. */
const NONCE_HEAD = Uint8Array.of(0x30, 0x24, 0xa1, 0x22, 0x04, 0x20);
/** Category of a development build. */
const DEVELOPMENT = 3;

/** Checks an attestation object as Apple's "Validating apps that connect to your server" says, in this order. */
export async function checkAttestation(
  object: Uint8Array,
  { crypto, isChained }: AppAttestDependencies,
  context: AppAttestContext,
): Promise<AttestedKey | Extract<Finding, { found: "failed" }>> {
  const parts = partsOf(object);
  if (parts === undefined) return failed("malformed");
  const { chain, authData } = parts;
  if (chain === undefined) return failed("chain");
  const data = parseAuthenticatorData(authData, "credential");
  if (data === undefined) return failed("malformed");
  const { app, development, clientDataHash, nowMs } = context;
  const anchors = development && app.trustAnchors !== undefined
    ? app.trustAnchors
    : [APPLE_ROOT_PEM];
  const leaf = await isChained(chain, anchors, nowMs);
  if (leaf === undefined) return failed("chain");

  const signed = concatBytes(authData, clientDataHash);
  const nonce = leaf.extension(NONCE_OID);
  const expected = concatBytes(NONCE_HEAD, await sha256(crypto, signed));
  if (nonce === undefined || !equalBytes(nonce, expected)) return failed("content");
  if (!await isOfApp(crypto, data, app)) return failed("app");
  if (!data.hasCredential || data.counter !== 0) return failed("malformed");
  const keyId = await keyIdOf(crypto, leaf);
  if (!isOfEnvironment(data, context)) return failed("environment");
  if (keyId === undefined || data.credential === undefined) return failed("malformed");
  if (!equalBytes(data.credential.id, keyId)) return failed("malformed");
  return { found: "genuine", signed, keyId, publicKey: leaf.publicKey };
}

/** Whether authenticator data is of this app. */
export async function isOfApp(
  crypto: Crypto,
  { appIdHash }: AuthenticatorData,
  { teamId, bundleId }: AppAttest,
): Promise<boolean> {
  const appId = new TextEncoder().encode(`${teamId}.${bundleId}`);
  return equalBytes(appIdHash, await sha256(crypto, appId));
}

/** Whether an app was made to run where it should: in production, and in an accepted category where one is told. */
export function isOfEnvironment(
  { credential, category }: AuthenticatorData,
  { app, development }: Pick<AppAttestContext, "app" | "development">,
): boolean {
  if (credential !== undefined) {
    const environment = environmentOf(credential.aaguid);
    const accepted = environment === "production" ||
      (development && environment === "development");
    if (!accepted) return false;
  }
  return category === undefined || app.categories.includes(category) ||
    (development && category === DEVELOPMENT);
}

/** The members of an attestation object; the receipt must be there, and is not looked into. */
function partsOf(
  object: Uint8Array,
):
  | { readonly chain: readonly Uint8Array[] | undefined; readonly authData: Uint8Array }
  | undefined {
  const members = decodeMap(object);
  const statement = asMap(members?.get("attStmt"));
  if (members?.get("fmt") !== FORMAT || statement === undefined) return undefined;
  const authData = bytesAt(members, "authData");
  const x5c = statement.get("x5c");
  if (authData === undefined || !Array.isArray(x5c)) return undefined;
  if (bytesAt(statement, "receipt") === undefined) return undefined;
  const chain = x5c.filter((part: unknown): part is Uint8Array => part instanceof Uint8Array);
  if (chain.length !== x5c.length) return undefined;
  return { chain: chain.length === CHAIN_LENGTH ? chain : undefined, authData };
}

/** SHA-256 of the uncompressed point in the leaf's key. */
async function keyIdOf(
  crypto: Crypto,
  { publicKey }: Certificate,
): Promise<Uint8Array | undefined> {
  const point = p256Point(publicKey);
  if (point === undefined) return undefined;
  return await sha256(crypto, concatBytes(Uint8Array.of(4), point.x, point.y));
}
