import { describe, expect, test } from "vitest";
import { TEKSignatureList } from "../../proto/gen/export.js";
import { verifyExportFile } from "../../src/export-file/verify.ts";
import { mustRead, newSigner, sampleFile, sampleKeys, zipOf } from "./sample.ts";

const first = await newSigner("v1");
const second = await newSigner("v2");
const built = await sampleFile(sampleKeys(30), [], [second.signer, first.signer]);
const file = await mustRead(built.zip);
const firstKey = { keyId: "310", keyVersion: "v1", publicKey: first.pem };
const secondKey = { keyId: "310", keyVersion: "v2", publicKey: second.publicKey };

const verdicts = async (
  ...parameters: Parameters<typeof verifyExportFile>
): Promise<readonly string[]> =>
  (await verifyExportFile(...parameters)).map(({ info, verdict }) =>
    `${info.keyVersion} ${verdict}`
  );

describe("verifyExportFile()", () => {
  test("verifies each signature with the key that it names, PEM or CryptoKey", async () => {
    expect(await verdicts(file, [firstKey, secondKey], crypto.subtle)).toEqual([
      "v2 valid",
      "v1 valid",
    ]);
  });

  test("matches a key by its ID and version together", async () => {
    const keys = [{ ...firstKey, keyId: "311" }, { ...secondKey, keyVersion: "v3" }];
    expect(await verdicts(file, keys, crypto.subtle)).toEqual(["v2 unknown_key", "v1 unknown_key"]);
  });

  test("finds a wrong key, and accepts any matching one of several with the same name", async () => {
    const wrong = { ...firstKey, publicKey: second.pem };
    expect(await verdicts(file, [wrong], crypto.subtle)).toEqual(["v2 unknown_key", "v1 invalid"]);
    expect(await verdicts(file, [wrong, firstKey], crypto.subtle)).toEqual([
      "v2 unknown_key",
      "v1 valid",
    ]);
  });

  test("detects one changed bit of export.bin, header included", async () => {
    for (const at of [15, 16, built.bin.length - 1]) {
      const bin = built.bin.slice();
      bin[at] = (bin[at] ?? 0) ^ 1;
      expect(await verdicts({ ...file, bin }, [firstKey], crypto.subtle)).toEqual([
        "v2 unknown_key",
        "v1 invalid",
      ]);
    }
  });

  test("accepts another algorithm name and DER that is not strict; garbage is invalid", async () => {
    const list = TEKSignatureList.decode(built.sig);
    const [, signature] = list.signatures;
    const info = { ...signature?.signatureInfo, signatureAlgorithm: "ECDSA" };
    const der = Buffer.concat([signature?.signature ?? new Uint8Array(), new Uint8Array(2)]);
    const odd = TEKSignatureList.encode({
      signatures: [{ signatureInfo: info, signature: der }, {
        signatureInfo: info,
        signature: der.subarray(5),
      }],
    }).finish();
    const foreign = await mustRead(zipOf(built.bin, odd));
    expect(await verdicts(foreign, [firstKey], crypto.subtle)).toEqual(["v1 valid", "v1 invalid"]);
  });

  test.each([["no PEM", "hello"], [
    "an empty PEM",
    "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
  ]])(
    "throws for a key that is %s",
    async (_name, publicKey) => {
      const verified = verifyExportFile(file, [{ ...firstKey, publicKey }], crypto.subtle);
      await expect(verified).rejects.toMatchObject({
        code: "invalid_configuration",
        message: "public key 310 v1 is not a P-256 public key in SPKI PEM",
      });
    },
  );
});
