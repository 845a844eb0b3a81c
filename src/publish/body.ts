import { accept, type Outcome, type Refusal, refuse } from "../errors.ts";

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
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > limits.maxBodyBytes) return tooLarge(limits);
  const reading = length !== null && DIGITS.test(length)
    ? readWhole(request, limits)
    : readCounted(request, limits);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), limits.bodyTimeoutMs);
  });
  try {
    const outcome = await Promise.race([reading.outcome, late]);
    if (outcome !== "late") return outcome;
    reading.stop();
    return refuse(
      "request_timeout",
      `the body took longer than ${limits.bodyTimeoutMs / 1000} s`,
    );
  } finally {
    clearTimeout(timer);
  }
}

const DIGITS = /^\d+$/;

type Reading = { readonly outcome: Promise<Outcome<Uint8Array>>; stop(): void };

/**
 * HTTP ends a body at its Content-Length (RFC 9112, 6.3; RFC 9113, 8.1.1), so one that announces few bytes can be
 * taken whole, which is four times as fast as part by part. What came is counted all the same.
 */
function readWhole(request: Request, limits: BodyLimits): Reading {
  const outcome = request.arrayBuffer().then(
    (bytes) =>
      bytes.byteLength > limits.maxBodyBytes ? tooLarge(limits) : accept(new Uint8Array(bytes)),
    brokeOff,
  );
  return { outcome, stop: () => {} };
}

function readCounted(request: Request, limits: BodyLimits): Reading {
  if (request.body === null) {
    return { outcome: Promise.resolve(accept(new Uint8Array())), stop: () => {} };
  }
  const reader = request.body.getReader();
  const stop = () => {
    reader.cancel().catch(() => undefined);
  };
  const read = async (): Promise<Outcome<Uint8Array>> => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > limits.maxBodyBytes) {
        stop();
        return tooLarge(limits);
      }
      chunks.push(part.value);
    }
    return accept(joined(chunks, size));
  };
  return { outcome: read().catch(brokeOff), stop };
}

function tooLarge({ maxBodyBytes }: BodyLimits): Refusal {
  return refuse("body_too_large", `the body is larger than ${maxBodyBytes} bytes`);
}

function brokeOff(): Refusal {
  return refuse("bad_request", "the body broke off");
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
