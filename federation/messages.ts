import {
  type FederationFetchRequest,
  FederationFetchResponse,
  wayfarer,
} from "../proto/gen/federation.js";
import type { Outcome } from "../src/errors.ts";
import { MAX_PEER_PAGE } from "../src/model/resource/peer.ts";
import type { Nested } from "./rpc/bounds.ts";
import { type MethodDefinition, readProto } from "./rpc/method.ts";

const { DescribeResponse, PushResponse } = wayfarer.federation.v1;

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

/** More than fit into a page of ours; see MAX_PAGE_BYTES. */
export const MAX_PAGE_FIELDS = 300_000;
/** The two cursors of a feed position, as fields of a message. */
export const STATE: Nested = { 1: {}, 2: {} };

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
