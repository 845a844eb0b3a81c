import { createPrivateKey, sign } from "node:crypto";
import { inSignedOrder, signedBytes } from "../../../../federation/efgs/signing/signed-bytes.ts";
import { signBatch } from "../../../../federation/efgs/signing/sign-batch.ts";
import { type EfgsKey, writeBatch } from "../../../../federation/efgs/wire/batch.ts";
import { MEDIA_TYPES } from "../../../../federation/efgs/wire/media-type.ts";
import { type ReadCertificate, readPemCertificate } from "../../../../src/keys/certificate.ts";
import { admin, openTestApp, type TestApp } from "../../../support/app.ts";
import type { TestDatabase } from "../../../support/database.ts";
import { makeCertificate, type TestCertificate } from "../certificates.ts";
import { efgsKey } from "../keys.ts";

/** Noon of tomorrow, so that certificates that openssl makes now are valid then. */
export const NOW: number = (Math.floor(Date.now() / 86_400_000) + 1) * 86_400 + 43_200;
/** The interval in which yesterday began. */
export const YESTERDAY: number = (Math.floor(NOW / 86_400) - 1) * 144;

/** A national back end. */
export type NationalBackEnd = {
  readonly name: string;
  readonly authentication: TestCertificate;
  readonly signing: TestCertificate;
};

export function backEnd(name: string): NationalBackEnd {
  return { name, authentication: makeCertificate(name), signing: makeCertificate(name) };
}

export function certificateOf({ cert }: TestCertificate): ReadCertificate {
  const certificate = readPemCertificate(cert);
  if (certificate === undefined) throw new Error("a test certificate cannot be read");
  return certificate;
}

/** A Country as it may be sent. */
export type TestCountry = {
  readonly kind: "Country";
  readonly name: string;
  readonly trustAnchor?: string;
  readonly certificates: readonly {
    readonly type: string;
    readonly pem: string;
    readonly thumbprint?: string;
    readonly operatorSignature?: string;
    readonly revokedAt?: string;
  }[];
};

/** The resource of a back end. */
export function countryOf({ name, authentication, signing }: NationalBackEnd): TestCountry {
  return {
    kind: "Country",
    name,
    certificates: [
      { type: "AUTHENTICATION", pem: authentication.cert },
      { type: "SIGNING", pem: signing.cert },
    ],
  };
}

/** A key of yesterday that is told apart by a number. */
export function keyOf(origin: string, number: number, changes: Partial<EfgsKey> = {}): EfgsKey {
  const keyData = new Uint8Array(16);
  new DataView(keyData.buffer).setUint32(12, number);
  keyData.set(new TextEncoder().encode(origin));
  return efgsKey({
    keyData,
    origin,
    rollingStart: YESTERDAY,
    transmissionRisk: 3,
    visitedCountries: ["DE", "IE"],
    ...changes,
  });
}

/** The signature of a batch. */
export async function signatureOf(
  keys: readonly EfgsKey[],
  signer: TestCertificate,
): Promise<string> {
  const key = createPrivateKey(signer.key);
  return await signBatch(
    signedBytes(inSignedOrder(keys)),
    certificateOf(signer),
    (data) => Promise.resolve(sign("sha256", data, { key, dsaEncoding: "ieee-p1363" })),
    NOW,
  );
}

/** The program as a gateway, with requests as back ends make them. */
export type TestGateway = TestApp & {
  /** Replaces the countries. */
  enroll(...countries: readonly TestCountry[]): Promise<Response>;
  ask(from: NationalBackEnd | undefined, path: string, init?: RequestInit): Promise<Response>;
  upload(from: NationalBackEnd, keys: readonly EfgsKey[], more?: UploadOptions): Promise<Response>;
  makeBatches(): Promise<unknown>;
  readonly clock: { ms: number };
  setTime(seconds: number): Promise<void>;
};

/** What differs from a good upload. */
export type UploadOptions = {
  readonly tag?: string;
  readonly signature?: string;
  readonly format?: "json" | "protobuf";
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array<ArrayBuffer>;
};

let tags = 0;

export async function openTestGateway(
  database: TestDatabase,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const clock = { ms: NOW * 1000 };
  await database.setClock(NOW);
  const app = await openTestApp(
    database,
    { ROLES: "efgs,jobs", PEER_ALLOW_PRIVATE: "true", ...settings },
    { now: () => clock.ms, monotonic: () => performance.now() },
  );
  const ask: TestGateway["ask"] = async (from, path, init) =>
    await app.handler(
      new Request(`http://gateway.example${path}`, init),
      from === undefined ? {} : { clientCertificate: certificateOf(from.authentication).der },
    );
  return {
    ...app,
    clock,
    setTime: async (seconds) => {
      clock.ms = seconds * 1000;
      await database.setClock(seconds);
    },
    ask,
    enroll: async (...countries) => {
      let answer = new Response();
      for (const country of countries) {
        answer = await admin(app, "PUT", `/countries/${country.name}`, country);
        if (!answer.ok) break;
      }
      return answer;
    },
    upload: async (from, keys, more = {}) => {
      const format = more.format ?? "protobuf";
      const headers: Record<string, string> = {};
      const given = {
        accept: "application/json; version=1.0",
        "content-type": MEDIA_TYPES[format],
        batchTag: more.tag ?? `tag-${tags++}`,
        batchSignature: more.signature ?? await signatureOf(keys, from.signing),
        ...more.headers,
      };
      for (const [name, value] of Object.entries(given)) {
        if (value !== undefined) headers[name] = value;
      }
      const body = more.body ?? writeBatch(keys, format);
      return await ask(from, "/diagnosiskeys/upload", { method: "POST", headers, body });
    },
    makeBatches: async () => await app.jobs.run("efgs-batches"),
  };
}
