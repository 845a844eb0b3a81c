import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkedFetch, type FetchPolicy, guardedFetch } from "../../src/http/guarded-fetch.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { pinnedFetch } from "../../src/runtime/pinned-fetch.ts";
import type { ListenOptions, TlsIdentity } from "../../src/runtime/runtime.ts";
import { listening } from "../runtime/listening.ts";
import { admin, openTestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { tlsAuthority } from "../support/tls-authority.ts";

const NAME = "keys.example";
const PERMITTED = "127.0.0.2";
const OTHER = "127.0.0.3";

/**
 * Two servers on one port of two addresses, and a resolver that answers with the permitted address the first time and
 * with the other one from then on. Every answer is an error, so that nothing more is asked.
 */
async function rebindingHost(tls?: ListenOptions["tls"]) {
  const seen: string[] = [];
  const serve = (host: string, port: number) =>
    listening((request, { clientCertificateFingerprint }) => {
      seen.push(`${host} ${request.method} ${new URL(request.url).host}`);
      return new Response(clientCertificateFingerprint ?? "none", { status: 404 });
    }, { host, port, ...(tls === undefined ? {} : { tls }) });
  const { port } = await serve(PERMITTED, 0);
  await serve(OTHER, port);
  let lookups = 0;
  const resolve = (name: string): Promise<readonly string[]> => {
    expect(name).toBe(NAME);
    return Promise.resolve([++lookups === 1 ? PERMITTED : OTHER]);
  };
  return { port, seen, resolve, forgetLookups: () => void (lookups = 0) };
}

const policyOf = (
  resolve: FetchPolicy["resolve"],
  more: Partial<FetchPolicy> = {},
): FetchPolicy => ({
  fetch: pinnedFetch(),
  resolve,
  allowPrivate: true,
  timeoutMs: 10_000,
  maxBytes: 10_000,
  ...more,
});

describe("a name whose address changes after it was checked", () => {
  const database = useDatabase();
  const PEM = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey
    .export({ type: "spki", format: "pem" });

  const peer = (url: string, protocol: string) => ({
    serverId: url,
    protocol,
    pull: { enabled: true },
    accept: { regions: ["MAG"] },
  });

  it.each<[string, string, string, (url: string) => object]>([
    ["the keys of an issuer", "refresh-jwks", "/issuers/far", (url) => ({
      issuer: "i",
      audience: "a",
      jwksUri: `${url}/keys`,
    })],
    ["an import", "import", "/exportImports/far", (url) => ({
      indexUrl: `${url}/index.txt`,
      exportRoot: url,
      region: "MAG",
      publicKeys: [{ keyId: "1", version: "v1", publicKeyPem: PEM }],
    })],
    ["a mirror", "mirror", "/mirrors/far", (url) => ({
      indexUrl: `${url}/index.txt`,
      exportRoot: url,
      bucket: "exports",
      filenameRoot: "far",
    })],
    ["a peer by Connect", "pull", "/peers/far", (url) => peer(url, "connect")],
    ["a peer by native gRPC", "pull", "/peers/far", (url) => peer(url, "grpc")],
  ])("is connected to where it was checked, and nowhere else: %s", async (_, job, path, made) => {
    await database().clear();
    const { port, seen, resolve } = await rebindingHost();
    const app = await openTestApp(database(), {}, undefined, { outgoing: policyOf(resolve) });
    onTestFinished(() => app.close());
    expect((await admin(app, "PUT", path, made(`http://${NAME}:${port}`))).status).toBe(201);
    await app.foundation.cache.fresh();
    await app.jobs.run(job);
    expect(seen).toEqual([expect.stringMatching(`^${PERMITTED} (GET|POST) ${NAME}:${port}$`)]);
  });

  it("keeps its TLS name and shows a client certificate, over HTTP/1.1 and HTTP/2", async () => {
    const authority = await tlsAuthority("Ours");
    const server = await authority.issue({ names: [NAME] });
    const identity = await authority.issue({ names: ["client.example"] });
    const ca = authority.certificate;
    const host = await rebindingHost({ ...server, clientCa: ca });
    const url = `https://${NAME}:${host.port}/`;
    const policy = policyOf(host.resolve, { fetch: pinnedFetch({ ca }), identity });
    const init = { method: "POST" };

    const fetched = await guardedFetch(url, policy, { method: "POST", accepts: () => true });
    expect(fetched.ok && new TextDecoder().decode(fetched.value.bytes)).toMatch(/^[0-9a-f]{64}$/);
    host.forgetLookups();
    expect(await (await checkedFetch(policy)(url, init)).text()).toMatch(/^[0-9a-f]{64}$/);
    host.forgetLookups();
    expect(await bodyOverHttp2(url, host.resolve, ca, identity)).toMatch(/^[0-9a-f]{64}$/);
    expect(host.seen).toEqual(Array(3).fill(`${PERMITTED} POST ${NAME}:${host.port}`));
  });

  it("is asked for anew by the next call, and refused by where it is now", async () => {
    const { port, seen, resolve } = await rebindingHost();
    const strict = policyOf(async (name) => {
      const [address = ""] = await resolve(name);
      return [address === OTHER ? "169.254.169.254" : address];
    });
    const url = `http://${NAME}:${port}/`;
    expect(await guardedFetch(url, strict)).toMatchObject({ code: "fetch_failed" });
    expect(await guardedFetch(url, strict)).toMatchObject({ code: "fetch_refused" });
    expect(seen).toHaveLength(1);
  });
});

async function bodyOverHttp2(
  url: string,
  resolve: FetchPolicy["resolve"],
  ca: string,
  identity: TlsIdentity,
): Promise<string> {
  const { body } = await currentRuntime().exchange({
    url: new URL(url),
    headers: {},
    body: new Uint8Array(0),
    maxBytes: 1000,
    signal: new AbortController().signal,
    resolve: async (name) => (await resolve(name))[0] ?? "",
    ca,
    identity,
  });
  return new TextDecoder().decode(body);
}
