import { type ErrorCode, ERRORS } from "../errors.ts";
import { ADMIN_OPERATIONS } from "./admin-operations.ts";
import { type Answer, type Operation, schemaRef, TAGS, toldCode } from "./operation.ts";
import type { Json } from "./json.ts";
import { publishOperations } from "./publish-operations.ts";
import { componentSchemas } from "./schemas.ts";
import { SERVER_OPERATIONS } from "./server-operations.ts";

/** What a server's document depends on. */
export type OpenApiOptions = {
  readonly publicUrl: string;
  /** Where the console is, if this server has one. */
  readonly consoleUrl?: string | undefined;
  /** Whether this process takes publishes. */
  readonly publishes: boolean;
  /** Whether the old API is on. */
  readonly withAlpha: boolean;
  /** MAX_KEYS_ON_PUBLISH. */
  readonly maxKeys: number;
};

/** The operations that a server has, in the order in which they are told. */
export function operations({ publishes, withAlpha }: OpenApiOptions): readonly Operation[] {
  return [
    ...(publishes ? publishOperations(withAlpha) : []),
    ...SERVER_OPERATIONS,
    ...ADMIN_OPERATIONS,
  ];
}

/**
 * The document of the HTTP API, OpenAPI 3.1.1. `x-example-status` of an operation names the status that each of its
 * examples is answered with; the parameters, the body and the answer of an example have its name.
 */
export function openApiDocument(options: OpenApiOptions): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations(options)) {
    (paths[operation.path] ??= {})[operation.method] = operationObject(operation);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Wayfarer key server",
      version: "1",
      summary: "Accepts diagnosis keys and publishes them in signed files",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: options.publicUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(options.maxKeys),
      headers: HEADERS,
      securitySchemes: {
        adminToken: { type: "http", scheme: "bearer", description: "ADMIN_TOKEN" },
        metricsToken: {
          type: "http",
          scheme: "bearer",
          description: "METRICS_TOKEN or ADMIN_TOKEN",
        },
        issuerToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "ES256, signed with the issuer's certificate key; aud is STATS_AUDIENCE; for issuers with enableStatsApi",
        },
      },
    },
  };
}

const header = (description: string): Json => ({ description, schema: { type: "string" } });
const HEADERS: Json = {
  "Retry-After": {
    description: "Seconds after which the same request may succeed; not with every code",
    schema: { type: "integer" },
  },
  ETag: header("Entity tag (RFC 9110)"),
  "Cache-Control": header("How long the answer may be kept (RFC 9111)"),
  "Content-Range": header("Which bytes these are (RFC 9110)"),
};

const headerRefs = (names: readonly string[]): Json => ({
  headers: Object.fromEntries(
    names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  ),
});

function operationObject(operation: Operation): Json {
  const { examples, caller, parameters = [], body } = operation;
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.about === undefined ? {} : { description: operation.about }),
    ...(caller === undefined ? {} : { security: [{ [caller]: [] }] }),
    ...(parameters.length === 0 ? {} : {
      parameters: parameters.map(({ name, in: place, about, schema }) => ({
        name,
        in: place,
        description: about,
        required: place === "path",
        schema,
        ...named(operation, (example) => example.parameters?.[name]),
      })),
    }),
    ...(body === undefined ? {} : {
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: schemaRef(body),
            ...named(operation, (example) => example.body),
          },
        },
      },
    }),
    responses: responses(operation),
    "x-example-status": Object.fromEntries(examples.map(({ name, status }) => [name, status])),
  };
}

/** The examples of one place in an operation, by name. */
function named(
  { examples }: Operation,
  valueOf: (example: Operation["examples"][number]) => unknown,
): Json {
  const all = examples.flatMap((example) => {
    const value = valueOf(example);
    return value === undefined ? [] : [[example.name, { summary: example.summary, value }]];
  });
  return all.length === 0 ? {} : { examples: Object.fromEntries(all) };
}

function responses(operation: Operation): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of operation.refusals) {
    const { http } = ERRORS[code];
    byStatus.set(http, [...byStatus.get(http) ?? [], code]);
  }
  return Object.fromEntries([
    ...operation.answers.map((answer) => [answer.status, answerObject(operation, answer)]),
    ...[...byStatus].map(([status, codes]) => [status, refusalObject(operation, status, codes)]),
  ]);
}

const answersWith = (operation: Operation, status: number): Json =>
  named(operation, (example) => example.status === status ? example.answer : undefined);

function answerObject(operation: Operation, answer: Answer): Json {
  const { status, about, content, headers } = answer;
  return {
    description: about,
    ...(headers === undefined ? {} : headerRefs(headers)),
    ...(content === undefined ? {} : {
      content: Object.fromEntries(
        Object.entries(content).map(([type, schema]) => [type, {
          schema,
          ...(type === "application/json" ? answersWith(operation, status) : {}),
        }]),
      ),
    }),
  };
}

function refusalObject(
  operation: Operation,
  status: number,
  codes: readonly ErrorCode[],
): Json {
  const { refusalSchema = "Error", withoutCode = false } = operation;
  const told = (code: ErrorCode): string => toldCode(operation, code);
  const members = withoutCode ? { required: ["error"] } : {
    required: ["error", "code"],
    properties: { code: { enum: [...new Set(codes.map(told))] } },
  };
  return {
    description: codes.map((code) =>
      withoutCode ? ERRORS[code].text : `${told(code)}: ${ERRORS[code].text}`
    )
      .join("\n\n"),
    ...(codes.some((code) => ERRORS[code].retryable) ? headerRefs(["Retry-After"]) : {}),
    content: {
      "application/json": {
        schema: { ...schemaRef(refusalSchema), ...members },
        ...answersWith(operation, status),
      },
    },
  };
}
