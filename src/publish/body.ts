import { accept, type Outcome, refuse } from "../errors.ts";

/** Bounds of a request's body. */
export type BodyLimits = {
  readonly maxBodyBytes: number;
  /** Milliseconds from now until the body must be complete. */
  readonly bodyTimeoutMs: number;
};

/**
 * The bytes of a body, counted while they come: `body_too_large` at the first byte too many, `request_timeout`
 * when they come too slowly, `bad_request` when the connection breaks.
 */
export async function readBounded(
  request: Request,
  limits: BodyLimits,
): Promise<Outcome<Uint8Array>> {
  const tooLarge = () =>
    refuse("body_too_large", `the body is larger than ${limits.maxBodyBytes} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > limits.maxBodyBytes) return tooLarge();
  if (request.body === null) return accept(new Uint8Array());
  const reader = request.body.getReader();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => undefined);
  }, limits.bodyTimeoutMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > limits.maxBodyBytes) {
        reader.cancel().catch(() => undefined);
        return tooLarge();
      }
      chunks.push(part.value);
    }
  } catch {
    return refuse("bad_request", "the body broke off");
  } finally {
    clearTimeout(timer);
  }
  if (late) {
    return refuse(
      "request_timeout",
      `the body took longer than ${limits.bodyTimeoutMs / 1000} s`,
    );
  }
  return accept(joined(chunks, size));
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
