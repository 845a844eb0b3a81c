import {
  FederationFetchRequest,
  type FederationFetchResponse,
  wayfarer,
} from "../../proto/gen/federation.js";
import type { Credential } from "../../src/cloud/credential.ts";
import { accept, asAppError, type ErrorCode, type Outcome, refuse } from "../../src/errors.ts";
import { isUnreachable } from "../../src/http/call-failure.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { CallCredentials } from "../auth/call-credentials.ts";
import type { RpcClient, RpcOutcome, RpcRefusal } from "../rpc/client.ts";
import { PATHS, readAnswer } from "../messages.ts";

const { DescribeRequest, PushRequest } = wayfarer.federation.v1;

/** What a peer answered, or why it did not. */
export type PeerOutcome<T> = { readonly ok: true; readonly value: T } | RpcRefusal;

/** The calls that one peer answers. None rejects. */
export type PeerClient = {
  fetch(
    request: FederationFetchRequest.$Properties,
    signal: AbortSignal,
  ): Promise<PeerOutcome<FederationFetchResponse>>;
  push(
    request: wayfarer.federation.v1.PushRequest.$Properties,
    signal: AbortSignal,
  ): Promise<PeerOutcome<wayfarer.federation.v1.PushResponse>>;
  describe(
    request: wayfarer.federation.v1.DescribeRequest.$Properties,
    signal: AbortSignal,
  ): Promise<PeerOutcome<wayfarer.federation.v1.DescribeResponse>>;
};

/** How a peer can be spoken to. */
export type Transports = Readonly<Record<"connect" | "grpc", (baseUrl: string) => RpcClient>>;

/**
 * A client of `rpc`. `credential` gives the token for each call, and another one, once, when the peer does not accept
 * it; without a credential the calls are a stranger's.
 */
export function peerClient(rpc: RpcClient, credential?: Credential<string>): PeerClient {
  const call = async <T>(
    path: string,
    message: Uint8Array,
    signal: AbortSignal,
    read: (bytes: Uint8Array) => Outcome<T>,
  ): Promise<PeerOutcome<T>> => {
    const answer = await authorizedCall(rpc, path, message, signal, credential);
    if (!answer.ok) return answer;
    const decoded = read(answer.value);
    if (decoded.ok) return decoded;
    return decoded.code === "limit_exceeded"
      ? refuse(decoded.code, `the answer has ${decoded.message}`)
      : refuse("fetch_failed", "the answer is not the message that was asked for");
  };
  return {
    fetch: (request, signal) =>
      call(
        PATHS.fetch,
        FederationFetchRequest.encode(request).finish(),
        signal,
        readAnswer.fetch,
      ),
    push: (request, signal) =>
      call(
        PATHS.push,
        PushRequest.encode(request).finish(),
        signal,
        readAnswer.push,
      ),
    describe: (request, signal) =>
      call(
        PATHS.describe,
        DescribeRequest.encode(request).finish(),
        signal,
        readAnswer.describe,
      ),
  };
}

async function authorizedCall(
  rpc: RpcClient,
  path: string,
  message: Uint8Array,
  signal: AbortSignal,
  credential: Credential<string> | undefined,
): Promise<RpcOutcome> {
  if (credential === undefined) return await rpc(path, message, { signal });
  const call = (token: string) => rpc(path, message, { signal, authorization: `Bearer ${token}` });
  const token = await tokenOf(credential);
  if (!token.ok) return token;
  const answer = await call(token.value);
  const isRefused = !answer.ok && answer.code === "unauthenticated";
  if (!isRefused || !credential.refused(token.value)) return answer;
  const again = await tokenOf(credential);
  return again.ok && again.value !== token.value ? await call(again.value) : answer;
}

async function tokenOf({ get }: Credential<string>): Promise<Outcome<string>> {
  try {
    return accept(await get());
  } catch (error) {
    const { code, message } = asAppError(error);
    return refuse(code, message);
  }
}

/** A client of a peer, and which way it goes. */
export type OpenedClient = { readonly protocol: "connect" | "grpc"; readonly client: PeerClient };

/** Finds out how to speak to peers, and remembers what was found. */
export type OpenClient = (peer: Peer, signal: AbortSignal) => Promise<OpenedClient>;

/** What a server answers, besides nothing, that does not know Describe over Connect: not even that it is another's to ask. */
const STRANGERS: readonly ErrorCode[] = ["unimplemented", "internal", "unavailable"];

const isStranger = (code: ErrorCode): boolean => STRANGERS.includes(code) || isUnreachable(code);

/**
 * `auto` is Connect where Describe is answered over it, else native gRPC; asked again when that was not certain, and
 * when a call over Connect fails like one to a server that does not speak it.
 */
export function clientOpener(
  transports: Transports,
  credentials: CallCredentials,
): OpenClient {
  const speakConnect = new Set<string>();
  const open = (peer: Peer, protocol: "connect" | "grpc"): OpenedClient => ({
    protocol,
    client: peerClient(transports[protocol](peer.serverId), credentials(peer)),
  });
  return async (peer, signal) => {
    if (peer.protocol === "connect" || peer.protocol === "grpc") return open(peer, peer.protocol);
    const connect = open(peer, "connect");
    const doubted = forgetting(connect, () => speakConnect.delete(peer.serverId));
    if (speakConnect.has(peer.serverId)) return doubted;
    const answer = await connect.client.describe({ fromDay: 0, untilDay: 0 }, signal);
    if (!answer.ok) return isStranger(answer.code) ? open(peer, "grpc") : connect;
    speakConnect.add(peer.serverId);
    return doubted;
  };
}

/** A client that tells when a call fails like one to a stranger. */
function forgetting({ protocol, client }: OpenedClient, forget: () => void): OpenedClient {
  const told = <A, T>(
    call: (request: A, signal: AbortSignal) => Promise<PeerOutcome<T>>,
  ): typeof call =>
  async (request, signal) => {
    const answer = await call(request, signal);
    if (!answer.ok && isStranger(answer.code)) forget();
    return answer;
  };
  const { fetch, push, describe } = client;
  return { protocol, client: { fetch: told(fetch), push: told(push), describe: told(describe) } };
}
