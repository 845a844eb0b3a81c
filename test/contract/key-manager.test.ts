import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { fileKeys } from "../../src/keys/file.ts";
import type { KeyPurpose } from "../../src/keys/key-manager.ts";
import { localKeys } from "../../src/keys/local.ts";
import { openKeys } from "../../src/keys/open.ts";
import { CRYPTOS, NATIVE } from "../support/crypto-providers.ts";
import { testHttp } from "../blob/support/http-options.ts";
import { REMOTE_MANAGERS, type RemoteManagerUnderTest } from "../keys/support/remote-managers.ts";
import { memoryKeyRows, oneMasterKey } from "../support/local-key-rows.ts";
import { keyManagerContract, type KeyManagerUnderTest } from "./key-manager.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wayfarer-keys-"));
});
afterAll(() => rm(folder, { recursive: true }));

function local(crypto: Crypto): Promise<KeyManagerUnderTest> {
  const keys = localKeys({
    rows: memoryKeyRows(),
    masters: oneMasterKey(crypto, new Uint8Array(32).fill(1)),
    crypto,
    now: () => 1_600_000_000_000,
  });
  return Promise.resolve({
    keys,
    signingKey: async () => {
      await keys.create("local:signer", "sign");
      return "local:signer";
    },
    encryptionKey: async () => {
      await keys.create("local:tokens", "encrypt");
      return "local:tokens";
    },
    unknownKey: "local:nobody",
    malformedKey: "local:../etc/passwd",
  });
}

function file(crypto: Crypto): Promise<KeyManagerUnderTest> {
  const put = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return `file:${path}`;
  };
  return Promise.resolve({
    keys: fileKeys({ crypto }),
    signingKey: () => {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      return put("signer.pem", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    },
    encryptionKey: () =>
      put("tokens.jwk", JSON.stringify({ kty: "oct", k: randomBytes(32).toString("base64url") })),
    unknownKey: `file:${join(folder, "nobody.pem")}`,
    malformedKey: "file:a\0b",
  });
}

for (const { name, crypto } of CRYPTOS) {
  describe(`local: on ${name}`, () => keyManagerContract(() => local(crypto)));
  describe(`file: on ${name}`, () => keyManagerContract(() => file(crypto)));
}

describe("through openKeys()", () => {
  keyManagerContract(async () => {
    const { keys, ...rest } = await local(NATIVE);
    return { ...rest, keys: openKeys({ file: fileKeys({ crypto: NATIVE }), local: keys }) };
  });
});

describe.each(REMOTE_MANAGERS)("$scheme: on a server of its own", ({ start }) => {
  let manager: RemoteManagerUnderTest;
  let made = 0;
  beforeAll(async () => {
    manager = await start(testHttp().http);
  });
  afterAll(() => manager.service.stop());

  keyManagerContract(() => {
    const { keys, reference, unknownKey, malformedKey } = manager;
    const make = (purpose: KeyPurpose) => async () => {
      const name = reference(`key-${made++}`);
      await keys.create(name, purpose);
      return name;
    };
    return Promise.resolve({
      keys,
      signingKey: make("sign"),
      encryptionKey: make("encrypt"),
      unknownKey,
      malformedKey,
    });
  });
});
