import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBlobStore } from "../../src/blob/open.ts";
import { encodeDer } from "../../src/bytes/ecdsa-der.ts";
import { awsCredentials } from "../../src/cloud/aws/credentials.ts";
import { awsCaller } from "../../src/cloud/aws/service.ts";
import { signAws } from "../../src/cloud/aws/sign.ts";
import { awsKmsKeys } from "../../src/keys/aws-kms.ts";
import type { KeyManager, KeyPurpose } from "../../src/keys/key-manager.ts";
import { awsSecrets } from "../../src/secrets/aws.ts";
import { testHttp } from "../blob/support/http-options.ts";
import { blobContract } from "../contract/blob.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { type Moto, startMoto } from "./moto.ts";

const REGION = "eu-central-1";
const { http } = testHttp();
const KEYS = { accessKeyId: "AKID", secretAccessKey: "secret" };
const identity = { kind: "keys", read: () => Promise.resolve(KEYS) } as const;
const call = awsCaller(awsCredentials(identity, http), http);

let moto: Moto;
let keys: KeyManager;
beforeAll(async () => {
  moto = await startMoto();
  keys = awsKmsKeys({ call, region: REGION, endpoint: moto.url, crypto: NATIVE, now: http.now });
  const bucket = { method: "PUT", url: new URL("/exports", moto.url), headers: {} };
  const context = { credentials: KEYS, service: "s3", region: "us-east-1", nowMs: Date.now() };
  const { url, init } = await signAws(bucket, context);
  expect((await fetch(url, init)).status).toBe(200);
});
afterAll(() => moto.stop());

async function ask(
  service: "kms" | "secretsmanager",
  target: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const answer = await call({ service, region: REGION, endpoint: moto.url, target, input });
  expect(answer.status).toBe(200);
  return JSON.parse(answer.text);
}

/** moto strays from KMS in that it looks at neither the purpose nor the state of a key; the contract is not for it. */
describe("aws-kms: on moto", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const make = async (name: string, purpose: KeyPurpose): Promise<string> => {
    await keys.create(`aws-kms:alias/${name}`, purpose);
    return `aws-kms:alias/${name}`;
  };

  test("moto verifies what it signed for us, by the digest that we name", async () => {
    const signer = await make("signer", "sign");
    const data = text("export.bin");
    const signature = encodeDer(await keys.sign(signer, data));
    const verdict = await ask("kms", "TrentService.Verify", {
      KeyId: "alias/signer",
      Message: createHash("sha256").update(data).digest("base64"),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
      Signature: Buffer.from(signature).toString("base64"),
    });
    expect(verdict).toMatchObject({ SignatureValid: true });
    const pem = await keys.publicKeyPem(signer);
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    const [version] = await keys.versions(signer);
    expect(await keys.publicKeyPem(`aws-kms:${version?.version}`)).toBe(pem);
  });

  test("what is encrypted comes back with the same additional data alone", async () => {
    const tokens = await make("tokens", "encrypt");
    const sealed = await keys.encrypt(tokens, text("data key"), text("aad"));
    expect(await keys.decrypt(tokens, sealed, text("aad"))).toEqual(text("data key"));
    await expect(keys.decrypt(tokens, sealed, text("aae"))).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringContaining("cannot decrypt this: it was made with another key"),
    });
    const raw = await ask("kms", "TrentService.Decrypt", {
      CiphertextBlob: Buffer.from(sealed).toString("base64"),
      EncryptionContext: { aad: Buffer.from("aad").toString("base64") },
    });
    expect(raw).toMatchObject({ Plaintext: Buffer.from("data key").toString("base64") });
  });

  test("an unknown key is absent; a key is found by ARN, and not made twice", async () => {
    const nobody = "aws-kms:alias/nobody";
    expect(await keys.exists(nobody)).toBe(false);
    await expect(keys.sign(nobody, text("x"))).rejects.toMatchObject({
      code: "key_not_found",
      message: `"${nobody}" does not exist: check the reference, or make the key first`,
    });
    const twice = await make("twice", "sign");
    expect(await keys.exists(`aws-kms:arn:aws:kms:${REGION}:123456789012:alias/twice`)).toBe(true);
    await expect(keys.create(twice, "sign")).rejects.toMatchObject({ code: "unimplemented" });
  });
});

blobContract("S3 on moto", () => ({
  store: openBlobStore(
    { kind: "s3", region: "us-east-1", identity, endpoint: moto.url.origin },
    http,
  ),
  bucket: "exports",
}));

test("Secrets Manager: the current version, one by id, one by stage", async () => {
  const secrets = awsSecrets({ call, region: REGION, endpoint: moto.url });
  const first = await ask("secretsmanager", "secretsmanager.CreateSecret", {
    Name: "wayfarer/admin",
    SecretString: "one",
  });
  await ask("secretsmanager", "secretsmanager.PutSecretValue", {
    SecretId: "wayfarer/admin",
    SecretString: "two",
  });
  expect(await secrets.read("wayfarer/admin")).toBe("two");
  expect(await secrets.read(`${first["ARN"]}`)).toBe("two");
  expect(await secrets.read(`wayfarer/admin@${first["VersionId"]}`)).toBe("one");
  expect(await secrets.read("wayfarer/admin#AWSPREVIOUS")).toBe("one");
  await expect(secrets.read("wayfarer/nobody")).rejects.toMatchObject({
    code: "secret_unavailable",
    message: 'the secret "wayfarer/nobody" is not in AWS Secrets Manager: check its name',
  });
});

test("STS: credentials of a role for a web identity sign for KMS", async () => {
  const tokenFile = join(await temporaryFolder(), "token");
  await writeFile(tokenFile, "header.payload.signature");
  const credentials = awsCredentials({
    kind: "web-identity",
    tokenFile,
    roleArn: "arn:aws:iam::123456789012:role/wayfarer",
    sessionName: "wayfarer",
    stsEndpoint: moto.url,
  }, http);
  const { sessionToken, accessKeyId } = await credentials.get();
  expect(sessionToken).toBeDefined();
  expect(accessKeyId).toMatch(/^ASIA/);
  const asRole = awsKmsKeys({
    call: awsCaller(credentials, http),
    region: REGION,
    endpoint: moto.url,
    crypto: NATIVE,
    now: http.now,
  });
  expect(await asRole.exists("aws-kms:alias/nobody")).toBe(false);
});
