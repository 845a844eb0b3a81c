import type { ErrorCode } from "../errors.ts";
import { jsonAnswerOf, type Operation, type Parameter } from "./operation.ts";

const BASE = "/admin/api/v1";
const COMMON: readonly ErrorCode[] = [
  "unauthorized",
  "permission_denied",
  "database_unavailable",
  "internal",
];
const ADMIN = { tag: "admin", caller: "adminToken" } as const;
const query = (name: string, about: string): Parameter => ({
  name,
  in: "query",
  about,
  schema: { type: "string" },
});
const path = (name: string, about: string): Parameter => ({
  name,
  in: "path",
  about,
  schema: { type: "string" },
});
const NOTHING = { id: "999999999", act: "stop" };

const audit: Operation = {
  ...ADMIN,
  method: "get",
  path: `${BASE}/audit`,
  id: "audit",
  summary: "Read the audit log",
  about: "Newest first, 100 rows unless limit says otherwise. Needs the role admin.",
  parameters: [
    query("since", "A time such as 2026-01-31T00:00:00Z"),
    query("until", "The same"),
    query("who", "Part of the name or subject of who did it"),
    query("action", "A verb such as put, delete, run, look"),
    query("kind", "Such as Peer, Token or Session"),
    query("name", "Of the thing"),
    query("below", "next of the page before"),
    query("limit", "1 to 1000"),
  ],
  answers: [jsonAnswerOf("AuditPage", "A page")],
  refusals: [...COMMON, "invalid_argument"],
  examples: [
    {
      name: "page",
      summary: "Changes of peers",
      parameters: { kind: "Peer", limit: "10" },
      status: 200,
      answer: { items: [] },
    },
    {
      name: "noTime",
      summary: "A time that is none",
      parameters: { since: "yesterday" },
      status: 400,
      answer: {
        error: "since must be a time such as 2026-01-31T00:00:00Z",
        code: "invalid_argument",
      },
    },
  ],
};

const where: Operation = {
  ...ADMIN,
  method: "post",
  path: `${BASE}/where`,
  id: "where",
  summary: "Tell where keys are",
  about:
    "In which window, held back until when, in which files, with which peers, revised to what. At most 30 keys. The audit log notes that somebody asked, not for which. Needs the role operator.",
  body: "WhereRequest",
  answers: [jsonAnswerOf("WhereAnswer", "For each key what is known")],
  refusals: [...COMMON, "invalid_argument", "body_too_large"],
  examples: [
    {
      name: "notHere",
      summary: "A key that is not here",
      body: { keys: ["fheJiBJDfiILuLFFFd28Iw=="] },
      status: 200,
      answer: { keys: [{ here: false, key: "fheJiBJDfiILuLFFFd28Iw==", refused: [] }] },
    },
    {
      name: "noKey",
      summary: "A text without a key",
      body: { keys: ["x"] },
      status: 400,
      answer: {
        error:
          "there is no key in the text: give 16 bytes a key, in base64 (24 characters) or hex (32 digits)",
        code: "invalid_argument",
      },
    },
  ],
};

const revoke: Operation = {
  ...ADMIN,
  method: "post",
  path: `${BASE}/revocations`,
  id: "revoke",
  summary: "Revoke keys in bulk",
  about:
    "Without confirm it is a dry run, which answers the confirm that begins it. The job revocation does the work. Needs the role admin.",
  body: "RevocationRequest",
  answers: [jsonAnswerOf("RevocationOutcome", "The dry run; with id: it began")],
  refusals: [...COMMON, "bad_request", "invalid_argument", "body_too_large"],
  examples: [
    {
      name: "dryRun",
      summary: "A dry run",
      body: { issuer: "magrathea-verification", reason: "stolen key" },
      status: 200,
      answer: {
        preview: { total: 0, neverLeft: 0, days: [], files: [] },
        confirm: "0 magrathea-verification",
      },
    },
    {
      name: "everything",
      summary: "A request that names no keys",
      body: { reason: "stolen key" },
      status: 400,
      answer: {
        error: "say which keys: by issuer, health authority, since and until, or a list of keys",
        code: "invalid_argument",
      },
    },
  ],
};

const listRevocations: Operation = {
  ...ADMIN,
  method: "get",
  path: `${BASE}/revocations`,
  id: "listRevocations",
  summary: "List revocations in bulk",
  answers: [jsonAnswerOf("RevocationList", "Newest first, at most 100")],
  refusals: COMMON,
  examples: [{ name: "list", summary: "All", status: 200, answer: { items: [] } }],
};

const turnRevocation: Operation = {
  ...ADMIN,
  method: "post",
  path: `${BASE}/revocations/{id}/{act}`,
  id: "turnRevocation",
  summary: "Stop or continue a revocation",
  parameters: [path("id", "Its number"), path("act", "stop or continue")],
  answers: [{ status: 200, about: "Done", content: { "application/json": { type: "object" } } }],
  refusals: [...COMMON, "not_found"],
  examples: [
    {
      name: "unknown",
      summary: "One that does not exist",
      parameters: NOTHING,
      status: 404,
      answer: {
        error: "there is no revocation of this number that could do that",
        code: "not_found",
      },
    },
  ],
};

/** Who did what, where keys are, and revoking them. */
export const AUDIT_OPERATIONS: readonly Operation[] = [
  audit,
  where,
  revoke,
  listRevocations,
  turnRevocation,
];
