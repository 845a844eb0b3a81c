import { accept, type Outcome } from "../../src/errors.ts";
import {
  faultOfJson,
  faultOfJsonText,
  faultOfProto,
  type MessageBounds,
  UNREADABLE,
} from "./bounds.ts";

/** What a handler may know of the call. */
export type RpcCall = {
  readonly headers: Headers;
  /** Aborted with an AppError when the caller's deadline or ours has passed (`deadline_exceeded`), or it went away (`canceled`). */
  readonly signal: AbortSignal;
  /** Milliseconds until that deadline; below 0 when it has passed. */
  readonly timeLeftMs: () => number;
  readonly requestId: string;
  readonly clientCertificateFingerprint?: string;
  /** Headers for the answer, refusals included; for example retry-after. */
  readonly answerHeaders: Headers;
};

/** One unary method: its codec and its handler. `decode` and `fromJson` throw on what they cannot read. */
export type MethodDefinition<Request, Answer, Caller> = {
  /** For example `/Federation/Fetch`. */
  readonly path: string;
  /** Of a request; undefined for what is no protobuf. */
  readonly bounds: MessageBounds | undefined;
  decode(bytes: Uint8Array): Request;
  encode(answer: Answer): Uint8Array;
  fromJson(value: unknown): Request;
  toJson(answer: Answer): unknown;
  /** Does the work for a caller who may ask for it. Asked before a byte of the message is read. */
  readonly admit: Admit<Caller>;
  handle(request: Request, call: RpcCall, caller: Caller): Promise<Outcome<Answer>>;
};

/** Refuses, or answers what the work gives. */
export type Admit<Caller> = <T>(
  call: RpcCall,
  work: (caller: Caller) => Promise<Outcome<T>>,
) => Promise<Outcome<T>>;

export type Codec = "proto" | "json";

/** A method whose types are hidden: bytes in, bytes out. */
export type RpcMethod = {
  readonly path: string;
  answer(
    codec: Codec,
    readMessage: () => Promise<Outcome<Uint8Array>>,
    call: RpcCall,
  ): Promise<Outcome<Uint8Array>>;
};

/** Makes a method for the table of {@link rpcServer}. */
export function rpcMethod<Request, Answer, Caller>(
  definition: MethodDefinition<Request, Answer, Caller>,
): RpcMethod {
  const read: Record<Codec, (bytes: Uint8Array) => Outcome<Request>> = {
    proto: (bytes) => readProto(definition, bytes),
    json: (bytes) => readJson(definition, bytes),
  };
  const write: Record<Codec, (answer: Answer) => Uint8Array> = {
    proto: (answer) => definition.encode(answer),
    json: (answer) => new TextEncoder().encode(JSON.stringify(definition.toJson(answer))),
  };
  return {
    path: definition.path,
    async answer(codec, readMessage, call) {
      const outcome = await definition.admit(call, async (caller) => {
        const bytes = await readMessage();
        if (!bytes.ok) return bytes;
        const request = read[codec](bytes.value);
        return request.ok ? await definition.handle(request.value, call, caller) : request;
      });
      return outcome.ok ? accept(write[codec](outcome.value)) : outcome;
    },
  };
}

/**
 * A message of protobuf: `limit_exceeded` for more than its bounds, before it is decoded, `invalid_argument` for what
 * cannot be read.
 */
export function readProto<T>(
  { bounds, decode }: { readonly bounds: MessageBounds | undefined; decode(bytes: Uint8Array): T },
  bytes: Uint8Array,
): Outcome<T> {
  return (bounds && faultOfProto(bytes, bounds)) ?? attempt(() => accept(decode(bytes)));
}

function readJson<T>(
  { bounds, fromJson }: {
    readonly bounds: MessageBounds | undefined;
    fromJson(value: unknown): T;
  },
  bytes: Uint8Array,
): Outcome<T> {
  return (bounds && faultOfJsonText(bytes, bounds)) ?? attempt(() => {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return (bounds && faultOfJson(value, bounds)) ?? accept(fromJson(value));
  });
}

function attempt<T>(read: () => Outcome<T>): Outcome<T> {
  try {
    return read();
  } catch {
    return UNREADABLE;
  }
}
