import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { issueCertificate } from "../../src/device/issuer.ts";
import { signEcdsa } from "../../src/keys/crypto.ts";
import { makeJwks } from "../../src/keys/jwks.ts";
import { derToPem } from "../../src/keys/pem.ts";
import { currentRuntime } from "../../src/runtime/current.ts";

/** A key of a verification server, and what it signs. */
export type Signer = Parameters<typeof issueCertificate>[0] & { readonly publicKeyPem: string };

/** A verification server of the test, as far as a key server sees it. */
export type VerificationServer = {
  readonly url: string;
  readonly signer: Signer;
  /** `kid` of its key. */
  readonly keyVersion: string;
};

/** A new P-256 key. */
export async function newSigner(): Promise<Signer> {
  const { crypto } = currentRuntime();
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  return {
    publicKeyPem: derToPem(spki, "PUBLIC KEY"),
    sign: (data) => signEcdsa(crypto, privateKey, data),
  };
}

/** Serves its keys at every path, as the reference server does: a bare array. Ends with the test. */
export async function startVerificationServer(): Promise<VerificationServer> {
  const signer = await newSigner();
  const keyVersion = "r2v1";
  const { keys } = makeJwks([{ kid: keyVersion, publicKeyPem: signer.publicKeyPem }]);
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(keys));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, signer, keyVersion };
}
