import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { DatabaseAddress } from "../../src/store/database.ts";

/** A way to the database that a test makes silent: connections stay open and carry nothing. */
export type SilentProxy = {
  readonly address: DatabaseAddress;
  /** Connections that are open now carry nothing any more; `new`: nor do those made from now on. */
  silence(whose: "open" | "all"): void;
};

/** Listens on a port of its own and carries what comes to a database; closed with the test. */
export async function startSilentProxy(target: DatabaseAddress): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  const open = new Set<() => void>();
  let silent = false;
  const server = createServer((near) => {
    const far = target.kind === "url"
      ? connect({ host: "127.0.0.1", port: Number(new URL(target.url).port) })
      : connect({ path: `${target.folder}/.s.PGSQL.5432` });
    let mute = silent;
    open.add(() => mute = true);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("data", (chunk: Uint8Array) => mute || to.write(chunk));
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((closed) => server.close(closed));
  });
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("no port");
  return {
    address: { kind: "url", url: urlBehind(target, at.port) },
    silence: (whose) => {
      for (const mute of open) mute();
      silent = whose === "all";
    },
  };
}

function urlBehind(target: DatabaseAddress, port: number): string {
  if (target.kind === "url") return Object.assign(new URL(target.url), { port: String(port) }).href;
  const url = new URL(`postgres://127.0.0.1:${port}/${target.database}`);
  url.username = target.user;
  url.password = encodeURIComponent(target.password);
  return url.href;
}
