import {
  FederationFetchRequest,
  FederationFetchResponse,
  wayfarer,
} from "../../proto/gen/federation.js";
import type { Outcome } from "../../src/errors.ts";
import { MAX_PEER_PAGE, type Peer } from "../../src/model/resource/peer.ts";
import {
  type DescribeAnswer,
  type DescribeRequest,
  type FetchAnswer,
  type FetchRequest,
  MAX_PAGE_FIELDS,
  PATHS,
  type PushAnswer,
  type PushRequest,
  STATE,
} from "../messages.ts";
import type { MessageBounds } from "../rpc/bounds.ts";
import { type Admit, type RpcCall, type RpcMethod, rpcMethod } from "../rpc/method.ts";

const { v1 } = wayfarer.federation;

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
      decode: (bytes) => v1.PushRequest.decode(bytes),
      encode: (answer) => v1.PushResponse.encode(answer).finish(),
      fromJson: (value) => v1.PushRequest.fromObject(withKeysInBase64(objectOf(value))),
      toJson: (answer) => v1.PushResponse.toObject(v1.PushResponse.fromObject(answer), JSON_FORM),
      admit: handlers.admitPush,
      handle: handlers.push,
    }),
    rpcMethod({
      path: PATHS.describe,
      bounds: QUESTION,
      decode: (bytes) => v1.DescribeRequest.decode(bytes),
      encode: (answer) => v1.DescribeResponse.encode(answer).finish(),
      fromJson: (value) => v1.DescribeRequest.fromObject(objectOf(value)),
      toJson: (answer) =>
        v1.DescribeResponse.toObject(v1.DescribeResponse.fromObject(answer), JSON_FORM),
      admit: handlers.admitDescribe,
      handle: handlers.describe,
    }),
  ];
}

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
