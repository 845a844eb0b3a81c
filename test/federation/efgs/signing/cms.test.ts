import { readFileSync } from "node:fs";
import { createPrivateKey, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type ReadCertificate, readPemCertificate } from "../../../../src/keys/certificate.ts";
import { isEmbeddable, signBatch } from "../../../../federation/efgs/signing/sign-batch.ts";
import { verifyBatch } from "../../../../federation/efgs/signing/verify-batch.ts";
import {
  makeCertificate,
  openssl,
  type TestCertificate,
  testFile,
  testFolder,
} from "../certificates.ts";

const BYTES = new TextEncoder().encode("keys of a batch");
const NOW = Math.floor(Date.now() / 1000);
const IE = makeCertificate("IE");
const RSA = makeCertificate("DE", { newkey: ["rsa:3072"] });
const P384 = makeCertificate("FR", { newkey: ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"] });

function read({ cert }: TestCertificate): ReadCertificate {
  const certificate = readPemCertificate(cert);
  if (certificate === undefined) throw new Error("unreadable test certificate");
  return certificate;
}

const ours = (bytes: Uint8Array = BYTES): Promise<string> =>
  signBatch(
    bytes,
    read(IE),
    (data) =>
      Promise.resolve(
        sign("sha256", data, { key: createPrivateKey(IE.key), dsaEncoding: "ieee-p1363" }),
      ),
    NOW,
  );

const theirs = (signer: TestCertificate, ...more: readonly string[]): string =>
  openssl(
    "cms",
    "-sign",
    "-binary",
    "-in",
    testFile("bytes", BYTES),
    "-signer",
    signer.certFile,
    "-inkey",
    signer.keyFile,
    "-md",
    "sha256",
    "-nosmimecap",
    "-outform",
    "DER",
    ...more,
  ).toString("base64");

describe("signBatch()", () => {
  it("makes what openssl verifies, about 1,000 characters long, with nothing but the one certificate", async () => {
    const signature = await ours();
    expect(signature.length).toBeLessThan(1200);
    const file = testFile("ours.der", Buffer.from(signature, "base64"));
    const out = `${testFolder()}/verified`;
    openssl(
      "cms",
      "-verify",
      "-binary",
      "-inform",
      "DER",
      "-in",
      file,
      "-content",
      testFile("bytes", BYTES),
      "-certfile",
      IE.certFile,
      "-CAfile",
      IE.certFile,
      "-purpose",
      "any",
      "-out",
      out,
    );
    expect(readFileSync(out)).toEqual(Buffer.from(BYTES));
    const text = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", file).toString();
    expect(text).toMatch(/eContent: <ABSENT>/);
    expect(text.match(/d\.certificate:/g)).toHaveLength(1);
    expect(text).toMatch(/signingTime/);
  });

  it("knows a certificate that comes through an encoder unchanged", () => {
    expect([IE, RSA, P384].map((one) => isEmbeddable(read(one)))).toEqual([true, true, true]);
  });
});

describe("verifyBatch()", () => {
  it("takes what signBatch() makes, and tells who signed", async () => {
    expect(verifyBatch(BYTES, await ours())).toMatchObject({
      ok: true,
      signer: { thumbprint: read(IE).thumbprint, countries: ["IE"] },
    });
  });

  it.each([
    ["P-256", theirs(IE)],
    ["RSA", theirs(RSA)],
    ["P-384 with SHA-384", theirs(P384, "-md", "sha384")],
    ["SHA-512", theirs(IE, "-md", "sha512")],
    ["content inside", theirs(IE, "-nodetach")],
    ["no attributes", theirs(IE, "-noattr")],
    ["RSA without attributes", theirs(RSA, "-noattr")],
    ["a subject key identifier", theirs(IE, "-keyid")],
    ["BER", theirs(IE, "-stream", "-nodetach")],
    ["foreign certificates", theirs(IE, "-certfile", RSA.certFile)],
    ["base64 without padding", theirs(IE).replace(/=+$/, "")],
  ])("takes openssl's: %s", (_, signature) => {
    expect(verifyBatch(BYTES, signature)).toMatchObject({ ok: true });
  });

  it.each([
    ["other keys", "the signature is over other keys", theirs(IE), new Uint8Array(3)],
    [
      "other keys, no attributes",
      "the signature does not verify",
      theirs(IE, "-noattr"),
      new Uint8Array(3),
    ],
    [
      "SHA-1",
      "the signature uses an algorithm that is not taken",
      theirs(IE, "-md", "sha1"),
      BYTES,
    ],
    [
      "RSA-PSS",
      "the signature uses an algorithm that is not taken",
      theirs(RSA, "-keyopt", "rsa_padding_mode:pss"),
      BYTES,
    ],
    [
      "no certificate",
      "the signer's certificate is not in the signature",
      theirs(IE, "-nocerts"),
      BYTES,
    ],
    ["URL-safe base64", "the signature is not base64", `${theirs(IE)}-_`, BYTES],
    ["PEM", "the signature is not base64", `-----BEGIN CMS-----\n${theirs(IE)}`, BYTES],
    ["nothing", "the signature is not base64", "", BYTES],
    [
      "a certificate in place of CMS",
      "the signature is not CMS SignedData",
      Buffer.from(read(IE).der).toString("base64"),
      BYTES,
    ],
    ["something long", "the signature is too long", "A".repeat(8001), BYTES],
  ])("refuses %s", (_, reason, signature, bytes) => {
    expect(verifyBatch(bytes, signature)).toEqual({ ok: false, reason });
  });

  it("takes no changed byte of attributes, algorithm and signature, and never throws for others", async () => {
    const der = Buffer.from(await ours(), "base64");
    const signedFrom = der.length - 190;
    const taken = [...der.keys()].filter((at) => at >= signedFrom || at % 7 === 0).filter((at) => {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      const verified = verifyBatch(BYTES, changed.toString("base64"));
      return verified.ok && verified.signer.thumbprint === read(IE).thumbprint;
    });
    expect(taken.filter((at) => at >= signedFrom)).toEqual([]);
  });
});
