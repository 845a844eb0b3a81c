import { rename, writeFile } from "node:fs/promises";
import {
  decodeProtectedHeader,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { callCredentials } from "../../../federation/auth/call-credentials.ts";
import { peerClient } from "../../../federation/client/peer-client.ts";
import { formPoster } from "../../../src/app/peer-transports.ts";
import { AppError, refuse } from "../../../src/errors.ts";
import { systemResolve } from "../../../src/http/guarded-fetch.ts";
import { type Peer, peerSchema } from "../../../src/model/resource/peer.ts";
import { NATIVE } from "../../support/crypto-providers.ts";
import { temporaryFolder } from "../../support/program.ts";
import { NOW } from "../support.ts";
import { openIdProvider, type TokenServer, tokenServer } from "./token-server.ts";

const SERVER = "https://keys.sla.example";
const AUDIENCE = "their-audience";
const GOOGLE = "https://accounts.example";
const NO_TOKEN = "identity_unavailable";

/** Credentials on a clock that the test moves, with real requests to this machine. */
function setUp(clock = { ms: NOW * 1000 }) {
  const credentials = callCredentials({
    ownToken: (audience) => Promise.resolve(`own token for ${audience}`),
    post: formPoster({
      outgoing: {
        fetch: (url, init) => fetch(url, init),
        resolve: systemResolve,
        allowPrivate: true,
        timeoutMs: 5000,
        maxBytes: 1_000_000,
      },
    }),
    crypto: NATIVE,
    clockMs: () => clock.ms,
  });
  return { clock, credentials };
}

const peerWith = (call: unknown): Peer =>
  peerSchema.parse({ kind: "Peer", name: "sla", serverId: SERVER, call });

/** Waits for what is on its way in the background: a token that is renewed while the old one is shown. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("callCredentials()", () => {
  let rsa: CryptoKeyPair;
  let ec: CryptoKeyPair;
  let pem: Readonly<Record<"rsa" | "ec", string>>;

  beforeAll(async () => {
    rsa = await generateKeyPair("RS256", { extractable: true });
    ec = await generateKeyPair("ES256", { extractable: true });
    pem = { rsa: await exportPKCS8(rsa.privateKey), ec: await exportPKCS8(ec.privateKey) };
  });

  const jwt = (claims: Record<string, unknown>, lifeSeconds: number, nowMs: number) =>
    new SignJWT(claims).setProtectedHeader({ alg: "RS256" })
      .setIssuedAt(nowMs / 1000).setExpirationTime(nowMs / 1000 + lifeSeconds)
      .sign(rsa.privateKey);

  it("shows our own token, for the peer's server ID or for call.audience", async () => {
    const { credentials } = setUp();
    const own = credentials(peerSchema.parse({ kind: "Peer", name: "sla", serverId: SERVER }));
    expect(await own.get()).toBe(`own token for ${SERVER}`);
    expect(own.refused(await own.get())).toBe(false);
    expect(await credentials(peerWith({ audience: AUDIENCE })).get())
      .toBe(`own token for ${AUDIENCE}`);
  });

  describe("with tokenFile", () => {
    it("shows the token in the file, and the next one when the file changes", async () => {
      const { clock, credentials } = setUp();
      const path = `${await temporaryFolder()}/token`;
      const peer = peerWith({ audience: AUDIENCE, tokenFile: `file:${path}` });
      const [first, second] = [
        await jwt({ aud: AUDIENCE, n: 1 }, 60, clock.ms),
        await jwt({ aud: [AUDIENCE, "other"], n: 2 }, 60, clock.ms),
      ];
      await writeFile(path, `${first}\n`);
      expect(await credentials(peer).get()).toBe(first);
      await writeFile(`${path}.new`, second);
      await rename(`${path}.new`, path);
      expect(await credentials(peer).get()).toBe(second);
    });

    it("names file, member and cure when there is no token to show", async () => {
      const { clock, credentials } = setUp();
      const path = `${await temporaryFolder()}/token`;
      const { get } = credentials(peerWith({ audience: AUDIENCE, tokenFile: `file:${path}` }));
      const failing = (message: string) =>
        expect(get()).rejects.toMatchObject({ code: NO_TOKEN, message });
      await failing(
        `call.tokenFile cannot be read: check that ${path} exists, and that the server may read it`,
      );
      await writeFile(path, "a-password-of-the-database");
      await failing(`call.tokenFile holds no JWT: check what writes ${path}`);
      await writeFile(path, await jwt({ aud: "another" }, 60, clock.ms));
      await failing(
        "call.tokenFile gave a token for another audience than call.audience: ask for that audience there, or correct call.audience",
      );
      await writeFile(path, await jwt({ aud: AUDIENCE }, 60, clock.ms - 61_000));
      await failing(
        "call.tokenFile gave a token that has expired: renew it, and check the clocks",
      );
    });
  });

  describe("with serviceAccount", () => {
    /** Google's token endpoint, as far as it matters, and the key file for it. */
    async function google(clock: { ms: number }, lifeSeconds = 3600) {
      let count = 0;
      const server: TokenServer = await tokenServer(async ({ fields }) => {
        const { payload, protectedHeader } = await jwtVerify(
          fields.get("assertion") ?? "",
          rsa.publicKey,
          { audience: server.url, currentDate: new Date(clock.ms) },
        );
        expect(fields.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
        expect(payload).toMatchObject({ iss: "robot@p.example", target_audience: AUDIENCE });
        expect(payload).not.toHaveProperty("scope");
        expect(protectedHeader).toMatchObject({ alg: "RS256", kid: "key-1" });
        count += 1;
        const aud = payload["target_audience"];
        return {
          body: { id_token: await jwt({ iss: GOOGLE, aud, count }, lifeSeconds, clock.ms) },
        };
      });
      const path = `${await temporaryFolder()}/robot.json`;
      const account = {
        type: "service_account",
        client_email: "robot@p.example",
        private_key: pem.rsa,
        private_key_id: "key-1",
        token_uri: server.url,
      };
      await writeFile(path, JSON.stringify(account));
      const peer = peerWith({ audience: AUDIENCE, serviceAccount: `file:${path}` });
      return { server, path, account, peer };
    }

    it("exchanges a signed assertion for an ID token, and keeps it until shortly before its end", async () => {
      const { clock, credentials } = setUp();
      const { server, peer } = await google(clock);
      const all = await Promise.all(Array.from({ length: 5 }, () => credentials(peer).get()));
      expect(new Set(all).size).toBe(1);
      clock.ms += 3_299_000;
      expect(await credentials(peer).get()).toBe(all[0]);
      expect(server.seen).toHaveLength(1);
      clock.ms += 2000;
      expect(await credentials(peer).get()).toBe(all[0]);
      while (await credentials(peer).get() === all[0]) await turn();
      expect(server.seen).toHaveLength(2);
    });

    it("asks again, once, when the peer does not accept the token", async () => {
      const { clock, credentials } = setUp();
      const { server, peer } = await google(clock);
      const shown: string[] = [];
      let accepted = (_token: string): boolean => false;
      const client = peerClient((_path, _message, { authorization = "" } = {}) => {
        shown.push(authorization);
        return Promise.resolve(
          accepted(authorization)
            ? { ok: true, value: new Uint8Array(0) } as const
            : refuse("unauthenticated", "the peer answered unauthenticated"),
        );
      }, credentials(peer));
      const { signal } = new AbortController();
      expect(await client.fetch({}, signal)).toMatchObject({ ok: false, code: "unauthenticated" });
      expect(new Set(shown).size).toBe(2);
      expect(server.seen).toHaveLength(2);
      const last = shown.at(-1);
      accepted = (token) => token !== last;
      expect(await client.fetch({}, signal)).toMatchObject({ ok: true });
      expect(await client.fetch({}, signal)).toMatchObject({ ok: true });
      expect(server.seen).toHaveLength(3);
    });

    it("reads the key file again when it changes, and says what is wrong with it", async () => {
      const { clock, credentials } = setUp();
      const { server, path, account, peer } = await google(clock, 10);
      await credentials(peer).get();
      clock.ms += 11_000;
      const failing = (message: string) =>
        expect(credentials(peer).get()).rejects.toMatchObject({ code: NO_TOKEN, message });
      await writeFile(path, JSON.stringify({ ...account, type: "authorized_user" }));
      await failing(
        `call.serviceAccount is no key file of a service account: give ${path} the JSON that Google Cloud made for it`,
      );
      await writeFile(path, JSON.stringify({ ...account, private_key: "none" }));
      await failing("call.serviceAccount: its private_key is no PKCS #8 PEM: download it again");
      await writeFile(path, JSON.stringify(account));
      expect(await credentials(peer).get()).toMatch(/^eyJ/);
      expect(server.seen).toHaveLength(2);
    });
  });

  describe("with client", () => {
    const secretFile = async (secret: string) => {
      const path = `${await temporaryFolder()}/secret`;
      await writeFile(path, `${secret}\n`);
      return `file:${path}`;
    };
    const RESOURCE = "urn:keys:sla";

    it("gets access tokens of a real OpenID provider with its secret", async () => {
      const { credentials } = setUp({ ms: Date.now() });
      const secret = "a+secret of: 100%";
      const issuer = await openIdProvider([{ client_id: "wayfarer mag", client_secret: secret }]);
      const client = {
        tokenEndpoint: `${issuer}/token`,
        id: "wayfarer mag",
        secret: await secretFile(secret),
        scope: "federation",
        resource: RESOURCE,
      };
      const token = await credentials(peerWith({ audience: RESOURCE, client })).get();
      const [, claims = ""] = token.split(".");
      expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
        iss: issuer,
        sub: "wayfarer mag",
        aud: RESOURCE,
      });
    });

    it.each(["rsa", "ec"] as const)(
      "gets them with an assertion that its %s key signs",
      async (kind) => {
        const { credentials } = setUp({ ms: Date.now() });
        const pair = kind === "rsa" ? rsa : ec;
        const alg = kind === "rsa" ? "RS256" : "ES256";
        const issuer = await openIdProvider([{
          client_id: "mag",
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: alg,
          jwks: { keys: [{ ...await exportJWK(pair.publicKey), kid: "k-1", use: "sig", alg }] },
        }]);
        const client = {
          tokenEndpoint: `${issuer}/token`,
          id: "mag",
          key: await secretFile(pem[kind]),
          keyId: "k-1",
          resource: RESOURCE,
        };
        const token = await credentials(peerWith({ audience: RESOURCE, client })).get();
        expect(decodeProtectedHeader(token)).toMatchObject({ alg: "RS256" });
      },
    );

    it("tells the status and OAuth's word for the error, and nothing else of the answer", async () => {
      const { credentials } = setUp({ ms: Date.now() });
      const issuer = await openIdProvider([{ client_id: "mag", client_secret: "right" }]);
      const secret = await secretFile("wrong");
      const client = { tokenEndpoint: `${issuer}/token`, id: "mag", secret };
      const { host } = new URL(issuer);
      await expect(credentials(peerWith({ client })).get()).rejects.toEqual(
        new AppError(
          NO_TOKEN,
          `call.client: ${host} answered 401 invalid_client: check call.client: id, secret or key, scope and resource`,
        ),
      );
    });

    it.each<[string, unknown, string]>([
      [
        "no JSON",
        "<html>",
        "answered something else than a token: check that the URL is that of the token endpoint",
      ],
      ["no token", {}, "gave no token: it must be one line, at most 16 KiB"],
      [
        "a token in two lines",
        { access_token: "a\nb" },
        "gave no token: it must be one line, at most 16 KiB",
      ],
      [
        "a token without end",
        { access_token: "a".repeat(16_385) },
        "gave no token: it must be one line, at most 16 KiB",
      ],
      [
        "an answer without end",
        { access_token: "a", more: "x".repeat(100_000) },
        "answered with more than 65536 bytes",
      ],
    ])("refuses %s", async (_, body, message) => {
      const { credentials } = setUp();
      const { url } = await tokenServer(() => Promise.resolve({ body }));
      const client = { tokenEndpoint: url, id: "mag", secret: await secretFile("s") };
      await expect(credentials(peerWith({ client })).get()).rejects.toMatchObject({
        code: NO_TOKEN,
        message: expect.stringContaining(message),
      });
    });

    it("keeps an opaque token for as long as its giver says, a minute when that is not said", async () => {
      const { clock, credentials } = setUp();
      const { url, seen } = await tokenServer(({ fields }) =>
        Promise.resolve({
          body: {
            access_token: `token-${seen.length}`,
            ...(fields.get("scope") === "told" ? { expires_in: 7200 } : {}),
          },
        })
      );
      const secret = await secretFile("s");
      const client = { tokenEndpoint: url, id: "mag", secret };
      const told = credentials(peerWith({ client: { ...client, scope: "told" } }));
      expect(await told.get()).toBe("token-1");
      clock.ms += 6_890_000;
      expect(await told.get()).toBe("token-1");
      const silent = credentials(peerWith({ client }));
      expect(await silent.get()).toBe("token-2");
      clock.ms += 61_000;
      expect(await silent.get()).toBe("token-3");
    });
  });
});
