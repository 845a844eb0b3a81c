import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { decodeBase64, encodeBase64Url } from "../../src/bytes/base64.ts";
import { importAesKey, seal, unseal } from "../../src/keys/crypto.ts";
import { KEY_BYTES } from "../../src/model/exposure.ts";
import type { FeedPosition, FeedStream } from "../../src/model/feed.ts";
import { asWindow } from "../../src/model/ids.ts";

/** A cursor of `federation.proto`. */
export type WireCursor = { readonly timestamp: number; readonly nextToken: string };

/** Positions in the feed as others keep them for us. */
export type CursorCodec = {
  /** `belongsTo`: peer and filters; another text cannot open it, unless it is the start of a window. */
  seal(stream: FeedStream, position: FeedPosition, belongsTo: string): Promise<WireCursor>;
  /** `invalid_argument` for what was not sealed here, for this stream, peer and filters. */
  open(stream: FeedStream, cursor: WireCursor, belongsTo: string): Promise<Outcome<FeedPosition>>;
};

/** Bytes of the key that {@link cursorCodec} takes. */
export const CURSOR_KEY_BYTES = 32;
const VERSION = 1;
/** version(1) ‖ nonce(12) ‖ key(16; 0 in tokens of old) ‖ tag(16), in base64url. */
const MAX_TOKEN_LENGTH = 60;

/**
 * Tokens are version(1) ‖ AES-256-GCM of the key after which the feed goes on (16 bytes), with stream, timestamp,
 * peer and filters as additional data. Sealed rather than only signed, since the scan may have ended at a key that
 * the peer must not see. A cursor without a token is the start of its window, whichever that is: what may be sent is
 * decided by the agreement, so a peer that begins in the middle leaves out only what it could have had. Such a place
 * belongs to no filters, so that a deployed peer that has read everything may change its regions.
 */
export async function cursorCodec(
  crypto: Crypto,
  key: Uint8Array,
): Promise<CursorCodec> {
  const sealer = await importAesKey(crypto, key);
  const boundTo = (stream: FeedStream, timestamp: number, belongsTo: string): Uint8Array =>
    new TextEncoder().encode(["wayfarer feed", VERSION, stream, timestamp, belongsTo].join("\n"));
  return {
    seal: async (stream, { window, key }, belongsTo) => {
      if (key === undefined) return { timestamp: window, nextToken: "" };
      const data = boundTo(stream, window, belongsTo);
      const sealed = await seal(crypto, sealer, key, data);
      const token = new Uint8Array(1 + sealed.length);
      token[0] = VERSION;
      token.set(sealed, 1);
      return { timestamp: window, nextToken: encodeBase64Url(token) };
    },
    open: async (stream, { timestamp, nextToken }, belongsTo) => {
      if (!Number.isSafeInteger(timestamp)) return unknown();
      // Deployed clients begin with the year 1.
      if (nextToken === "") return accept({ window: asWindow(Math.max(0, timestamp)) });
      const token = nextToken.length > MAX_TOKEN_LENGTH ? undefined : decodeBase64(nextToken);
      if (token?.[0] !== VERSION) return unknown();
      const data = boundTo(stream, timestamp, belongsTo);
      const after = await unseal(crypto, sealer, token.subarray(1), data);
      if (after === undefined) return unknown();
      const window = asWindow(timestamp);
      if (after.length === 0) return accept({ window });
      return after.length === KEY_BYTES ? accept({ window, key: after }) : unknown();
    },
  };
}

const unknown = () =>
  refuse(
    "invalid_argument",
    "the state is not one that was answered to the same question: begin again without a state",
  );
