import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../../src/errors.ts";
import { KIND_NAMES, KINDS } from "../../src/model/resource/kinds.ts";
import { operationsOf, OPTIONS, plainDocument, readDocument } from "./document.ts";
import { validator } from "./validator.ts";

describe("openApiDocument()", () => {
  const plain = plainDocument();
  const document = readDocument(plain);
  const all = operationsOf(document);

  it("is valid OpenAPI 3.1", async () => {
    const checker = new Validator();
    const result = await checker.validate(plainDocument());
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(checker.version).toBe("3.1");
    // The check can fail.
    const broken = await new Validator().validate({ ...plain, paths: { "/": 1 } });
    expect(broken.valid).toBe(false);
  });

  it("has only references that resolve", () => {
    const references = [...JSON.stringify(plain).matchAll(/"\$ref":"([^"]+)"/g)]
      .map(([, reference = ""]) => reference);
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      expect(reference.startsWith("#/")).toBe(true);
      const found = reference.slice(2).split("/").reduce<unknown>(
        (at, name) => typeof at === "object" && at !== null ? Reflect.get(at, name) : undefined,
        plain,
      );
      expect(found, reference).toBeTypeOf("object");
    }
  });

  it("names every operation once, and every parameter of every path", () => {
    const ids = all.map((one) => one.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, parameters } of all) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((one) => one.in === "path").map((one) => one.name)).toEqual(inPath);
    }
  });

  it("has examples that fit their schemas, requests and answers", () => {
    const fault = validator(plain);
    let checked = 0;
    for (const { operationId, parameters, requestBody, responses } of all) {
      const contents = [requestBody, ...Object.values(responses)]
        .flatMap((one) => Object.values(one?.content ?? {}));
      for (const { schema, examples } of [...contents, ...parameters]) {
        for (const [name, { value }] of Object.entries(examples)) {
          expect(fault(schema, value), `${operationId} ${name}`).toBe("");
          checked++;
        }
      }
    }
    expect(checked).toBeGreaterThan(100);
    const body = document.components.schemas["PublishRequest"] ?? {};
    expect(fault(body, { healthAuthorityID: 7, temporaryExposureKeys: [], colour: "red" }))
      .toMatch(/additional properties.*must be string|must be string.*additional properties/);
  });

  it("answers every example with a status that it documents, in every operation", () => {
    for (const { operationId, responses, "x-example-status": expected } of all) {
      expect(Object.keys(expected).length, operationId).toBeGreaterThan(0);
      for (const status of Object.values(expected)) {
        expect(Object.keys(responses), operationId).toContain(String(status));
      }
    }
  });

  it("describes every kind of resource", () => {
    for (const kind of KIND_NAMES) {
      expect(document.paths).toHaveProperty([`/admin/api/v1/${KINDS[kind].plural}/{name}`, "put"]);
      expect(document.components.schemas).toHaveProperty(kind);
    }
  });

  it("tells the text of each refusal under its status", () => {
    const responses = all.find((one) => one.operationId === "publish")?.responses ?? {};
    expect(responses["429"]?.description).toBe(`maintenance: ${ERRORS.maintenance.text}`);
    expect(responses["429"]?.headers).toHaveProperty("Retry-After");
    expect(responses["401"]?.description).toContain("unknown_health_authority_id: unknown");
    expect(responses["401"]?.headers).toBeUndefined();
  });

  it("allows as many keys as the server does", () => {
    const { schemas } = readDocument(plainDocument({ ...OPTIONS, maxKeys: 14 })).components;
    for (const name of ["PublishRequest", "PublishAlphaRequest"]) {
      expect(schemas[name]).toMatchObject({
        properties: { temporaryExposureKeys: { maxItems: 14 } },
      });
    }
  });

  it("leaves out what a server does not serve", () => {
    const paths = (more: object) =>
      Object.keys(readDocument(plainDocument({ ...OPTIONS, ...more })).paths);
    expect(paths({})).toContain("/");
    expect(paths({ withAlpha: false })).not.toContain("/");
    expect(paths({ publishes: false })).not.toContain("/v1/publish");
    expect(paths({ publishes: false })).toContain("/exports/{filenameRoot}/index.txt");
  });
});
