/** Third-party object stores, each run as a Node process on a free port of 127.0.0.1. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { signSharedKey } from "../../../src/blob/shared-key.ts";
import type { AwsCredentials } from "../../../src/cloud/aws/sign.ts";

/** A running server. */
export type ObjectServer = { readonly endpoint: URL; stop(): Promise<void> };

/** The bucket or container that each server has. */
export const BUCKET = "exports";

/** s3rver's own fixed account. */
export const S3RVER: AwsCredentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

/** Azurite's own fixed account, from its documentation. */
export const AZURITE = {
  account: "devstoreaccount1",
  accessKey:
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
};

/** s3rver with the bucket {@link BUCKET}; it verifies signatures. */
export async function startS3rver(): Promise<ObjectServer> {
  return await start("s3rver.mjs", (directory) => [directory, BUCKET]);
}

/** Azurite with the container {@link BUCKET}. */
export async function startAzurite(): Promise<ObjectServer> {
  const server = await start("azurite.mjs", (directory) => [
    "--blobPort",
    "0",
    "--location",
    directory,
    "--skipApiVersionCheck",
    "--disableTelemetry",
  ]);
  const endpoint = new URL(AZURITE.account, server.endpoint);
  const url = new URL(`${endpoint.href}/${BUCKET}?restype=container`);
  const method = "PUT";
  const headers = { "x-ms-date": new Date().toUTCString(), "x-ms-version": "2021-12-02" };
  const { account, accessKey } = AZURITE;
  const request = { method, url, headers, bodyBytes: 0 };
  const authorization = await signSharedKey(request, account, accessKey, crypto.subtle);
  const made = await fetch(url, { method, headers: { ...headers, authorization } });
  if (made.status !== 201) throw new Error(`Azurite made no container: ${await made.text()}`);
  await made.body?.cancel();
  return { endpoint, stop: server.stop };
}

/**
 * A shared access signature for the container, for an hour (Microsoft, "Create a service SAS", 2020-12-06 and later).
 */
export async function azuriteSasToken(): Promise<string> {
  const { account, accessKey } = AZURITE;
  const end = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, "");
  const container = `/blob/${account}/${BUCKET}`;
  const fields = ["rcwdl", "", end, container, "", "", "", "2021-12-02", "c", ...Array(7).fill("")];
  const key = await crypto.subtle.importKey(
    "raw",
    Buffer.from(accessKey, "base64"),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signed = await crypto.subtle.sign("HMAC", key, Buffer.from(fields.join("\n")));
  const sig = Buffer.from(signed).toString("base64");
  return `?${new URLSearchParams({ sv: "2021-12-02", sr: "c", sp: "rcwdl", se: end, sig })}`;
}

async function start(
  script: string,
  args: (directory: string) => readonly string[],
): Promise<ObjectServer> {
  const directory = mkdtempSync(join(tmpdir(), "wayfarer-objects-"));
  const path = fileURLToPath(new URL(script, import.meta.url));
  const options = ["--no-deprecation", "--openssl-legacy-provider"];
  const child = spawn("node", [...options, path, ...args(directory)], {
    cwd: directory,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  return { endpoint: await listening(child, script), stop };
}

async function listening(child: ChildProcess, script: string): Promise<URL> {
  if (child.stdout === null) throw new Error(`${script} has no output`);
  for await (const line of createInterface(child.stdout)) {
    const url = /listens on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      child.stdout.resume();
      return new URL(url);
    }
  }
  throw new Error(`${script} ended before it listened`);
}
