import type { Outcome } from "../../../src/errors.ts";
import type { BatchSigner } from "./signed-batch.ts";

/** A request to a gateway, relative to its base URL. */
export type GatewayRequest = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
};

/** What a gateway answered, whatever the status. Bodies of errors are cut. */
export type GatewayAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** Sends a request with our certificate. Refused when there was no whole answer; never rejects. */
export type SendToGateway = (request: GatewayRequest) => Promise<Outcome<GatewayAnswer>>;

/** A gateway, as our side of an agreement reaches it. */
export type GatewayConnection = {
  readonly send: SendToGateway;
  readonly signer: BatchSigner;
};
