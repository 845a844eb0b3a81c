import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { azureBlobStore } from "../../src/blob/azure.ts";
import { filesystemBlobStore } from "../../src/blob/filesystem.ts";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import { testHttp } from "../blob/support/http-options.ts";
import {
  AZURITE,
  azuriteSasToken,
  BUCKET,
  type ObjectServer,
} from "../blob/support/object-servers.ts";
import { OBJECT_STORES } from "../blob/support/object-stores.ts";
import { blobContract } from "./blob.ts";

const memory = { store: memoryBlobStore(), bucket: BUCKET };
blobContract("memory", () => memory);

const root = mkdtempSync(join(tmpdir(), "wayfarer-blob-"));
afterAll(() => rmSync(root, { recursive: true }));
const filesystem = { store: filesystemBlobStore(join(root, "data", "exports")), bucket: BUCKET };
blobContract("filesystem", () => filesystem);

describe.each(OBJECT_STORES)("$title", ({ title, start, open }) => {
  let server: ObjectServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  const { http } = testHttp();
  blobContract(title, () => ({ store: open(server.endpoint, http), bucket: BUCKET }));
  if (title !== "Azure") return;
  blobContract("Azure with a shared access signature", () => {
    const store = azureBlobStore({
      account: AZURITE.account,
      endpoint: server.endpoint,
      credentials: async () => ({ sasToken: await azuriteSasToken() }),
      subtle: crypto.subtle,
      http,
      pageSize: 2,
    });
    return { store, bucket: BUCKET };
  });
});
