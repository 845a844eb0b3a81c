import { expect, test } from "vitest";
import { platformKeysJson } from "../../src/keys/public-keys.ts";

test("platformKeysJson() gives id, version and PEM, in an order of its own", () => {
  const key = (keyId: string, version: string) => ({
    keyId,
    version,
    publicKeyPem: `${keyId}${version}`,
  });
  const keys = [key("310", "v2"), key("262", "v9"), key("310", "v1")];
  const json = platformKeysJson(keys);
  expect(json).toEqual({
    keys: [
      { keyId: "262", keyVersion: "v9", publicKey: "262v9" },
      { keyId: "310", keyVersion: "v1", publicKey: "310v1" },
      { keyId: "310", keyVersion: "v2", publicKey: "310v2" },
    ],
  });
  expect(platformKeysJson([...keys].reverse())).toEqual(json);
});
