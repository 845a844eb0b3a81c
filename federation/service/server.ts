import type { Handler } from "../../src/runtime/runtime.ts";
import { rpcServer, type RpcServerOptions } from "../rpc/server.ts";
import { type DescribeDependencies, describeHandler } from "./describe.ts";
import { type FetchDependencies, fetchHandler } from "./fetch.ts";
import { admission } from "./admission.ts";
import { federationMethods } from "./method-table.ts";
import { type PushDependencies, pushHandler } from "./push.ts";

/** What answering peers needs. */
export type FederationServerOptions =
  & FetchDependencies
  & PushDependencies
  & DescribeDependencies
  & Pick<RpcServerOptions, "requestId" | "onError" | "monotonicMs">;

/** Largest body of a call, packed and unpacked. */
export const MAX_BODY_BYTES: number = 4 * 1024 * 1024;
/** Longest time that a call may take. */
const MAX_CALL_MS = 20_000;

/** Answers Fetch, Push and Describe in native gRPC, gRPC-Web, Connect and Connect JSON. */
export function federationServer(options: FederationServerOptions): Handler {
  const { requestId, onError, monotonicMs } = options;
  const admit = admission(options);
  return rpcServer({
    methods: federationMethods({
      admitFetch: admit.fetch,
      fetch: fetchHandler(options),
      admitPush: admit.push,
      push: pushHandler(options),
      admitDescribe: admit.describe,
      describe: describeHandler(options),
    }),
    maxBytes: options.maxBodyBytes,
    maxTimeoutMs: MAX_CALL_MS,
    monotonicMs,
    requestId,
    ...(onError === undefined ? {} : { onError }),
  });
}
