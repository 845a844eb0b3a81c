// Runs s3rver until its input ends: `node s3rver.mjs DIRECTORY BUCKET`; prints where it listens. Three habits of its
// own that no object store has are mended: it writes objects in place, answering before they are on disk; it lists
// them in the order of folders rather than of keys; it accepts any version 4 signature. Its page tokens need
// `--openssl-legacy-provider`.
import { createHash, createHmac, randomUUID } from "node:crypto";
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

const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

function isSigned({ method, url, headers }) {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=S3RVER\/(.+),\s*SignedHeaders=(.+),\s*Signature=(.+)$/;
  const [, scope, names, signature] = pattern.exec(headers.authorization) ?? [];
  if (scope === undefined) return true; // s3rver refuses what is no such header itself.
  const [path, query = ""] = url.split("?");
  const canonical = [
    method,
    path,
    query.split("&").sort().join("&"),
    ...names.split(";").map((name) => `${name}:${headers[name]}`),
    "",
    names,
    headers["x-amz-content-sha256"],
  ].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const key = scope.split("/").reduce(hmac, "AWS4S3RVER");
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hash].join("\n");
  return names.split(";").includes("host") && hmac(key, text).toString("hex") === signature;
}

server.middleware.unshift(async (ctx, next) => {
  if (isSigned(ctx.req)) return await next();
  ctx.status = 403;
  ctx.body = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
});

const { port } = await server.run();
process.stdout.write(`listens on http://127.0.0.1:${port}\n`);
process.stdin.on("end", () => process.exit()).resume();
