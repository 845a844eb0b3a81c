import type { Outcome, Refusal } from "../../src/errors.ts";
import type { Connection } from "../../src/runtime/runtime.ts";
import type { Codec } from "./method.ts";

/** What an answer is written with. */
export type AnswerContext = {
  /** The media type of the request, which the answer repeats. */
  readonly mediaType: string;
  readonly headers: Headers;
  readonly connection: Connection;
};

/** How a call is written in HTTP; the four differ only in framing and in where the status goes. */
export type Encoding = {
  readonly codec: Codec;
  /** Why this connection cannot carry the encoding, if so. */
  unusable?(connection: Connection): Refusal | undefined;
  /** The message of a request, at most `maxBytes`, packed and unpacked. Rejects when the client goes away. */
  read(request: Request, maxBytes: number): Promise<Outcome<Uint8Array<ArrayBuffer>>>;
  succeed(message: Uint8Array, context: AnswerContext): Response;
  fail(refusal: Refusal, context: AnswerContext): Response;
};
