import * as z from "zod";
import { type ErrorCode, ERRORS } from "../errors.ts";
import { type Kind, KIND_NAMES, KINDS } from "../model/resource/kinds.ts";
import { challengeRequestSchema, keyRequestSchema } from "../attest/registration/register.ts";
import {
  attestResponseSchema,
  publishAlphaRequestSchema,
  publishRequestSchema,
  publishResponseSchema,
  statsRequestSchema,
  statsResponseSchema,
} from "./publish-schemas.ts";
import type { Json } from "./json.ts";

const errorCodes = Object.keys(ERRORS).filter((code): code is ErrorCode =>
  Object.hasOwn(ERRORS, code)
);
const seconds = (about: string) => z.int().meta({ description: `${about}, Unix seconds` });
const detail = z.record(z.string(), z.unknown()).meta({
  description: "What it did: counts by name",
});

const errorSchema = z.object({
  error: z.string().meta({ description: "What went wrong, for people" }),
  code: z.enum(errorCodes).meta({ description: "What went wrong, for programs" }),
  requestId: z.string().optional().meta({ description: "Find the request in the log by it" }),
  faults: z.array(z.object({ path: z.string(), message: z.string() })).optional().meta({
    description: "Everything that is wrong with a resource, and where",
  }),
});

const healthSchema = z.object({
  status: z.enum(["ok", "failed", "draining"]),
  checks: z.record(z.string(), z.enum(["ok", "failed"])).optional(),
});

const exposureKeysSchema = z.object({
  keys: z.array(z.object({
    keyId: z.string().meta({ description: "Verification key ID in the files" }),
    keyVersion: z.string().meta({ description: "Verification key version in the files" }),
    publicKey: z.string().meta({ description: "SPKI, PEM" }),
  })),
});

const jobOutcome = z.enum(["done", "nothing", "partly", "failed"]);

const jobResultSchema = z.object({
  name: z.string(),
  ok: z.boolean().meta({ description: "Whether it did all of its work, or had none" }),
  outcome: jobOutcome,
  code: z.string().optional(),
  error: z.string().optional().meta({ description: "Why it failed, or which parts did" }),
  detail,
});

const auditPageSchema = z.object({
  items: z.array(z.looseObject({
    number: z.int().meta({ description: "From 1, without gaps" }),
    at: z.iso.datetime(),
    actor: z.string(),
    subject: z.string().nullable(),
    via: z.enum(["api", "cli", "console"]).nullable(),
    action: z.string(),
    kind: z.string(),
    name: z.string(),
    hash: z.string().meta({ description: "SHA-256 over the row and the hash before it, hex" }),
  })),
  next: z.int().optional().meta({ description: "below of the next page" }),
});

const whereRequestSchema = z.object({
  keys: z.array(z.string()).min(1).max(30).meta({ description: "Base64 or hex" }),
});

const whereAnswerSchema = z.object({
  keys: z.array(z.looseObject({
    here: z.boolean(),
    key: z.string(),
    state: z.enum(["held back", "closed"]).optional(),
    window: seconds("The window in which it goes out").optional(),
  })),
});

const revocationRequestSchema = z.object({
  issuer: z.string().optional(),
  healthAuthority: z.string().optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  keys: z.array(z.string()).optional().meta({ description: "Lower-case hex, at most 10,000" }),
  reason: z.string().meta({ description: "For the audit log" }),
  confirm: z.string().optional().meta({
    description: "What the dry run answered; without it this is a dry run",
  }),
});

const revocationOutcomeSchema = z.object({
  preview: z.looseObject({ total: z.int(), neverLeft: z.int() }),
  confirm: z.string(),
  id: z.int().optional(),
});

const revocationListSchema = z.object({
  items: z.array(z.looseObject({
    id: z.int(),
    state: z.enum(["running", "stopped", "done"]),
    expected: z.int(),
    revoked: z.int(),
    deleted: z.int(),
  })),
});

const statusSchema = z.looseObject({
  jobs: z.array(z.object({
    name: z.string(),
    startedAt: seconds("Its start"),
    finishedAt: seconds("Its end"),
    outcome: jobOutcome,
    error: z.string().optional().meta({ description: "Code of its failure" }),
    reason: z.string().optional().meta({ description: "Why it failed, or which parts did" }),
    detail,
  })).meta({ description: "The newest run of each job that did something" }),
});

/** What is no resource. */
type Other =
  | "PublishRequest"
  | "PublishAlphaRequest"
  | "PublishResponse"
  | "AttestChallengeRequest"
  | "AttestKeyRequest"
  | "AttestResponse"
  | "StatsRequest"
  | "StatsResponse"
  | "ExposureKeys"
  | "Error"
  | "Health"
  | "Status"
  | "JobResult"
  | "AuditPage"
  | "WhereRequest"
  | "WhereAnswer"
  | "RevocationRequest"
  | "RevocationOutcome"
  | "RevocationList";

const others = (maxKeys: number): Readonly<Record<Other, z.ZodType>> => ({
  PublishRequest: publishRequestSchema(maxKeys),
  PublishAlphaRequest: publishAlphaRequestSchema(maxKeys),
  PublishResponse: publishResponseSchema,
  AttestChallengeRequest: challengeRequestSchema,
  AttestKeyRequest: keyRequestSchema,
  AttestResponse: attestResponseSchema,
  StatsRequest: statsRequestSchema,
  StatsResponse: statsResponseSchema,
  ExposureKeys: exposureKeysSchema,
  Error: errorSchema,
  Health: healthSchema,
  Status: statusSchema,
  JobResult: jobResultSchema,
  AuditPage: auditPageSchema,
  WhereRequest: whereRequestSchema,
  WhereAnswer: whereAnswerSchema,
  RevocationRequest: revocationRequestSchema,
  RevocationOutcome: revocationOutcomeSchema,
  RevocationList: revocationListSchema,
});

/** Name of a component schema; a kind's list is `ExportConfigList`. */
export type SchemaName = Other | Kind | `${Kind}List`;

/** Every component schema, made from the schemas that requests are checked with. `maxKeys`: MAX_KEYS_ON_PUBLISH. */
export function componentSchemas(maxKeys: number): Readonly<Record<string, Json>> {
  const all: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(others(maxKeys))) all[name] = jsonSchema(schema);
  for (const kind of KIND_NAMES) {
    all[kind] = withReadOnly(kind, jsonSchema(KINDS[kind].schema));
    const items = { type: "array", items: { $ref: `#/components/schemas/${kind}` } };
    all[`${kind}List`] = { type: "object", properties: { items }, required: ["items"] };
  }
  return all;
}

/** What may be sent, as JSON Schema 2020-12. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, $defs, $ref, ...own } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema: one }) => {
      // The format says the same, and can be read.
      if (one.format === "date-time") delete one.pattern;
      delete one.id;
    },
  });
  const named = $ref === undefined ? undefined : $defs?.[$ref.replace("#/$defs/", "")];
  return typeof named === "object" ? { ...named } : own;
}

/** Members that answers carry, and that may be sent back unread. */
const READ_ONLY: { readonly [K in Kind]?: Json } = {
  SigningKey: { publicKeyPem: { type: "string", readOnly: true } },
  Issuer: {
    status: {
      type: "object",
      readOnly: true,
      description: "How fetching its jwksUri goes",
      properties: {
        lastAttempt: { type: ["string", "null"], format: "date-time" },
        lastFetch: { type: ["string", "null"], format: "date-time" },
        lastError: { type: ["string", "null"] },
        ignored: {
          type: "integer",
          description: "Members of the key set that were not understood",
        },
        keys: {
          type: "array",
          description: "Keys read from jwksUri, the newest first; revoked ones for 30 days more",
          items: {
            type: "object",
            properties: {
              kid: { type: "string" },
              since: { type: "string", format: "date-time" },
              revoked: { type: ["string", "null"], format: "date-time" },
            },
          },
        },
      },
    },
  },
};

function withReadOnly(kind: Kind, schema: Json): Json {
  const { properties } = schema;
  const own = typeof properties === "object" ? properties : {};
  return { ...schema, properties: { ...own, ...READ_ONLY[kind] } };
}
