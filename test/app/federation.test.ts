import { describe, expect, it, onTestFinished } from "vitest";
import { grpcClient } from "../../federation/rpc/grpc-client.ts";
import { wayfarer } from "../../proto/gen/federation.js";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import { leases } from "../../src/store/lease.ts";
import { AUTHORITY, SERVER } from "../runtime/certificates.ts";
import { listening } from "../runtime/listening.ts";
import { admin, ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();
const { signal } = new AbortController();

async function opened(settings: Readonly<Record<string, string>> = {}): Promise<TestApp> {
  await database().clear();
  const app = await openTestApp(database(), settings);
  onTestFinished(() => app.close());
  return app;
}

const agree = async (app: TestApp, more: object): Promise<void> => {
  const send = { regions: ["R0"] };
  const answer = await admin(app, "PUT", "/peers/p", { send, push: { enabled: true }, ...more });
  expect(answer.status).toBeLessThan(300);
  await app.foundation.cache.fresh();
};
const pull = (app: TestApp) => app.federation.sync("p", signal);

/** Counts who comes. */
async function trap(handler: Handler = () => new Response("no", { status: 500 }), tls = false) {
  const seen: string[] = [];
  const { port } = await listening((request, connection) => {
    seen.push(new URL(request.url).pathname);
    return handler(request, connection);
  }, tls ? { tls: { ...SERVER, clientCa: AUTHORITY } } : {});
  return { port, seen };
}

describe("a call of a service that nobody has", () => {
  const call = async (contentType: string) => {
    const app = await opened();
    const url = new URL("/nobody.v1.Nothing/Do", "http://localhost");
    const headers = { "content-type": contentType };
    const trailers: Record<string, string> = {};
    const answer = await app.handler(new Request(url, { method: "POST", headers, body: "" }), {
      setTrailer: (name, value) => trailers[name] = value,
    });
    return { status: answer.status, trailers, text: await answer.text() };
  };

  it("is UNIMPLEMENTED in the caller's encoding", async () => {
    expect(await call("application/grpc+proto")).toEqual({
      status: 200,
      trailers: { "grpc-status": "12", "grpc-message": "no such method" },
      text: "",
    });
    const web = await call("application/grpc-web+proto");
    expect([web.status, web.text]).toEqual([200, expect.stringContaining("grpc-status: 12")]);
    const connect = await call("application/proto");
    expect([connect.status, JSON.parse(connect.text)])
      .toEqual([501, { code: "unimplemented", message: "no such method" }]);
  });

  it("is a page that is not there when it only holds JSON", async () => {
    const json = await call("application/json");
    expect([json.status, JSON.parse(json.text)]).toMatchObject([404, { code: "not_found" }]);
  });
});

describe.each(["connect", "grpc"] as const)("calls to peers by %s", (protocol) => {
  const agreement = (serverId: string) => ({
    serverId,
    protocol,
    pull: { enabled: true },
    push: {},
    accept: { regions: ["R0"] },
  });

  it("go to no private address, whatever it is written as", async () => {
    const app = await opened();
    const { port, seen } = await trap(undefined, true);
    for (const host of ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433"]) {
      await agree(app, agreement(`https://${host}:${port}`));
      expect(await pull(app)).toEqual([{
        direction: "pull",
        counts: { keys: 0 },
        error: expect.stringMatching(
          /^fetch_refused: .+ is at a private address: set PEER_ALLOW_PRIVATE=true to allow it$/,
        ),
      }]);
    }
    await agree(app, agreement(`http://127.0.0.1:${port}`));
    const [{ error } = {}] = await pull(app);
    expect(error).toMatch(/^fetch_refused: .+: the address must start with https:\/\/$/);
    expect(seen).toEqual([]);
  });

  it("go to private addresses with PEER_ALLOW_PRIVATE, but never to those of metadata", async () => {
    const app = await opened({ PEER_ALLOW_PRIVATE: "true" });
    const { port, seen } = await trap();
    await agree(app, agreement(`http://127.0.0.1:${port}`));
    const [{ error } = {}] = await pull(app);
    expect(error).not.toContain("fetch_refused");
    expect(seen).toEqual(["/Federation/Fetch"]);
    await agree(app, agreement("http://169.254.169.254"));
    const [{ error: never } = {}] = await pull(app);
    expect(never).toMatch(
      /^fetch_refused: .+ is at a special address, which this server never connects to$/,
    );
  });

  it("follow no redirect", async () => {
    const app = await opened({ PEER_ALLOW_PRIVATE: "true" });
    const behind = await trap();
    const location = `http://127.0.0.1:${behind.port}/Federation/Fetch`;
    const { port, seen } = await trap(() =>
      new Response(null, { status: 307, headers: { location } })
    );
    await agree(app, agreement(`http://127.0.0.1:${port}`));
    const [{ error } = {}] = await pull(app);
    expect(error).toMatch(
      /^wrong_protocol: .+ answered HTTP 307, which is not a federation server/,
    );
    expect(seen).toEqual(["/Federation/Fetch"]);
    expect(behind.seen).toEqual([]);
  });
});

describe.each(["connect", "grpc", "auto"] as const)(
  "a peer that cannot be reached by %s",
  (protocol) => {
    it("is named with cause and cure in the answer, the status and the log", async () => {
      const app = await opened({ PEER_ALLOW_PRIVATE: "true" });
      const { port } = await trap(undefined, true);
      await agree(app, {
        serverId: `https://127.0.0.1:${port}`,
        protocol,
        pull: { enabled: true },
        accept: { regions: ["R0"] },
      });
      const cause =
        `certificate_untrusted: 127.0.0.1:${port} shows a certificate of an unknown authority`;
      const cure = "set NODE_EXTRA_CA_CERTS to the file with its certificate";
      const told = (text: string): void => {
        expect(text).toContain(cause);
        expect(text).toContain(cure);
      };
      told((await app.jobs.run("pull"))?.error ?? "");
      told(await (await admin(app, "GET", "/status")).text());
      told(app.logged.find((line) => line.includes("job-failed")) ?? "");
      const [status] = await app.federation.status();
      told(status?.pull?.error ?? "");
    });
  },
);

describe("federation through the whole program", () => {
  it("answers native gRPC on its port", async () => {
    const app = await opened({ SERVER_ID: "https://keys.mag.example" });
    const { port } = await listening(app.handler);
    const { exchange } = currentRuntime();
    const call = grpcClient({ baseUrl: `http://127.0.0.1:${port}`, exchange });
    const answer = await call("/wayfarer.federation.v1.Federation/Describe", new Uint8Array(0));
    if (!answer.ok) throw new Error(answer.message);
    const { serverId } = wayfarer.federation.v1.DescribeResponse.decode(answer.value);
    expect(serverId).toBe("https://keys.mag.example");
  });

  it("publishes the keys of its tokens, where it federates", async () => {
    const app = await opened({ SERVER_ID: "https://keys.mag.example" });
    const discovery = await app.fetch("/.well-known/openid-configuration");
    expect(await discovery.json()).toMatchObject({
      issuer: "https://keys.mag.example",
      jwks_uri: "https://keys.mag.example/.well-known/jwks.json",
    });
    const { keys } = await (await app.fetch("/.well-known/jwks.json")).json();
    expect(keys).toEqual([expect.objectContaining({ kty: "EC", crv: "P-256", alg: "ES256" })]);
    expect(keys[0]).not.toHaveProperty("d");
    const other = await opened({ ROLES: "publish" });
    for (const path of ["openid-configuration", "jwks.json"]) {
      expect((await other.fetch(`/.well-known/${path}`)).status).toBe(404);
    }
  });

  it("syncs by hand what is switched on and in force, and not while another process does", async () => {
    const app = await opened({ PEER_ALLOW_PRIVATE: "true" });
    const { port } = await trap();
    const serverId = `http://127.0.0.1:${port}`;
    await agree(app, { serverId, push: { enabled: false } });
    expect(await pull(app)).toEqual([]);
    expect(await app.federation.sync("nobody", signal)).toEqual([]);
    await agree(app, { serverId, thru: "2020-01-01T00:00:00Z" });
    expect(await pull(app)).toEqual([]);

    await agree(app, { serverId, protocol: "connect" });
    expect(await pull(app)).toEqual([{ direction: "push", counts: { keys: 0 } }]);
    const lease = await leases(database()).take("push:p", "another", 15);
    expect(lease).toBeTruthy();
    expect(await pull(app)).toEqual([{
      direction: "push",
      counts: {},
      error: "a server is at it right now",
    }]);
  });

  it("tells a failing peer's lag in the metrics as it grows", async () => {
    const app = await opened();
    const begun = Math.floor(Date.now() / 1000);
    await database().setClock(begun);
    onTestFinished(() => database().setClock(undefined));
    await agree(app, {
      serverId: "https://127.0.0.1",
      protocol: "connect",
      accept: { regions: ["R0"] },
      pull: { enabled: true },
      push: {},
    });
    const [{ error } = {}] = await pull(app);
    expect(error).toContain("fetch_refused");
    const lag = async () => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      const text = await (await app.fetch("/metrics", { headers })).text();
      return /^wayfarer_peer_lag_seconds\{peer="p",direction="pull"\} (\d+)$/m.exec(text)?.[1];
    };
    expect(await lag()).toBe("0");
    await database().setClock(begun + 3600);
    expect(await lag()).toBe("3600");
  });
});
