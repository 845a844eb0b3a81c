import { beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../../../src/device/attest/certificates.ts";
import { derToPem } from "../../../src/keys/pem.ts";
import { efgsAgreementSchema } from "../../../src/model/resource/efgs-agreement.ts";
import { NATIVE } from "../../support/crypto-providers.ts";

describe("efgsAgreementSchema", () => {
  let signingCertificate: string;
  beforeAll(async () => {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const pair = await NATIVE.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const der = await makeCertificate(NATIVE, {
      subject: "CN=efgs, C=DE",
      publicKey: pair.publicKey,
      isAuthority: false,
      issuer: { name: "CN=efgs, C=DE", key: pair.privateKey, hash: "SHA-256" },
      notBefore: 0,
      notAfter: Date.UTC(2040, 0, 1),
    });
    signingCertificate = derToPem(der, "CERTIFICATE");
  });
  const parsed = (members: Readonly<Record<string, unknown>>) =>
    efgsAgreementSchema.safeParse({
      country: "DE",
      countries: { MAG: "DE" },
      signingKey: "local:efgs",
      signingCertificate,
      ...members,
    });

  it.each([
    "local:efgs",
    "file:/etc/efgs.pem",
    "vault:efgs@1",
    "aws-kms:arn:aws:kms:eu-central-1:123456789012:key/efgs",
    "pkcs11:token=wayfarer;object=efgs",
  ])("signs batches with a key of any manager: %s", (signingKey) => {
    expect(parsed({ signingKey }).error).toBeUndefined();
  });

  it("says why the key of TLS must be a file", () => {
    const clientCertificate = { certificate: "file:/etc/tls.pem", key: "vault:efgs-tls" };
    expect(parsed({ clientCertificate }).error?.issues).toMatchObject([{
      path: ["clientCertificate", "key"],
      message: "must be a file reference such as file:/etc/efgs.pem: " +
        "TLS needs the key itself, which no key manager hands out",
    }]);
  });
});
