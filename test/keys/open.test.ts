import { expect, test } from "vitest";
import { fileKeys } from "../../src/keys/file.ts";
import { localKeys } from "../../src/keys/local.ts";
import { openKeys } from "../../src/keys/open.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { memoryKeyRows, oneMasterKey } from "../support/local-key-rows.ts";

const keys = openKeys({
  local: localKeys({
    rows: memoryKeyRows(),
    masters: oneMasterKey(NATIVE, new Uint8Array(32)),
    crypto: NATIVE,
    now: () => 0,
  }),
  file: fileKeys({ crypto: NATIVE }),
});

test("openKeys() names the supported schemes when it is asked for another", async () => {
  for (const scheme of ["pkcs11", "vault", "aws-kms", "gcp-kms", "azure-kv", "constructor"]) {
    const refusal = {
      code: "key_not_found",
      message: `"${scheme}:x": no key manager serves ${scheme}: here; supported are local:, file:`,
    };
    await expect(keys.sign(`${scheme}:x`, new Uint8Array())).rejects.toMatchObject(refusal);
    await expect(keys.exists(`${scheme}:x`)).rejects.toMatchObject(refusal);
    await expect(keys.create(`${scheme}:x`, "sign")).rejects.toMatchObject(refusal);
    await expect(keys.destroy(`${scheme}:x`, "1")).rejects.toMatchObject(refusal);
  }
});

test("openKeys() refuses what is no reference, and shows no more than 80 characters of it", async () => {
  for (const reference of ["", "mag-signer", ":x", "local:", "LOCAL:x", "x".repeat(5000)]) {
    const refused = keys.versions(reference);
    await expect(refused).rejects.toMatchObject({
      code: "key_not_found",
      message: expect.stringMatching(
        /^".{0,81}" is no key reference: write it as SCHEME:NAME, for example local:mag-signer$/,
      ),
    });
  }
});
