/**
 * Makes a new throw-away issuer and certificates for the examples of the API, and prints what
 * src/openapi/example-certificate.ts holds: node --import tsx test/openapi/certify.ts > src/openapi/example-certificate.ts
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { issueCertificate } from "../../src/device/issuer.ts";
import { tekmac } from "../../src/device/hmac.ts";
import { signEcdsa } from "../../src/keys/crypto.ts";
import { derToPem } from "../../src/keys/pem.ts";
import {
  EXAMPLE_ALPHA_KEYS,
  EXAMPLE_CLAIMS,
  EXAMPLE_HMAC_KEY,
  EXAMPLE_KEYS,
  EXAMPLE_TIME,
} from "../../src/openapi/example-keys.ts";
import { currentRuntime } from "../../src/runtime/current.ts";

const { crypto } = currentRuntime();
const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
  "sign",
  "verify",
]);
const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
const certify = async (keys: typeof EXAMPLE_KEYS) =>
  await issueCertificate(
    { sign: (data) => signEcdsa(crypto, pair.privateKey, data) },
    {
      ...EXAMPLE_CLAIMS,
      reportType: "confirmed",
      tekmac: await tekmac(crypto, Buffer.from(EXAMPLE_HMAC_KEY, "base64"), keys),
      issuedAt: EXAMPLE_TIME,
      lifetimeSeconds: 900,
    },
  );
const constant = (name: string, about: string, value: string): string =>
  `/** ${about} */\nexport const ${name} =\n  ${JSON.stringify(value)};\n`;
process.stdout.write(
  [
    "// Printed by test/openapi/certify.ts; nobody has the private key.\n",
    constant("EXAMPLE_PUBLIC_KEY", "Of the issuer, PEM.", derToPem(spki, "PUBLIC KEY")),
    constant("EXAMPLE_CERTIFICATE", "Of EXAMPLE_KEYS.", await certify(EXAMPLE_KEYS)),
    constant(
      "EXAMPLE_ALPHA_CERTIFICATE",
      "Of EXAMPLE_ALPHA_KEYS.",
      await certify(EXAMPLE_ALPHA_KEYS),
    ),
  ].join("\n"),
);
