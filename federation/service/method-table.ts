import {
  FederationFetchRequest,
  FederationFetchResponse,
  wayfarer,
} from "../../proto/gen/federation.js";
import { type Outcome } from "../../src/errors.ts";
import { type RpcCall, type RpcMethod, rpcMethod } from "../rpc/method.ts";

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
  readonly fetch: (request: FetchRequest, call: RpcCall) => Promise<Outcome<FetchAnswer>>;
  readonly push: (request: PushRequest, call: RpcCall) => Promise<Outcome<PushAnswer>>;
  readonly describe: (request: DescribeRequest, call: RpcCall) => Promise<Outcome<DescribeAnswer>>;
};

/** 64-bit numbers and names of enums as JSON wants them (protobuf.dev, JSON mapping). */
const JSON_FORM = { longs: String, enums: String, bytes: String, defaults: true } as const;

/** The table for the RPC server. */
export function federationMethods(handlers: FederationHandlers): readonly RpcMethod[] {
  return [
    rpcMethod<FetchRequest, FetchAnswer>({
      path: PATHS.fetch,
      decode: (bytes) => FederationFetchRequest.decode(bytes),
      encode: (answer) => FederationFetchResponse.encode(answer).finish(),
      fromJson: (value) => FederationFetchRequest.fromObject(objectOf(value)),
      toJson: (answer) =>
        FederationFetchResponse.toObject(FederationFetchResponse.fromObject(answer), JSON_FORM),
      handle: handlers.fetch,
    }),
    rpcMethod<PushRequest, PushAnswer>({
      path: PATHS.push,
      decode: (bytes) => PushRequest.decode(bytes),
      encode: (answer) => PushResponse.encode(answer).finish(),
      fromJson: (value) => PushRequest.fromObject(objectOf(value)),
      toJson: (answer) => PushResponse.toObject(PushResponse.fromObject(answer), JSON_FORM),
      handle: handlers.push,
    }),
    rpcMethod<DescribeRequest, DescribeAnswer>({
      path: PATHS.describe,
      decode: (bytes) => DescribeRequest.decode(bytes),
      encode: (answer) => DescribeResponse.encode(answer).finish(),
      fromJson: (value) => DescribeRequest.fromObject(objectOf(value)),
      toJson: (answer) => DescribeResponse.toObject(DescribeResponse.fromObject(answer), JSON_FORM),
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
