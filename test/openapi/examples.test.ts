import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { derToPem } from "../../src/keys/pem.ts";
import { signEcdsa } from "../../src/keys/crypto.ts";
import { EXAMPLE_TIME } from "../../src/openapi/example-keys.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { admin, ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import {
  operationsOf,
  OPTIONS,
  plainDocument,
  readDocument,
  type TestOperation,
} from "./document.ts";
import { validator } from "./validator.ts";

type Step = {
  readonly operation: TestOperation;
  readonly example: string;
  readonly status: number;
};

const plain = plainDocument();
const document = readDocument(plain);

/** The examples make a region, publish in it, and take it down again. */
function inOrder(): readonly Step[] {
  const all = operationsOf(document);
  const made = all.filter((one) => one.method === "put");
  const deleted = all.filter((one) => one.method === "delete").reverse();
  const others = all.filter((one) => !made.includes(one) && !deleted.includes(one));
  return [...made, ...others, ...deleted].flatMap((operation) =>
    Object.entries(operation["x-example-status"]).map(([example, status]) => ({
      operation,
      example,
      status,
    }))
  );
}

describe("each example of the document", () => {
  const database = useDatabase();
  const fault = validator(plain);
  let app: TestApp;
  let issuerToken: string;

  beforeAll(async () => {
    await database().setClock(EXAMPLE_TIME);
    app = await openTestApp(database(), { ENABLE_V1ALPHA1_API: "true" }, {
      now: () => EXAMPLE_TIME * 1000,
      monotonic: () => performance.now(),
    });
    issuerToken = await statsIssuer(app);
    const file = { contentType: "application/zip", cacheControl: "public, max-age=86400" };
    const text = { contentType: "text/plain", cacheControl: "no-cache, max-age=0" };
    const { blobs } = app.foundation;
    await blobs.put("exports", "mag/1749787200-1749801600-00001.zip", Buffer.from("PK-file"), file);
    await blobs.put("exports", "mag/index.txt", Buffer.from("mag/1.zip\n"), text);
  });
  afterAll(() => app.close());

  const send = async ({ operation, example }: Pick<Step, "operation" | "example">, more = {}) => {
    const headers = new Headers();
    const query = new URLSearchParams();
    let { path } = operation;
    for (const { name, in: place, examples } of operation.parameters) {
      const value = examples[example]?.value;
      if (typeof value !== "string") continue;
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
      else if (place === "query") query.set(name, value);
      else headers.set(name, value);
    }
    const [caller] = operation.security.flatMap((one) => Object.keys(one));
    if (caller === "adminToken" || caller === "metricsToken") {
      headers.set("authorization", `Bearer ${ADMIN_TOKEN}`);
    }
    if (caller === "issuerToken") headers.set("authorization", `Bearer ${issuerToken}`);
    const body = operation.requestBody?.content["application/json"]?.examples[example]?.value;
    if (operation.requestBody !== undefined) headers.set("content-type", "application/json");
    expect(path).not.toContain("{");
    return await app.fetch(query.size === 0 ? path : `${path}?${query}`, {
      method: operation.method.toUpperCase(),
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...more,
    });
  };

  it.each(
    inOrder().map((step) => ({ ...step, name: `${step.operation.operationId} ${step.example}` })),
  )(
    "is answered as documented: $name",
    async ({ operation, example, status }) => {
      const answer = await send({ operation, example });
      const text = await answer.text();
      expect(answer.status, text).toBe(status);
      const documented = operation.responses[String(status)];
      expect(documented).toBeDefined();
      for (const name of Object.keys(documented?.headers ?? {})) {
        if (name !== "Retry-After") expect(answer.headers.get(name), name).not.toBeNull();
      }
      const [type = ""] = (answer.headers.get("content-type") ?? "").split(";");
      const content = documented?.content;
      if (content === undefined) return expect(text).toBe("");
      expect(Object.keys(content)).toContain(type);
      const { schema = {}, examples = {} } = content[type] ?? {};
      if (type !== "application/json") return;
      const body: unknown = JSON.parse(text);
      expect(fault(schema, body)).toBe("");
      // Of a refusal, the example's code is the one that comes back.
      const shown = examples[example]?.value;
      expect(codeOf(body)).toBe(codeOf(shown));
    },
  );

  it("and each operation that needs a token refuses without one, as documented", async () => {
    const guarded = operationsOf(document).filter((one) => one.security.length > 0);
    expect(guarded.length).toBeGreaterThan(20);
    for (const operation of guarded) {
      const [example = ""] = Object.keys(operation["x-example-status"]);
      const answer = await send({ operation: { ...operation, security: [] }, example });
      expect(answer.status, operation.operationId).toBe(401);
      const body: unknown = await answer.json();
      expect(codeOf(body)).toBe("unauthorized");
      const { schema } = operation.responses["401"]?.content?.["application/json"] ?? {};
      expect(fault(schema ?? { not: {} }, body)).toBe("");
    }
  });

  it("and each publish route refuses another media type, as documented", async () => {
    const routes = operationsOf(document).filter((one) => one.responses["415"] !== undefined);
    expect(routes.map((one) => one.path).sort()).toEqual([
      "/",
      "/v1/attest/challenge",
      "/v1/attest/key",
      "/v1/publish",
      "/v1/stats",
    ]);
    for (const operation of routes) {
      const answer = await app.fetch(operation.path, { method: "POST", body: "{}" });
      expect(answer.status).toBe(415);
      const { schema } = operation.responses["415"]?.content?.["application/json"] ?? {};
      expect(fault(schema ?? { not: {} }, await answer.json())).toBe("");
    }
  });

  it("and the page shows every operation, without scripts and without anything from elsewhere", async () => {
    const answer = await app.fetch("/docs");
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    const page = await answer.text();
    expect(page).toMatch(/^\s*<!doctype html>\s*<html lang="en">/);
    expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    expect(page).not.toMatch(/<(script|img|iframe|form|object)\b|\son\w+=|@import|url\(/i);
    for (const [, address = ""] of page.matchAll(/(?:href|src)="([^"]*)"/g)) {
      expect(address).toMatch(
        /^(#|\/(openapi\.json|docs|readyz|assets\/[\w.?=-]+)?$|http:\/\/[\w.:]+\/console$)/,
      );
      if (address.startsWith("#")) expect(page).toContain(` id="${address.slice(1)}"`);
    }
    for (const { operationId } of operationsOf(document)) {
      expect(page).toContain(`<details class="card" id="${operationId}">`);
    }
    expect(page.match(/<details/g)?.length).toBe(page.match(/<\/details>/g)?.length);
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("and the document comes as it is, for this server", async () => {
    const answer = await app.fetch("/openapi.json");
    const publicUrl = app.foundation.config.publicUrl;
    expect(await answer.json()).toEqual(plainDocument({ ...OPTIONS, publicUrl }));
  });
});

function codeOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "code" in body ? body.code : undefined;
}

/** Makes an issuer that may ask for statistics, and a token of it. */
async function statsIssuer(app: TestApp): Promise<string> {
  const { crypto } = currentRuntime();
  const pair = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
  const made = await admin(app, "PUT", "/issuers/asking", {
    issuer: "org.example.asking",
    audience: "a",
    keys: [{ version: "v1", publicKeyPem: derToPem(new Uint8Array(spki), "PUBLIC KEY") }],
    enableStatsApi: true,
  });
  expect(made.status).toBe(201);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: "org.example.asking", aud: "keyserver", exp: EXAMPLE_TIME + 60 };
  const text = `${part({ alg: "ES256", kid: "v1" })}.${part({ iat: EXAMPLE_TIME, ...claims })}`;
  const signature = await signEcdsa(crypto, pair.privateKey, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString("base64url")}`;
}
