import type { ErrorCode } from "../errors.ts";
import { EXAMPLE_ALPHA_PUBLISH, EXAMPLE_PADDING, EXAMPLE_PUBLISH } from "./example-publish.ts";
import { jsonAnswerOf, type Operation, type Parameter, schemaRef } from "./operation.ts";

const BODY_REFUSALS = [
  "bad_request",
  "unsupported_media_type",
  "body_too_large",
  "request_timeout",
] as const;
const SERVER_REFUSALS = ["database_unavailable", "internal"] as const;

const PUBLISH_REFUSALS: readonly ErrorCode[] = [
  ...BODY_REFUSALS,
  "unknown_health_authority_id",
  "unable_to_load_health_authority",
  "health_authority_missing_region_config",
  "health_authority_verification_certificate_invalid",
  "device_attestation_invalid",
  "device_attestation_unavailable",
  "missing_revision_token",
  "invalid_revision_token",
  "key_already_revised",
  "invalid_report_type_transition",
  "maintenance",
  "overloaded",
  "key_unavailable",
  ...SERVER_REFUSALS,
];

const chaff: Parameter = {
  name: "X-Chaff",
  in: "header",
  about:
    "Any value: answered like a publish in size and time, but neither parsed nor stored. Apps send such requests now and then, so that who watches the network cannot tell who published.",
  schema: { type: "string" },
};

const stored = {
  revisionToken: EXAMPLE_PADDING,
  insertedExposures: 2,
  padding: EXAMPLE_PADDING,
};

const publish: Operation = {
  method: "post",
  path: "/v1/publish",
  id: "publish",
  tag: "publish",
  summary: "Publish keys, or revise them",
  about:
    "Members match without regard to case; null counts as absent; an unknown member is refused. All keys that are good are stored, or, when a check of the whole fails, none. The answer to keys some of which were refused is 200 with code partial_failure. missing_revision_token means that a key is stored already. device_attestation_invalid tells in one word why the attestation failed that the health authority requires. After database_unavailable, internal_error or no answer, send the same request again with the same token: it is stored once.",
  parameters: [chaff, {
    name: "dryRun",
    in: "query",
    about:
      "1: stores nothing and tells what would become of each key, for health authorities with allowDryRun",
    schema: { type: "string", enum: ["1"] },
  }],
  body: "PublishRequest",
  answers: [jsonAnswerOf("PublishResponse", "Stored, revised, or looked at")],
  refusals: [...PUBLISH_REFUSALS, "permission_denied"],
  refusalSchema: "PublishResponse",
  examples: [
    {
      name: "publish",
      summary: "Two keys with their certificate",
      body: EXAMPLE_PUBLISH,
      status: 200,
      answer: stored,
    },
    {
      name: "sentAgain",
      summary: "The same once more, without the revision token of the first answer",
      body: EXAMPLE_PUBLISH,
      status: 400,
      answer: {
        error: "missing revision token",
        code: "missing_revision_token",
        padding: EXAMPLE_PADDING,
      },
    },
    {
      name: "chaff",
      summary: "A request that only looks like a publish",
      parameters: { "X-Chaff": "1" },
      body: EXAMPLE_PUBLISH,
      status: 200,
      answer: { padding: EXAMPLE_PADDING },
    },
    {
      name: "dryRun",
      summary: "What would become of these keys?",
      parameters: { dryRun: "1" },
      body: { ...EXAMPLE_PUBLISH, hmacKey: "AAAAAAAAAAAAAAAAAAAAAA==" },
      status: 200,
      answer: {
        error: "verification certificate invalid",
        code: "health_authority_verification_certificate_invalid",
        padding: EXAMPLE_PADDING,
        dryRun: { keys: [], certificate: { failedCheck: "mac", macTextSha256: [] } },
      },
    },
    {
      name: "unknownHealthAuthority",
      summary: "A health authority ID that nobody configured",
      body: { ...EXAMPLE_PUBLISH, healthAuthorityID: "nobody" },
      status: 401,
      answer: {
        error: "unknown health authority ID",
        code: "unknown_health_authority_id",
        padding: EXAMPLE_PADDING,
      },
    },
  ],
};

const publishAlpha: Operation = {
  method: "post",
  path: "/",
  id: "publishAlpha",
  tag: "publish",
  summary: "Publish keys, as old apps do",
  about: "Like POST /v1/publish, but refusals have no code. Only with ENABLE_V1ALPHA1_API.",
  parameters: [chaff],
  body: "PublishAlphaRequest",
  answers: [jsonAnswerOf("PublishResponse", "Stored or revised")],
  refusals: PUBLISH_REFUSALS,
  refusalSchema: "PublishResponse",
  withoutCode: true,
  examples: [
    {
      name: "publish",
      summary: "A key with its certificate",
      body: EXAMPLE_ALPHA_PUBLISH,
      status: 200,
      answer: { ...stored, insertedExposures: 1 },
    },
    {
      name: "foreignRegion",
      summary: "A region that is not the app's",
      body: { ...EXAMPLE_ALPHA_PUBLISH, regions: ["ELSEWHERE"] },
      status: 401,
      answer: { error: "region is not allowed", padding: EXAMPLE_PADDING },
    },
  ],
};

const ATTEST_REFUSALS = [
  ...BODY_REFUSALS,
  "not_found",
  "maintenance",
  "overloaded",
  "key_unavailable",
  ...SERVER_REFUSALS,
] as const;

const attestChallenge: Operation = {
  method: "post",
  path: "/v1/attest/challenge",
  id: "attestChallenge",
  tag: "publish",
  summary: "A challenge, to register a key of App Attest",
  about:
    "For health authorities whose attestation has registration: true; 404 for others. Nothing is stored.",
  parameters: [chaff],
  body: "AttestChallengeRequest",
  answers: [jsonAnswerOf("AttestResponse", "The challenge")],
  refusals: ATTEST_REFUSALS,
  refusalSchema: "AttestResponse",
  examples: [{
    name: "challenge",
    summary: "A health authority without registered keys",
    body: { healthAuthorityID: "mag", padding: EXAMPLE_PADDING },
    status: 404,
    answer: { error: "not found", code: "not_found", padding: EXAMPLE_PADDING },
  }],
};

const attestKey: Operation = {
  method: "post",
  path: "/v1/attest/key",
  id: "attestKey",
  tag: "publish",
  summary: "Register a key of App Attest",
  about:
    "The attestation is over SHA-256 of the challenge's text. The key is known for 30 days; use it for one publish.",
  parameters: [chaff],
  body: "AttestKeyRequest",
  answers: [jsonAnswerOf("AttestResponse", "Registered")],
  refusals: [...ATTEST_REFUSALS, "device_attestation_invalid"],
  refusalSchema: "AttestResponse",
  examples: [{
    name: "key",
    summary: "A health authority without registered keys",
    body: {
      healthAuthorityID: "mag",
      keyId: "zgSY9YSD+7TaDXssY6WlOPVS1K3Lmk+pFhlcSWE+ZV0=",
      attestation: EXAMPLE_PADDING,
      challenge: EXAMPLE_PADDING,
      padding: EXAMPLE_PADDING,
    },
    status: 404,
    answer: { error: "not found", code: "not_found", padding: EXAMPLE_PADDING },
  }],
};

const stats: Operation = {
  method: "post",
  path: "/v1/stats",
  id: "stats",
  tag: "publish",
  summary: "Statistics of an issuer's publishes",
  about:
    "A day is shown when it has at least STATS_UPLOAD_MINIMUM publishes, or STATS_EMBARGO_PERIOD after its end. With Accept: text/csv the days come as CSV, a row a day.",
  caller: "issuerToken",
  parameters: [{
    name: "Accept",
    in: "header",
    about: "text/csv for CSV",
    schema: { type: "string" },
  }],
  body: "StatsRequest",
  answers: [{
    status: 200,
    about: "The days, oldest first",
    content: {
      "application/json": schemaRef("StatsResponse"),
      "text/csv": { type: "string" },
    },
  }],
  refusals: [...BODY_REFUSALS, "unauthorized", "overloaded", ...SERVER_REFUSALS],
  refusalSchema: "StatsResponse",
  examples: [
    {
      name: "stats",
      summary: "As JSON",
      body: { padding: EXAMPLE_PADDING },
      status: 200,
      answer: { days: [], padding: EXAMPLE_PADDING },
    },
    {
      name: "csv",
      summary: "As CSV",
      parameters: { Accept: "text/csv" },
      body: {},
      status: 200,
    },
  ],
};

/** What apps and issuers call; the old API when it is enabled. */
export function publishOperations(withAlpha: boolean): readonly Operation[] {
  const always = [publish, attestChallenge, attestKey, stats];
  return withAlpha ? [...always, publishAlpha] : always;
}
