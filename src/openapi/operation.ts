import type { Json } from "./json.ts";
import { type ErrorCode, publishCode } from "../errors.ts";
import type { SchemaName } from "./schemas.ts";

/** A parameter; a path's are always required, the others never. */
export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly about: string;
  readonly schema: Json;
};

/** An answer that is no refusal. */
export type Answer = {
  readonly status: number;
  readonly about: string;
  /** Schema by media type; absent: no body. */
  readonly content?: Readonly<Record<string, Json>>;
  readonly headers?: readonly string[];
};

/** A request that can be sent as it stands, and what comes of it. */
export type Example = {
  readonly name: string;
  readonly summary: string;
  /** Parameters by name. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly status: number;
  /** The answer's body in JSON, when it has one. */
  readonly answer?: unknown;
};

/** Who may call: programs with ADMIN_TOKEN, with that or METRICS_TOKEN, or issuers with a JWT. */
export type Caller = "adminToken" | "metricsToken" | "issuerToken";

/** One operation of the API. */
export type Operation = {
  readonly method: "get" | "put" | "post" | "delete";
  readonly path: string;
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly about?: string;
  readonly caller?: Caller;
  readonly parameters?: readonly Parameter[];
  readonly body?: SchemaName;
  readonly answers: readonly Answer[];
  /** Codes of its refusals, and the schema of their bodies. */
  readonly refusals: readonly ErrorCode[];
  readonly refusalSchema?: SchemaName;
  /** Whether a refusal's body has the member `code`; absent: it has. */
  readonly withoutCode?: boolean;
  readonly examples: readonly Example[];
};

/** What operations are grouped by, in the order in which they are shown. */
export const TAGS = {
  publish: "Apps hand over their keys; issuers read their statistics.",
  download: "What phones download. Every file is signed; HEAD works wherever GET does.",
  operation: "For those who run the server.",
  admin:
    "Resources, status, jobs, audit log and keys, for programs that show a named token or ADMIN_TOKEN.",
} as const;

/** A group of operations. */
export type Tag = keyof typeof TAGS;

/** The code by which an operation tells of a refusal. */
export function toldCode({ tag }: Operation, code: ErrorCode): string {
  return tag === "publish" ? publishCode(code) : code;
}

/** A reference to a component schema. */
export function schemaRef(name: SchemaName): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** A JSON answer. */
export function jsonAnswerOf(schema: SchemaName, about: string, status = 200): Answer {
  return { status, about, content: { "application/json": schemaRef(schema) } };
}
