import * as z from "zod";
import { openApiDocument, type OpenApiOptions } from "../../src/openapi/document.ts";

type Schema = Record<string, unknown>;
type Examples = Record<string, { summary: string; value?: unknown }>;
type Content = Record<string, { schema: Schema; examples: Examples }>;
type Item = {
  operationId: string;
  security: Record<string, string[]>[];
  parameters: {
    name: string;
    in: "path" | "query" | "header";
    required: boolean;
    schema: Schema;
    examples: Examples;
  }[];
  requestBody?: { content: Content } | undefined;
  responses: Record<string, TestAnswer>;
  "x-example-status": Record<string, number>;
};

/** A documented answer. */
export type TestAnswer = {
  description: string;
  content?: Content | undefined;
  headers?: Record<string, { $ref: string }> | undefined;
};
/** A document as far as tests read it. */
export type TestDocument = {
  paths: Record<string, Record<string, Item>>;
  components: { schemas: Record<string, Schema> };
};
/** An operation with where it is. */
export type TestOperation = Item & { readonly path: string; readonly method: string };

function documentSchema(): z.ZodType<TestDocument> {
  const schema = z.record(z.string(), z.unknown());
  const examples = z.record(z.string(), z.object({ summary: z.string(), value: z.unknown() }))
    .default({});
  const content = z.record(z.string(), z.object({ schema, examples }));
  const operation = z.object({
    operationId: z.string(),
    security: z.array(z.record(z.string(), z.array(z.string()))).default([]),
    parameters: z.array(z.object({
      name: z.string(),
      in: z.enum(["path", "query", "header"]),
      required: z.boolean(),
      schema,
      examples,
    })).default([]),
    requestBody: z.object({ content }).optional(),
    responses: z.record(
      z.string(),
      z.object({
        description: z.string().min(1),
        content: content.optional(),
        headers: z.record(z.string(), z.object({ $ref: z.string() })).optional(),
      }),
    ),
    "x-example-status": z.record(z.string(), z.number()),
  });
  return z.object({
    paths: z.record(z.string(), z.record(z.string(), operation)),
    components: z.object({ schemas: z.record(z.string(), schema) }),
  });
}

/** What the tests' server serves. */
export const OPTIONS: OpenApiOptions = {
  publicUrl: "http://localhost",
  publishes: true,
  withAlpha: true,
  maxKeys: 30,
};

/** A document in the form that tests read. */
export function readDocument(value: unknown): TestDocument {
  return documentSchema().parse(value);
}

/** All of its operations. */
export function operationsOf({ paths }: TestDocument): readonly TestOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ ...one, path, method }))
  );
}

/** Everything in it, as one JSON value. */
export function plainDocument(options: OpenApiOptions = OPTIONS): Record<string, unknown> {
  return JSON.parse(JSON.stringify(openApiDocument(options)));
}
