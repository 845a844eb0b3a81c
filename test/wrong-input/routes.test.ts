import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCESS, methodAndPath } from "../../src/admin/access.ts";
import { admin, ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { faultOfText } from "./advice.ts";
import { jsonWith, placesIn, valueAt, wrongValues } from "./wrong-values.ts";

type Row = readonly [method: string, path: string];

/** Roles for which the program has routes. */
const ROLES = "publish,export,federation,jobs,console,efgs";
const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };

/** Bodies that no route takes. */
const BODIES: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  "",
  "{",
  "null",
  "[]",
  '"text"',
  "\0",
  "a=%zz&a=%00&b",
  '{"a":1,"a":2}',
  '{"__proto__":1}',
  "[".repeat(10_000),
  new Uint8Array([255, 254, 0, 128]),
  new Uint8Array(300_000).fill(65),
];
const QUERIES: readonly string[] = [
  "?",
  "?%",
  "?a=%00",
  "?since=x&below=-1&limit=1e9",
  "?who=%00&kind=%ed%a0%80&name=%00&action=%00",
  `?who=${"a".repeat(3000)}`,
  "?below=999999999999999&limit=0",
  "?link=%00&why=__proto__&to=//a.example",
  "?config=%00&file=%00&name=..%2f..%2f",
  "?state=%00&code=%00&error=%00",
  "?step=%00&region=%00",
];
/** In the place of each parameter, or behind a path. */
const NAMES: readonly string[] = [
  "%00",
  "%",
  "%zz",
  "%ed%a0%80",
  "%2e%2e%2f",
  "..%00",
  "a%0d%0ab",
  "__proto__",
  "constructor",
  "999999999999999",
  "-1",
  "a".repeat(5000),
  "a/".repeat(500),
];
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

describe("a route with wrong input", () => {
  const database = useDatabase();
  let app: TestApp;
  let cookie = "";

  beforeAll(async () => {
    app = await openTestApp(database(), { ROLES });
    cookie = await signedIn();
  });
  afterAll(() => app.close());

  /** The cookie of a session, made with a one-time link. */
  async function signedIn(): Promise<string> {
    const { secretHash } = await import("../../src/admin/secret.ts");
    const { adminPart } = await import("../../src/app/admin.ts");
    const link = "a-link-of-this-test";
    await adminPart(app.foundation).signIns.addLink(
      await secretHash(app.foundation.crypto, link),
      { name: "tester", role: "admin" },
      600,
    );
    const answer = await app.fetch("/console/sign-in", {
      method: "POST",
      headers: { ...FORM_TYPE, origin: "http://localhost", "sec-fetch-site": "same-origin" },
      body: `link=${link}`,
    });
    expect(answer.status).toBe(303);
    return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  }

  /** What is wrong with an answer; undefined when nothing is. */
  async function faultOf(path: string, init: RequestInit): Promise<string | undefined> {
    const { headers, ...rest } = init;
    const answer = await app.fetch(path, {
      ...rest,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, cookie, ...headers },
    });
    const text = await answer.text();
    const what = `${init.method} ${path.slice(0, 80)} ${
      String(init.body ?? "").slice(0, 40)
    }: ${answer.status}`;
    if (answer.status >= 500 && answer.status !== 501) return `${what} ${text.slice(0, 300)}`;
    if (answer.status < 400 || text === "") return undefined;
    const isJson = answer.headers.get("content-type")?.includes("json") === true;
    const told = isJson ? JSON.parse(text) : undefined;
    const said = told?.error ?? told?.message ?? text.replace(/<style[^]*?<\/style>|<[^>]*>/g, " ");
    const fault = faultOfText(said, [path, decoded(path)]);
    return fault === undefined
      ? undefined
      : `${answer.status} ${fault}: ${said.slice(0, 300)}|| ${what}`;
  }

  /** Every route: those of the program, and those that the tables of the admin API and the console name. */
  function routes(): readonly Row[] {
    const tables = Object.entries(ACCESS).flatMap(([mount, rows]) =>
      Object.keys(rows).map(methodAndPath).map(([method, path]): Row => [method, `${mount}${path}`])
    );
    const own: readonly Row[] = [
      ["GET", "/"],
      ["GET", "/healthz"],
      ["GET", "/readyz"],
      ["GET", "/metrics"],
      ["GET", "/openapi.json"],
      ["GET", "/docs"],
      ["POST", "/v1/publish"],
      ["POST", "/v1/stats"],
      ["POST", "/v1/attest/challenge"],
      ["POST", "/v1/attest/key"],
      ["POST", "/Federation/Fetch"],
      ["POST", "/Federation/:name"],
      ["POST", "/wayfarer.federation.v1.Federation/Push"],
      ["POST", "/wayfarer.federation.v1.Federation/Describe"],
      ["GET", "/efgs/callback/:name"],
      ["GET", "/.well-known/openid-configuration"],
      ["GET", "/.well-known/jwks.json"],
      ["GET", "/.well-known/exposure-keys.json"],
      ["GET", "/.well-known/exposure-keys.pem"],
      ["POST", "/diagnosiskeys/upload"],
      ["GET", "/diagnosiskeys/download/:name"],
      ["GET", "/diagnosiskeys/:name"],
      ["GET", "/exports/:name"],
      ["GET", "/exports/:name/index.txt"],
      ["GET", "/exports/:name/:file"],
      ["GET", "/:name"],
    ];
    return [...own, ...tables];
  }

  it("has all routes of the program's document", async () => {
    const document: { paths: object } = await (await app.fetch("/openapi.json")).json();
    const known = new Set(routes().map(([, path]) => path.replace(/:\w+/g, "{}")));
    const missing = Object.keys(document.paths).map((path) => path.replace(/\{[^}]*\}/g, "{}"))
      .filter((path) => ![...known].some((one) => likens(one, path)));
    expect(missing).toEqual([]);
  });

  it.each(routes())("%s %s answers in our own words", async (method, path) => {
    const right = path.replaceAll(/:\w+/g, "x");
    const tries: (readonly [string, RequestInit])[] = [];
    for (const other of METHODS) tries.push([right, { method: other }]);
    for (const query of QUERIES) tries.push([`${right}${query}`, { method }]);
    const named = path.includes(":") ? path : `${path === "/" ? "" : path}/:name`;
    for (const name of NAMES) tries.push([named.replaceAll(/:\w+/g, name), { method }]);
    if (method !== "GET") {
      for (const body of BODIES) {
        tries.push([right, { method, body, headers: JSON_TYPE }]);
        const form = { ...FORM_TYPE, origin: "http://localhost", "sec-fetch-site": "same-origin" };
        tries.push([right, { method, body, headers: form }]);
      }
      for (const type of ["", "text/plain", "application/grpc", "application/proto", "x/\u00e9"]) {
        tries.push([right, { method, body: "{}", headers: { "content-type": type } }]);
      }
      tries.push([right, {
        method,
        body: "{}",
        headers: { ...JSON_TYPE, "content-encoding": "gzip" },
      }]);
    }
    const faults: string[] = [];
    for (const [to, init] of tries) {
      const fault = await faultOf(to, init);
      if (fault !== undefined) faults.push(fault);
    }
    expect(faults).toEqual([]);
  });

  it("names each wrong member of a revocation", async () => {
    const right = {
      issuer: "issuer",
      healthAuthority: "authority",
      since: "2026-01-01T00:00:00Z",
      until: "2026-01-02T00:00:00Z",
      keys: ["0".repeat(32)],
      reason: "stolen",
      confirm: "1 issuer",
    };
    const faults: string[] = [];
    for (const place of placesIn(right)) {
      for (const raw of wrongValues(valueAt(right, place))) {
        const answer = await app.fetch("/admin/api/v1/revocations", {
          method: "POST",
          headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
          body: jsonWith(right, place, raw),
        });
        const text = await answer.text();
        if (answer.status === 200) continue;
        const { error }: { error: string } = JSON.parse(text);
        const names = error.includes(String(place[0])) ||
          /the body|nothing was revoked/.test(error);
        const fault = answer.status >= 500 || !names ? "does not name it" : faultOfText(error);
        if (fault !== undefined) {
          faults.push(`${place[0]} ${raw.slice(0, 60)}: ${fault}: ${text.slice(0, 200)}`);
        }
      }
    }
    expect(faults).toEqual([]);
  });

  it("tells an unknown job, kind and resource", async () => {
    for (const path of ["/dragons", "/dragons/x", "/issuers/none", "/revocations/1/stop"]) {
      const answer = await admin(app, path.endsWith("stop") ? "POST" : "GET", path);
      expect(answer.status).toBe(404);
    }
  });
});

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Whether a route's path, with its parameters, is that of the document. */
const likens = (route: string, path: string): boolean => {
  const [left, right] = [route.split("/"), path.split("/")];
  return left.length === right.length &&
    left.every((part, at) => part === "{}" || right[at] === "{}" || part === right[at]);
};
