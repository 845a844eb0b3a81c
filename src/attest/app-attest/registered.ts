import { decodeDer } from "../../bytes/ecdsa-der.ts";
import { derToPem } from "../../keys/pem.ts";
import { concatBytes } from "../../keys/pem.ts";
import { importVerifyKey, sha256, verifyEcdsa } from "../../keys/crypto.ts";
import { failed, type Finding } from "../verdict.ts";
import { parseAuthenticatorData } from "./authenticator-data.ts";
import { bytesAt, decodeMap } from "./cbor.ts";
import {
  type AppAttestContext,
  type AppAttestDependencies,
  isOfApp,
  isOfEnvironment,
} from "./one-time.ts";

/** An assertion that holds, save that its counter is to be compared still. */
export type Asserted = {
  readonly found: "genuine";
  readonly signed: Uint8Array;
  readonly counter: number;
};

/** Checks an assertion of a registered key; `publicKey` is its SubjectPublicKeyInfo. */
export async function checkAssertion(
  assertion: Uint8Array,
  publicKey: Uint8Array,
  { crypto }: AppAttestDependencies,
  context: AppAttestContext,
): Promise<Asserted | Extract<Finding, { found: "failed" }>> {
  const members = decodeMap(assertion);
  if (members === undefined) return failed("malformed");
  const der = bytesAt(members, "signature");
  const authData = bytesAt(members, "authenticatorData");
  if (der === undefined || authData === undefined) return failed("malformed");
  const signature = decodeDer(der);
  const data = parseAuthenticatorData(authData, "assertion");
  if (signature === undefined || signature.oddity !== undefined || data === undefined) {
    return failed("malformed");
  }
  const key = await importVerifyKey(crypto, derToPem(publicKey, "PUBLIC KEY"));
  if (!key.ok) return failed("unknown_key");
  const signed = concatBytes(authData, context.clientDataHash);
  // Apple signs the digest as if it were the message: it is hashed once more.
  const message = await sha256(crypto, signed);
  if (!await verifyEcdsa(crypto, key.value, signature.signature, message)) {
    return failed("signature");
  }
  if (!await isOfApp(crypto, data, context.app)) return failed("app");
  if (!isOfEnvironment(data, context)) return failed("environment");
  return { found: "genuine", signed, counter: data.counter };
}
