import { accept, type Outcome, refuse } from "../../src/errors.ts";

/** What a handler may know of the call. */
export type RpcCall = {
  readonly headers: Headers;
  /** Aborted with an AppError when the caller's deadline or ours has passed (`deadline_exceeded`), or it went away (`canceled`). */
  readonly signal: AbortSignal;
  readonly requestId: string;
  readonly clientCertificateFingerprint?: string;
  /** Headers for the answer, refusals included; for example retry-after. */
  readonly answerHeaders: Headers;
};

/** One unary method: its codec and its handler. `decode` and `fromJson` throw on what they cannot read. */
export type MethodDefinition<Request, Answer> = {
  /** For example `/Federation/Fetch`. */
  readonly path: string;
  decode(bytes: Uint8Array): Request;
  encode(answer: Answer): Uint8Array;
  fromJson(value: unknown): Request;
  toJson(answer: Answer): unknown;
  handle(request: Request, call: RpcCall): Promise<Outcome<Answer>>;
};

export type Codec = "proto" | "json";

/** A method whose types are hidden: bytes in, bytes out. */
export type RpcMethod = {
  readonly path: string;
  answer(codec: Codec, bytes: Uint8Array, call: RpcCall): Promise<Outcome<Uint8Array>>;
};

/** Makes a method for the table of {@link rpcServer}. */
export function rpcMethod<Request, Answer>(
  definition: MethodDefinition<Request, Answer>,
): RpcMethod {
  const read: Record<Codec, (bytes: Uint8Array) => Request> = {
    proto: (bytes) => definition.decode(bytes),
    json: (bytes) => definition.fromJson(parseJson(bytes)),
  };
  const write: Record<Codec, (answer: Answer) => Uint8Array> = {
    proto: (answer) => definition.encode(answer),
    json: (answer) => new TextEncoder().encode(JSON.stringify(definition.toJson(answer))),
  };
  return {
    path: definition.path,
    async answer(codec, bytes, call) {
      const request = attempt(() => read[codec](bytes));
      if (!request.ok) return request;
      const outcome = await definition.handle(request.value, call);
      return outcome.ok ? accept(write[codec](outcome.value)) : outcome;
    },
  };
}

function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

// What a parser says may quote the input, so it is not passed on.
function attempt<T>(read: () => T): Outcome<T> {
  try {
    return accept(read());
  } catch {
    return refuse("invalid_argument", "the message cannot be read as what this method takes");
  }
}
