import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { azureBlobStore } from "../../src/blob/azure.ts";
import { filesystemBlobStore } from "../../src/blob/filesystem.ts";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import { s3BlobStore } from "../../src/blob/s3.ts";
import { testHttp } from "../blob/support/http-options.ts";
import {
  AZURITE,
  BUCKET,
  type ObjectServer,
  S3RVER,
  startAzurite,
  startS3rver,
} from "../blob/support/object-servers.ts";
import { blobContract } from "./blob.ts";

const memory = { store: memoryBlobStore(), bucket: BUCKET };
blobContract("memory", () => memory);

const root = mkdtempSync(join(tmpdir(), "wayfarer-blob-"));
const filesystem = { store: filesystemBlobStore(join(root, "data", "exports")), bucket: BUCKET };
blobContract("filesystem", () => filesystem);

let s3rver: ObjectServer;
let azurite: ObjectServer;
beforeAll(async () => {
  [s3rver, azurite] = await Promise.all([startS3rver(), startAzurite()]);
});
afterAll(async () => {
  rmSync(root, { recursive: true });
  await Promise.all([s3rver.stop(), azurite.stop()]);
});

blobContract("s3", () => {
  const store = s3BlobStore({
    endpoint: s3rver.endpoint,
    region: "us-east-1",
    addressing: "path",
    credentials: () => Promise.resolve(S3RVER),
    subtle: crypto.subtle,
    http: testHttp().http,
    pageSize: 2,
  });
  return { store, bucket: BUCKET };
});

blobContract("azure", () => {
  const store = azureBlobStore({
    account: AZURITE.account,
    endpoint: azurite.endpoint,
    credentials: () => Promise.resolve({ accessKey: AZURITE.accessKey }),
    subtle: crypto.subtle,
    http: testHttp().http,
    pageSize: 2,
  });
  return { store, bucket: BUCKET };
});
