import {
  FederationFetchRequest,
  FederationFetchResponse,
  wayfarer,
} from "../../proto/gen/federation.js";
import type { Outcome } from "../../src/errors.ts";
import { MAX_PEER_PAGE, type Peer } from "../../src/model/resource/peer.ts";
import type { MessageBounds, Nested } from "../rpc/bounds.ts";
import {
  type Admit,
  type MethodDefinition,
  readProto,
  type RpcCall,
  type RpcMethod,
  rpcMethod,
} from "../rpc/method.ts";

const { DescribeRequest, DescribeResponse, PushRequest, PushResponse } = wayfarer.federation.v1;

export type DescribeRequest = wayfarer.federation.v1.DescribeRequest;
export type DescribeAnswer = wayfarer.federation.v1.DescribeResponse.$Properties;
export type PushRequest = wayfarer.federation.v1.PushRequest;
export type PushAnswer = wayfarer.federation.v1.PushResponse.$Properties;
export type FetchRequest = FederationFetchRequest;
export type FetchAnswer = FederationFetchResponse.$Properties;

/** The paths of the three calls. */
export const PATHS = {
  fetch: "/Federation/Fetch",
  push: "/wayfarer.federation.v1.Federation/Push",
  describe: "/wayfarer.federation.v1.Federation/Describe",
} as const;

/** What answers the three calls. */
export type FederationHandlers = {
  readonly admitFetch: Admit<Peer>;
  readonly fetch: Handle<FetchRequest, FetchAnswer, Peer>;
  readonly admitPush: Admit<Peer>;
  readonly push: Handle<PushRequest, PushAnswer, Peer>;
  readonly admitDescribe: Admit<Peer | undefined>;
  readonly describe: Handle<DescribeRequest, DescribeAnswer, Peer | undefined>;
};

type Handle<Request, Answer, Caller> = (
  request: Request,
  call: RpcCall,
  caller: Caller,
) => Promise<Outcome<Answer>>;

/** 64-bit numbers and names of enums as JSON wants them (protobuf.dev, JSON mapping). */
const JSON_FORM = { longs: String, enums: String, bytes: String, defaults: true } as const;

/** More than fit into a page of ours; see MAX_PAGE_BYTES. */
const MAX_PAGE_FIELDS = 300_000;
const STATE: Nested = { 1: {}, 2: {} };
/** Regions, mostly. */
const QUESTION: MessageBounds = { fields: 2000, nested: { 6: STATE } };
const BATCH: MessageBounds = {
  fields: MAX_PAGE_FIELDS,
  nested: { 2: {}, 3: {} },
  elements: { of: { 2: "keys", 3: "revisedKeys" }, max: MAX_PEER_PAGE, what: "keys in a batch" },
};

/** The table for the RPC server. */
export function federationMethods(handlers: FederationHandlers): readonly RpcMethod[] {
  return [
    rpcMethod({
      path: PATHS.fetch,
      bounds: QUESTION,
      decode: (bytes) => FederationFetchRequest.decode(bytes),
      encode: (answer) => FederationFetchResponse.encode(answer).finish(),
      fromJson: (value) => FederationFetchRequest.fromObject(objectOf(value)),
      toJson: (answer) =>
        FederationFetchResponse.toObject(FederationFetchResponse.fromObject(answer), JSON_FORM),
      admit: handlers.admitFetch,
      handle: handlers.fetch,
    }),
    rpcMethod({
      path: PATHS.push,
      bounds: BATCH,
      decode: (bytes) => PushRequest.decode(bytes),
      encode: (answer) => PushResponse.encode(answer).finish(),
      fromJson: (value) => PushRequest.fromObject(withKeysInBase64(objectOf(value))),
      toJson: (answer) => PushResponse.toObject(PushResponse.fromObject(answer), JSON_FORM),
      admit: handlers.admitPush,
      handle: handlers.push,
    }),
    rpcMethod({
      path: PATHS.describe,
      bounds: QUESTION,
      decode: (bytes) => DescribeRequest.decode(bytes),
      encode: (answer) => DescribeResponse.encode(answer).finish(),
      fromJson: (value) => DescribeRequest.fromObject(objectOf(value)),
      toJson: (answer) => DescribeResponse.toObject(DescribeResponse.fromObject(answer), JSON_FORM),
      admit: handlers.admitDescribe,
      handle: handlers.describe,
    }),
  ];
}

type Answer<T> = Pick<MethodDefinition<T, unknown, unknown>, "bounds" | "decode">;

const answer = <T>({ bounds, decode }: Answer<T>) => (bytes: Uint8Array): Outcome<T> =>
  readProto({ bounds, decode }, bytes);

/** What peers answer, bounded like what they ask: `limit_exceeded` before anything is made of too much. */
export const readAnswer: {
  readonly fetch: (bytes: Uint8Array) => Outcome<FederationFetchResponse>;
  readonly push: (bytes: Uint8Array) => Outcome<wayfarer.federation.v1.PushResponse>;
  readonly describe: (bytes: Uint8Array) => Outcome<wayfarer.federation.v1.DescribeResponse>;
} = {
  fetch: answer({
    bounds: {
      fields: MAX_PAGE_FIELDS,
      nested: { 1: {}, 2: {}, 4: STATE },
      elements: { of: { 1: "keys", 2: "revisedKeys" }, max: MAX_PEER_PAGE, what: "keys in a page" },
    },
    decode: (bytes) => FederationFetchResponse.decode(bytes),
  }),
  push: answer({
    bounds: {
      fields: MAX_PAGE_FIELDS,
      nested: { 1: {}, 2: {} },
      elements: {
        of: { 1: "verdicts", 2: "revisedVerdicts" },
        max: MAX_PEER_PAGE,
        what: "verdicts",
      },
    },
    decode: (bytes) => PushResponse.decode(bytes),
  }),
  describe: answer({
    bounds: { fields: 10_000, nested: { 3: {}, 4: {} } },
    decode: (bytes) => DescribeResponse.decode(bytes),
  }),
};

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("a message must be a JSON object");
  }
  return { ...value };
}

/** The decoder would take any list of whatever for the bytes of a key. */
function withKeysInBase64(batch: Record<string, unknown>): Record<string, unknown> {
  for (const name of ["keys", "revisedKeys"]) {
    const keys = batch[name];
    for (const key of Array.isArray(keys) ? keys : []) {
      const bytes: unknown = objectOf(key)["exposureKey"] ?? "";
      if (typeof bytes !== "string") throw new TypeError("exposureKey must be base64");
    }
  }
  return batch;
}
