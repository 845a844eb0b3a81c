import { Buffer } from "node:buffer";
import { publishParts } from "../../src/app/publish.ts";
import { hmacSha256, signEcdsa } from "../../src/keys/crypto.ts";
import { derToPem } from "../../src/keys/pem.ts";
import { asSeconds, type Seconds } from "../../src/model/ids.ts";
import type { Kind, Resource, ResourceByKind } from "../../src/model/resource/kinds.ts";
import { KINDS } from "../../src/model/resource/kinds.ts";
import { macText } from "../../src/publish/certificate-mac.ts";
import type { RevisionKeyDependencies } from "../../src/publish/revision-keys.ts";
import type { PublishEvent, PublishRouteDependencies } from "../../src/publish/route.ts";
import { DEFAULT_PUBLISH_SETTINGS, type PublishSettings } from "../../src/publish/settings.ts";
import type { Database } from "../../src/store/database.ts";
import type { ResourceCache, ResourceView } from "../../src/store/resource/cache.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { testFoundation } from "../support/foundation.ts";

/** Noon of a day, well inside a window. */
export const NOON: Seconds = asSeconds(1_750_003_200 - (1_750_003_200 % 86_400) + 43_200);
/** The interval at {@link NOON}. */
export const NOW_INTERVAL: number = NOON / 600;
/** The first interval of that day. */
export const TODAY: number = NOW_INTERVAL - 72;

export const ISSUER = "org.exposure-notifications-test.mag";
export const AUDIENCE = "org.exposure-notifications-test.key";

/** One TEK as an app sends it. */
export type SentTek = {
  key: string;
  rollingStartNumber: number;
  rollingPeriod: number;
  transmissionRisk: number;
};

/** A signing key of an issuer. */
export type TestSigner = { readonly privateKey: CryptoKey; readonly publicKeyPem: string };

export async function newSigner(): Promise<TestSigner> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  return { privateKey: pair.privateKey, publicKeyPem: derToPem(spki, "PUBLIC KEY") };
}

/** A resource as its schema makes it of what a file would say. */
export function resource<K extends Kind>(
  kind: K,
  members: Readonly<Record<string, unknown>>,
): ResourceByKind[K] {
  return KINDS[kind].schema.parse({ kind, ...members });
}

/** Resources that a test changes as it likes. */
export function resourcesOf(resources: () => readonly Resource[]): ResourceCache {
  let revision = 0;
  const view = (): Promise<ResourceView> => {
    const all = resources();
    const list = <K extends Kind>(kind: K) =>
      all.filter((one): one is ResourceByKind[K] & Resource => one.kind === kind);
    return Promise.resolve({
      revision: ++revision,
      get: (kind, name) => list(kind).find((one) => one.name === name),
      list,
    });
  };
  return { view, fresh: view };
}

let counter = 0;

/** A fresh TEK; day 0 is today, whose key is still valid, day 1 yesterday. */
export function tek(day = 1, members: Partial<SentTek> = {}): SentTek {
  const bytes = Buffer.alloc(16);
  crypto.getRandomValues(bytes);
  bytes.writeUInt32BE(counter++, 0);
  return {
    key: bytes.toString("base64"),
    rollingStartNumber: TODAY - day * 144,
    rollingPeriod: 144,
    transmissionRisk: 0,
    ...members,
  };
}

/** A compact JWS over these parts. */
export async function jwt(
  signer: TestSigner,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(claims)}`;
  const signature = await signEcdsa(NATIVE, signer.privateKey, Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

/** What a certificate may say otherwise. */
export type CertificateOptions = {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signer?: TestSigner;
  readonly reportType?: string;
};

/** A server's publish side, with all its parts in reach. */
export type World = {
  readonly signer: TestSigner;
  readonly settings: PublishSettings;
  /** Open, so that a test can change them. */
  readonly resources: Resource[];
  readonly cache: ResourceCache;
  readonly clock: { now: Seconds };
  readonly events: PublishEvent[];
  readonly failures: unknown[];
  readonly deps: PublishRouteDependencies;
  readonly keyDeps: RevisionKeyDependencies;
  certificate(
    keys: readonly SentTek[],
    hmacKey: Uint8Array,
    options?: CertificateOptions,
  ): Promise<string>;
  /** The body of a request with these keys and a certificate for them. */
  body(
    keys: readonly SentTek[],
    members?: Readonly<Record<string, unknown>>,
    options?: CertificateOptions,
  ): Promise<Record<string, unknown>>;
};

/** Everything that publishing needs, on a real database; time stands still unless a test moves it. */
export async function makeWorld(
  database: Database,
  changes: Partial<PublishSettings> = {},
): Promise<World> {
  const signer = await newSigner();
  const settings = { ...DEFAULT_PUBLISH_SETTINGS, ...changes };
  const resources: Resource[] = [
    resource("Issuer", {
      name: "mag-verification",
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: [{ version: "v1", publicKeyPem: signer.publicKeyPem }],
      enableStatsApi: true,
    }),
    resource("HealthAuthority", {
      name: "mag",
      regions: ["MAG"],
      acceptIssuers: ["mag-verification"],
    }),
  ];
  const clock = { now: NOON };
  const nowMs = () => clock.now * 1000;
  const events: PublishEvent[] = [];
  const failures: unknown[] = [];
  const cache = resourcesOf(() => resources);
  const foundation = await testFoundation(database, {
    config: { publish: settings },
    overrides: { cache, clock: { now: nowMs, monotonic: nowMs } },
  });
  const { route, revision } = publishParts(foundation);
  const deps: PublishRouteDependencies = {
    ...route,
    rereadIssuerKeys: () => Promise.resolve(false),
    elapsedMs: () => performance.now(),
    exportWindowsFor: (regions, _traveler, window) =>
      Promise.resolve(
        regions.map((region) => ({
          exportConfig: region.toLowerCase(),
          startsAt: window - (window % 14_400),
          endsAt: window - (window % 14_400) + 14_400,
        })),
      ),
    delay: () => Promise.resolve(),
    events: {
      answered: (event) => events.push(event),
      failed: (error) => failures.push(error),
    },
  };

  const certificate = async (
    keys: readonly SentTek[],
    hmacKey: Uint8Array,
    options: CertificateOptions = {},
  ): Promise<string> => {
    const mac = await hmacSha256(NATIVE, hmacKey, Buffer.from(macText(keys)));
    return await jwt(
      options.signer ?? signer,
      { alg: "ES256", kid: "v1", typ: "JWT", ...options.header },
      {
        iss: ISSUER,
        aud: AUDIENCE,
        iat: clock.now - 5,
        exp: clock.now + 300,
        tekmac: Buffer.from(mac).toString("base64"),
        reportType: options.reportType ?? "confirmed",
        ...options.claims,
      },
    );
  };

  const body = async (
    keys: readonly SentTek[],
    members: Readonly<Record<string, unknown>> = {},
    options: CertificateOptions = {},
  ): Promise<Record<string, unknown>> => {
    const hmacKey = crypto.getRandomValues(new Uint8Array(32));
    return {
      temporaryExposureKeys: keys,
      healthAuthorityID: "mag",
      verificationPayload: await certificate(keys, hmacKey, options),
      hmacKey: Buffer.from(hmacKey).toString("base64"),
      symptomOnsetInterval: TODAY - 2 * 144,
      ...members,
    };
  };

  return {
    signer,
    settings,
    resources,
    cache,
    clock,
    events,
    failures,
    deps,
    keyDeps: revision,
    certificate,
    body,
  };
}

/** A request as an app sends it. */
export function post(
  content: unknown,
  headers: Readonly<Record<string, string>> = {},
  url = "http://wayfarer.test/v1/publish",
): Request {
  return new Request(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof content === "string" ? content : JSON.stringify(content),
  });
}

/** The JSON of an answer. */
export type Answer = {
  readonly revisionToken?: string;
  readonly insertedExposures?: number;
  readonly error?: string;
  readonly code?: string;
  readonly padding: string;
  readonly warnings?: readonly string[];
};

/** Status and JSON of an answer. */
export async function read(response: Response): Promise<{ status: number; json: Answer }> {
  return { status: response.status, json: await response.json() as Answer };
}
