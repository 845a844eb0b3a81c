// Runs s3rver until its input ends: `node s3rver.mjs DIRECTORY BUCKET`; prints where it listens. Two habits of its
// own that no object store has are mended: it writes objects in place, answering before they are on disk, and it lists
// them in the order of folders rather than of keys. Its page tokens need `--openssl-legacy-provider`.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import S3rver from "s3rver";

const [directory, bucket] = process.argv.slice(2);
const server = new S3rver({
  address: "127.0.0.1",
  port: 0,
  silent: true,
  directory,
  vhostBuckets: false,
  configureBuckets: [{ name: bucket, configs: [] }],
});

server.store.putObject = async function ({ bucket, key, content, metadata }) {
  const chunks = [];
  for await (const chunk of Buffer.isBuffer(content) ? [content] : content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const md5 = createHash("md5").update(bytes).digest("hex");
  const path = this.getResourcePath(bucket, key, "object");
  const partial = join(directory, randomUUID());
  await writeFile(partial, bytes);
  await mkdir(dirname(path), { recursive: true });
  await this.putMetadata(bucket, key, metadata, md5);
  await rename(partial, path);
  return { size: bytes.length, md5 };
};

const listByFolder = server.store.listObjects;
server.store.listObjects = async function (bucket, { prefix, startAfter = "", maxKeys }) {
  const { objects } = await listByFolder.call(this, bucket, { prefix });
  const rest = objects.filter(({ key }) => key > startAfter).sort((a, b) => a.key < b.key ? -1 : 1);
  return {
    objects: rest.slice(0, maxKeys),
    commonPrefixes: [],
    isTruncated: rest.length > maxKeys,
  };
};

const { port } = await server.run();
process.stdout.write(`listens on http://127.0.0.1:${port}\n`);
process.stdin.on("end", () => process.exit()).resume();
