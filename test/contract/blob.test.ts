import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { filesystemBlobStore } from "../../src/blob/filesystem.ts";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import { blobContract } from "./blob.ts";

const memory = { store: memoryBlobStore(), bucket: "exports" };
blobContract("memory", () => memory);

const root = mkdtempSync(join(tmpdir(), "wayfarer-blob-"));
afterAll(() => rmSync(root, { recursive: true }));
const filesystem = { store: filesystemBlobStore(join(root, "data", "exports")), bucket: "exports" };
blobContract("filesystem", () => filesystem);
