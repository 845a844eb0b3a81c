import type { ErrorCode } from "../errors.ts";
import { type Kind, KIND_NAMES, KINDS } from "../model/resource/kinds.ts";
import { AUDIT_OPERATIONS } from "./audit-operations.ts";
import { EXAMPLE_RESOURCES } from "./example-resources.ts";
import { jsonAnswerOf, type Operation, type Parameter } from "./operation.ts";

const BASE = "/admin/api/v1";
const COMMON: readonly ErrorCode[] = [
  "unauthorized",
  "permission_denied",
  "database_unavailable",
  "internal",
];

const nameParameter: Parameter = {
  name: "name",
  in: "path",
  about: "Name of the resource",
  schema: { type: "string" },
};
const ifMatch: Parameter = {
  name: "If-Match",
  in: "header",
  about: "ETag of the version that was read, against lost updates",
  schema: { type: "string" },
};
const ifNoneMatch: Parameter = {
  name: "If-None-Match",
  in: "header",
  about: "*: only if it does not exist yet",
  schema: { type: "string", enum: ["*"] },
};

/** `ExportConfig` as the words of a sentence. */
const spoken = (kind: Kind): string => kind.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
const article = (kind: Kind): string => /^[AEIOU]/.test(kind) ? "an" : "a";

function operationsOf(kind: Kind): readonly Operation[] {
  const path = `${BASE}/${KINDS[kind].plural}`;
  const example = EXAMPLE_RESOURCES[kind];
  const named = { name: example.name };
  const one = `${article(kind)} ${spoken(kind)}`;
  const withTag = { tag: "admin", caller: "adminToken" } as const;
  const missing = {
    name: "missing",
    summary: "One that does not exist",
    parameters: { name: "no-such-resource" },
    status: 404,
    answer: { error: "not found", code: "not_found" },
  };
  const lostUpdate = {
    name: "changedMeanwhile",
    summary: "Of a version that is no longer the newest",
    parameters: { ...named, "If-Match": '"999999999"' },
    status: 412,
    answer: {
      error: "the resource was changed meanwhile: read it again",
      code: "version_conflict",
    },
  };
  return [
    {
      ...withTag,
      method: "get",
      path,
      id: `list${kind}`,
      summary: `List every ${spoken(kind)}`,
      answers: [jsonAnswerOf(`${kind}List`, "All of this kind, by name")],
      refusals: COMMON,
      examples: [{ name: "list", summary: "All", status: 200, answer: { items: [example] } }],
    },
    {
      ...withTag,
      method: "put",
      path: `${path}/{name}`,
      id: `put${kind}`,
      summary: `Make or replace ${one}`,
      about:
        "The whole resource; kind and name may be left out, since the address says them. Members that are left out get their defaults. Every fault is told at once, with its path.",
      parameters: [nameParameter, ifMatch, ifNoneMatch],
      body: kind,
      answers: [
        { ...jsonAnswerOf(kind, "Replaced, or the same as before"), headers: ["ETag"] },
        { ...jsonAnswerOf(kind, "Made", 201), headers: ["ETag"] },
      ],
      refusals: [
        ...COMMON,
        "bad_request",
        "body_too_large",
        "request_timeout",
        "invalid_resource",
        "version_conflict",
      ],
      examples: [
        {
          name: "make",
          summary: "A new one",
          parameters: { ...named, "If-None-Match": "*" },
          body: example,
          status: 201,
          answer: example,
        },
        {
          name: "replace",
          summary: "One that exists",
          parameters: named,
          body: example,
          status: 200,
          answer: example,
        },
        { ...lostUpdate, body: example },
      ],
    },
    {
      ...withTag,
      method: "get",
      path: `${path}/{name}`,
      id: `get${kind}`,
      summary: `Read ${one}`,
      parameters: [nameParameter],
      answers: [{ ...jsonAnswerOf(kind, "The resource"), headers: ["ETag"] }],
      refusals: [...COMMON, "not_found"],
      examples: [
        {
          name: "read",
          summary: "One that exists",
          parameters: named,
          status: 200,
          answer: example,
        },
        missing,
      ],
    },
    {
      ...withTag,
      method: "delete",
      path: `${path}/{name}`,
      id: `delete${kind}`,
      summary: `Delete ${one}`,
      about: "Refused while another resource names it.",
      parameters: [nameParameter, ifMatch],
      answers: [{ status: 204, about: "Deleted" }],
      refusals: [...COMMON, "not_found", "invalid_resource", "version_conflict"],
      examples: [
        lostUpdate,
        { name: "delete", summary: "One that exists", parameters: named, status: 204 },
        missing,
      ],
    },
  ];
}

const status: Operation = {
  method: "get",
  path: `${BASE}/status`,
  id: "status",
  tag: "admin",
  caller: "adminToken",
  summary: "How jobs, exports, imports and mirrors stand",
  answers: [jsonAnswerOf("Status", "How they stand")],
  refusals: COMMON,
  examples: [{ name: "status", summary: "All of it", status: 200, answer: { jobs: [] } }],
};

const runJob: Operation = {
  method: "post",
  path: `${BASE}/jobs/{job}`,
  id: "runJob",
  tag: "admin",
  caller: "adminToken",
  summary: "Run a background job now",
  about: "Answers when it is done; a job that failed is answered too, with ok: false.",
  parameters: [{
    name: "job",
    in: "path",
    about:
      "export, import, mirror, pull, push, retention, rotate-keys, refresh-jwks, statistics, revocation, admin-upkeep, federation-upkeep",
    schema: { type: "string" },
  }],
  answers: [jsonAnswerOf("JobResult", "What came of it")],
  refusals: [...COMMON, "not_found"],
  examples: [
    {
      name: "statistics",
      summary: "Roll up the statistics",
      parameters: { job: "statistics" },
      status: 200,
      answer: { name: "statistics", ok: true, outcome: "nothing", detail: { rolledUp: 0 } },
    },
    {
      name: "unknown",
      summary: "A job that does not exist",
      parameters: { job: "tea" },
      status: 404,
      answer: { error: "there is no job of this name", code: "not_found" },
    },
  ],
};

/** The admin API. */
export const ADMIN_OPERATIONS: readonly Operation[] = [
  ...KIND_NAMES.flatMap(operationsOf),
  status,
  runJob,
  ...AUDIT_OPERATIONS,
];
