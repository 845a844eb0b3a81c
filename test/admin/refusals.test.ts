import { beforeEach, describe, expect, it } from "vitest";
import { parseDocuments } from "../../src/admin/documents.ts";
import { faultsText } from "../../src/admin/fault.ts";
import { KIND_NAMES, KINDS } from "../../src/model/resource/kinds.ts";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";

const SIGNER = { key: "local:mag-signer", keyId: "310", version: "v1" };
const EXPORT = {
  bucket: "exports",
  filenameRoot: "mag",
  period: "4h",
  outputRegion: "MAG",
  signingKeys: ["mag-signer"],
};
const HEADERS = { authorization: "Bearer test-admin-token" };

describe("refusals of the admin API", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeEach(async () => {
    await database().clear();
    app = await openTestApp(database());
    return () => app.close();
  });

  const send = (method: string, path: string, body?: string) =>
    app.fetch(path, { method, headers: HEADERS, ...(body === undefined ? {} : { body }) });

  it("say that a resource exists, or does not", async () => {
    const put = (headers: Record<string, string>) =>
      admin(app, "PUT", "/signingKeys/mag-signer", SIGNER, headers);
    const absent = await put({ "if-match": '"1"' });
    expect(absent.status).toBe(412);
    expect(await absent.text()).toContain("does not exist");
    expect((await put({ "if-none-match": "*" })).status).toBe(201);
    const again = await put({ "if-none-match": "*" });
    expect(again.status).toBe(412);
    expect(await again.text()).toContain("exists already");
  });

  it("name who uses a resource that is to be deleted", async () => {
    await admin(app, "PUT", "/signingKeys/mag-signer", SIGNER);
    await admin(app, "PUT", "/exportConfigs/mag", EXPORT);
    const refused = await admin(app, "DELETE", "/signingKeys/mag-signer");
    expect(refused.status).toBe(422);
    const text = await refused.text();
    expect(text).toContain("used by ExportConfig mag");
    expect(text).not.toContain("does not exist");
  });

  it.each(["\\u0000", "\\ud800", "\\udc00x", "\\u001b"])(
    "are 422 for a text with %s, in every kind and every member",
    async (bad) => {
      for (const kind of KIND_NAMES) {
        const text = `{"issuer":"a${bad}","audience":"a${bad}","keyId":"${bad}","x${bad}":1}`;
        const answer = await send("PUT", `/admin/api/v1/${KINDS[kind].plural}/x`, text);
        expect(answer.status, kind).toBe(422);
        expect(await answer.text(), kind).toContain("must not hold NUL");
      }
    },
  );

  it.each([
    ['{"key":"local:a","keyId":"1","keyId":"2","version":"v1"}', "keyId"],
    ['{"key":"local:a","keyId":"1","version":"v1","\\u006beyId":"2"}', "keyId"],
    ['{"x":[{"a":1,"a":{}}]}', "a"],
  ])("name a member that the body has twice: %s", async (text, member) => {
    const answer = await send("PUT", "/admin/api/v1/signingKeys/a", text);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: `the body has the member "${member}" twice: leave one of them out`,
    });
  });

  it.each([
    ["DELETE", "/v1/publish", "POST"],
    ["GET", "/v1/publish", "POST"],
    ["PUT", "/v1/stats", "POST"],
    ["POST", "/healthz", "GET, HEAD"],
    ["POST", "/readyz", "GET, HEAD"],
    ["PUT", "/metrics", "GET, HEAD"],
    ["POST", "/", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
    ["DELETE", "/.well-known/jwks.json", "GET, HEAD"],
    ["PATCH", "/admin/api/v1/signingKeys/x", "DELETE, GET, HEAD, PUT"],
    ["POST", "/admin/api/v1/signingKeys", "GET, HEAD"],
    ["GET", "/admin/api/v1/jobs/export", "POST"],
    ["DELETE", "/admin/api/v1/status", "GET, HEAD"],
  ])("are 405 with Allow: %s %s", async (method, path, allow) => {
    const answer = await send(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
    expect(await answer.json()).toMatchObject({ code: "method_not_allowed" });
  });
});

describe("texts about wrong files", () => {
  const faults = (text: string): string => {
    const parsed = parseDocuments(text, "region.yaml");
    return parsed.ok ? "" : faultsText(parsed.faults);
  };
  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x]",
    ..."bcdefgh".split("").map((name, index) => {
      const before = "abcdefgh".charAt(index);
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`;
    }),
  ].join("\n");

  it.each([
    ["kind: a: b", "region.yaml line 1, column 7 has a colon where none can be"],
    ["kind: 'x", "region.yaml line 1, column 9 lacks a character"],
    ["a: 1\na: 2", "region.yaml line 2, column 1 has a member twice"],
    ["a:\n\t- b", "region.yaml line 2"],
    [bomb, "region.yaml has too many aliases (*name): write the values out"],
    ["[".repeat(100_000), "region.yaml line 1"],
    ["word", "is no resource"],
    ["kind: SigningKey\nname: x", "SigningKey/x: key is missing: give a text in quotes"],
    [
      "kind: SigningKey\nname: x\nkey: local:x\nversion: v1\nkeyId: 310",
      "keyId must be a text in quotes",
    ],
    ["kind: Issuer\nname: x\nissuer: ''\naudience: a", "issuer must have at least 1 character"],
    [
      "kind: Issuer\nname: x\nissuer: i\naudience: a\nkeys: [{version: v1, publicKeyPem: '-----BEGIN PRIVATE KEY-----'}]",
      "keys.0.publicKeyPem is a private key: give the public one",
    ],
  ])("tell the place, what is wrong and the cure: %#", (text, message) => {
    const found = faults(text);
    expect(found).toContain(message);
    expect(found).not.toMatch(/expected|received|invalid|[A-Z]+_[A-Z]+/i);
  });

  it("take a PEM text with a byte order mark, blank lines and words before it", () => {
    const pem = "-----BEGIN PUBLIC KEY-----\n\nMFkw\n\n-----END PUBLIC KEY-----";
    for (const text of [`\ufeff${pem}`, `\n\n${pem}\n\n`, `our new key:\n${pem}`]) {
      const resource = {
        kind: "Issuer",
        name: "x",
        issuer: "i",
        audience: "a",
        keys: [{ version: "v1", publicKeyPem: text }],
      };
      expect(faults(JSON.stringify(resource))).toBe("");
    }
  });
});
