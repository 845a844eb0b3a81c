import { mkdtempSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  azureStorageCredentials,
  type AzureStorageIdentity,
  parseAzureCredentials,
} from "../../src/blob/azure-credentials.ts";
import {
  type BlobSettings,
  BLOBSTORE_VALUES,
  blobStoreKind,
  openBlobStore,
} from "../../src/blob/open.ts";
import { parseCredentialsFile } from "../../src/cloud/aws/credentials-file.ts";
import { testHttp } from "./support/http-options.ts";
import { textOf, ZIP } from "../contract/blob.ts";

const temporary = mkdtempSync(join(tmpdir(), "wayfarer-open-"));
afterAll(() => rmSync(temporary, { recursive: true }));

const KEY = {
  kind: "keys",
  read: () => Promise.resolve({ accessKeyId: "AKID", secretAccessKey: "secret" }),
} as const;
const azureValue = (text: string): AzureStorageIdentity => ({
  kind: "value",
  read: () => Promise.resolve(text),
});

describe("blobStoreKind()", () => {
  it.each([
    ["FILESYSTEM", "filesystem"],
    ["filesystem", "filesystem"],
    ["MEMORY", "memory"],
    ["AWS_S3", "s3"],
    ["s3", "s3"],
    ["AZURE_BLOB_STORAGE", "azure"],
    ["azure", "azure"],
    ["GOOGLE_CLOUD_STORAGE", "gcs"],
    ["gcs", "gcs"],
    ["", undefined],
    ["constructor", undefined],
    ["ftp", undefined],
  ])("%j is %s", (value, kind) => expect(blobStoreKind(value)).toBe(kind));

  it("knows every value that it lists", () => {
    expect(BLOBSTORE_VALUES.map((value) => blobStoreKind(value))).not.toContain(undefined);
  });
});

describe("openBlobStore()", () => {
  it.each(
    [
      { kind: "memory" },
      { kind: "filesystem", root: join(temporary, "exports") },
    ] satisfies BlobSettings[],
  )("opens $kind", async (settings) => {
    const store = openBlobStore(settings);
    await store.put("exports", "a.zip", new TextEncoder().encode("a"), ZIP);
    expect(await textOf({ store, bucket: "exports" }, "a.zip")).toBe("a");
  });

  const azure = {
    kind: "azure",
    account: "acct",
    identity: azureValue("a2V5"),
  } as const;
  const s3 = { kind: "s3", region: "eu-west-1", identity: KEY } as const;
  const sas = azureValue("?sv=1&sig=abc%3D");
  const requests: readonly (readonly [BlobSettings, string, string, RegExp | null])[] = [
    [
      s3,
      "exports",
      "https://exports.s3.eu-west-1.amazonaws.com/a.zip",
      /^AWS4-.*\/eu-west-1\/s3\//,
    ],
    [s3, "with.dots", "https://s3.eu-west-1.amazonaws.com/with.dots/a.zip", /^AWS4/],
    [s3, "With_Case", "https://s3.eu-west-1.amazonaws.com/With_Case/a.zip", /^AWS4/],
    [
      { ...s3, region: "cn-north-1" },
      "b",
      "https://b.s3.cn-north-1.amazonaws.com.cn/a.zip",
      /^AWS4/,
    ],
    [{ ...s3, endpoint: "http://minio:9000" }, "b", "http://minio:9000/b/a.zip", /^AWS4/],
    [{ ...s3, endpoint: "https://h/base/" }, "b", "https://h/base/b/a.zip", /^AWS4/],
    [
      { ...s3, endpoint: "https://h.example", addressing: "virtual-host" },
      "b",
      "https://b.h.example/a.zip",
      /^AWS4/,
    ],
    [
      { kind: "gcs", identity: KEY },
      "b",
      "https://storage.googleapis.com/b/a.zip",
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/auto\/s3\/aws4_request,/,
    ],
    [
      azure,
      "b",
      "https://acct.blob.core.windows.net/b/a.zip",
      /^SharedKey acct:[A-Za-z0-9+/]{43}=$/,
    ],
    [{ ...azure, endpoint: "http://h:1/acct" }, "b", "http://h:1/acct/b/a.zip", /^SharedKey acct:/],
    [
      { ...azure, identity: sas },
      "b",
      "https://acct.blob.core.windows.net/b/a.zip?sv=1&sig=abc%3D",
      null,
    ],
  ];
  it.each(requests)(
    "%o and bucket %s send requests to %s",
    async (settings, bucket, url, authorization) => {
      const seen: { url: string; authorization: string | null }[] = [];
      const store = openBlobStore(settings, {
        fetch: (input, init) => {
          const { headers, url } = new Request(input, init);
          seen.push({ url, authorization: headers.get("authorization") });
          return Promise.resolve(new Response(null, { status: 404 }));
        },
      });
      expect(await store.head(bucket, "a.zip")).toBeUndefined();
      expect(seen.map((request) => request.url)).toEqual([url]);
      if (authorization === null) expect(seen[0]?.authorization).toBeNull();
      else expect(seen[0]?.authorization).toMatch(authorization);
    },
  );

  it.each([
    [{ ...s3, endpoint: "minio:9000" }, "AWS_ENDPOINT_URL_S3"],
    [{ ...s3, endpoint: "https://user:password@host" }, "AWS_ENDPOINT_URL_S3"],
    [{ ...s3, endpoint: "https://host/?secret" }, "AWS_ENDPOINT_URL_S3"],
    [{ ...s3, endpoint: "" }, "AWS_ENDPOINT_URL_S3"],
    [{ ...s3, region: "not a region" }, "AWS_REGION"],
    [{ ...azure, endpoint: "ftp://host" }, "AZURE_STORAGE_BLOB_ENDPOINT"],
    [{ ...azure, account: "a b" }, "AZURE_STORAGE_ACCOUNT"],
  ])("refuses %o", (settings, setting) => {
    expect(() => openBlobStore(settings as BlobSettings)).toThrow(expect.objectContaining({
      code: "invalid_configuration",
      message: `${setting} must form an http or https URL without user, query or fragment`,
    }));
  });

  it("a SAS token is not shown when the store cannot be reached", async () => {
    const store = openBlobStore({ ...azure, identity: sas }, {
      attempts: 1,
      fetch: (input) => Promise.reject(new TypeError(`error sending request for url (${input})`)),
    });
    const error = await store.head("b", "a.zip").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "blob_unavailable",
      message:
        'Azure cannot be reached for bucket "b": check AZURE_STORAGE_BLOB_ENDPOINT and the network',
      cause: expect.objectContaining({
        message: "error sending request for url (https://acct.blob.core.windows.net/b/a.zip?…",
      }),
    });
  });
});

describe("azureStorageCredentials()", () => {
  const { http } = testHttp();

  it("reads a file again when it changes", async () => {
    const path = join(temporary, "credentials");
    const credentials = azureStorageCredentials({ kind: "file", path }, http);
    await writeFile(path, "Zmlyc3Q=");
    expect(await credentials()).toEqual({ accessKey: "Zmlyc3Q=" });
    await writeFile(`${path}.new`, "b3RoZXI=");
    await rename(`${path}.new`, path);
    expect(await credentials()).toEqual({ accessKey: "b3RoZXI=" });
  });

  it("names the file, never its content, when it cannot be used", async () => {
    const path = join(temporary, "unusable");
    const credentials = azureStorageCredentials({ kind: "file", path }, http);
    const cure = "it must hold the account's key or a shared access signature";
    const code = "identity_unavailable";
    const unreadable = { code, message: `${path} cannot be read: ${cure}` };
    await expect(credentials()).rejects.toMatchObject(unreadable);
    await writeFile(path, "x".repeat(65_537));
    await expect(credentials()).rejects.toMatchObject(unreadable);
    await writeFile(path, "not a key");
    await expect(credentials()).rejects.toMatchObject({
      code,
      message: `${path} holds no credentials for Azure Blob Storage: ${cure}`,
    });
    await writeFile(path, "Z29vZA==");
    expect(await credentials()).toEqual({ accessKey: "Z29vZA==" });
  });
});

describe("parseCredentialsFile()", () => {
  const file = "# comment\n[default]\naws_access_key_id = A\r\naws_secret_access_key=s/e=c==\n\n" +
    "[ other ]\naws_access_key_id=B\naws_secret_access_key=t\naws_session_token = tok=\n[half]\naws_access_key_id=C";
  it.each([
    ["default", { accessKeyId: "A", secretAccessKey: "s/e=c==" }],
    ["other", { accessKeyId: "B", secretAccessKey: "t", sessionToken: "tok=" }],
    ["half", undefined],
    ["missing", undefined],
  ])("profile %s", (profile, expected) => {
    expect(parseCredentialsFile(file, profile)).toEqual(expected);
  });
});

describe("parseAzureCredentials()", () => {
  it.each([
    ["a2V5a2V5\n", { accessKey: "a2V5a2V5" }],
    [" ?sv=2021&sig=a%2Fb \n", { sasToken: "?sv=2021&sig=a%2Fb" }],
    ["", undefined],
    ["two words", undefined],
    ["sig=a b", undefined],
  ])("%j", (text, expected) => expect(parseAzureCredentials(text)).toEqual(expected));
});
