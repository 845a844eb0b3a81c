import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { tlsRenewal } from "../../src/app/tls-renewal.ts";
import { jsonLog } from "../../src/observe/log.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { tlsAuthority } from "../support/tls-authority.ts";

const authority = await tlsAuthority("test");
const [first, second] = await Promise.all(
  ["first.example", "second.example"].map((name) => authority.issue({ names: [name] })),
);

/** The name in the certificate that a new connection is shown. */
function shownAt(port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

async function world() {
  if (first === undefined || second === undefined) throw new Error("no certificates");
  const folder = await mkdtemp(join(tmpdir(), "wayfarer-tls-"));
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  await writeFile(files.cert, first.cert);
  await writeFile(files.key, first.key);
  const listening = await currentRuntime().listen(() => Promise.resolve(new Response()), {
    host: "127.0.0.1",
    port: 0,
    tls: first,
  });
  const lines: string[] = [];
  const log = jsonLog("info", (line) => lines.push(JSON.parse(line).event), () => 0);
  onTestFinished(async () => {
    await listening.close(0);
    await rm(folder, { recursive: true });
  });
  const { look } = tlsRenewal(files, listening, log);
  await look();
  return { files, second, lines, look, shown: () => shownAt(listening.port) };
}

describe("the certificate of a server", () => {
  it("is the one in the files, also after they have changed", async () => {
    const { files, second, lines, look, shown } = await world();
    expect(await shown()).toBe("DNS:first.example");
    await writeFile(files.cert, second.cert);
    await writeFile(files.key, second.key);
    await look();
    expect(await shown()).toBe("DNS:second.example");
    await look();
    expect(lines).toEqual(["tls-renewed"]);
  });

  it("stays while certificate and key do not fit or are gone, which is told once", async () => {
    const { files, second, lines, look, shown } = await world();
    await writeFile(files.cert, second.cert);
    await look();
    await look();
    expect(await shown()).toBe("DNS:first.example");
    await rm(files.key);
    await look();
    await look();
    expect(lines).toEqual(["tls-renewal-failed", "tls-renewal-failed"]);
    await writeFile(files.key, second.key);
    await look();
    expect(await shown()).toBe("DNS:second.example");
  });
});
