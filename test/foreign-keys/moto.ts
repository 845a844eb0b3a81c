import { spawn } from "node:child_process";
import process from "node:process";
import { freePort } from "../support/program.ts";

/** moto, which answers like AWS: KMS, Secrets Manager, STS and S3 on one port. */
export type Moto = { readonly url: URL; stop(): Promise<void> };

/** Starts `moto_server` (MOTO_SERVER: its path) and waits until it answers. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const program = process.env["MOTO_SERVER"] ?? "moto_server";
  const child = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // It says so on standard error as soon as it accepts connections.
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${program} ended before it listened`)));
    let said = "";
    child.stderr.on("data", (chunk: Uint8Array) => {
      said += new TextDecoder().decode(chunk);
      if (said.includes("Running on http://")) resolve();
    });
  });
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
