import { TimeoutError, within } from "../bounds/deadline.ts";
import { readBounded } from "../bounds/read.ts";
import { accept, type Outcome, type Refusal, refuse } from "../errors.ts";

/** Bounds of a request's body. */
export type BodyLimits = {
  readonly maxBodyBytes: number;
  /** Milliseconds from now until the body must be complete. */
  readonly bodyTimeoutMs: number;
};

/** How many requests are there, chaff among them. Shared by all publish routes. */
export type Admission = {
  /** Their bodies are being received. */
  receiving: number;
  /** They are worked on. */
  inFlight: number;
};

/** What admission goes by. */
export type AdmissionDependencies = {
  readonly admission: Admission;
  readonly settings: BodyLimits & { readonly maxInFlight: number };
};

/** A body that comes slowly holds no place among those worked on, so there are more of them. */
const RECEIVING_PER_PLACE = 16;

/** Whether no more can be worked on. */
export function tooMany({ admission, settings }: AdmissionDependencies): boolean {
  return admission.inFlight >= settings.maxInFlight;
}

/** {@link readBody}, or `overloaded` when too many bodies are being received or too many requests worked on. */
export async function receive(
  request: Request,
  deps: AdmissionDependencies,
): Promise<Outcome<Uint8Array>> {
  const { admission, settings } = deps;
  if (tooMany(deps) || admission.receiving >= settings.maxInFlight * RECEIVING_PER_PLACE) {
    return refuse("overloaded");
  }
  admission.receiving++;
  try {
    return await readBody(request, settings);
  } finally {
    admission.receiving--;
  }
}

/**
 * The bytes of a body, counted while they come: `body_too_large` at the first byte too many, `request_timeout`
 * when they come too slowly, `bad_request` when the connection breaks.
 */
async function readBody(
  request: Request,
  limits: BodyLimits,
): Promise<Outcome<Uint8Array>> {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > limits.maxBodyBytes) return tooLarge(limits);
  try {
    return length !== null && DIGITS.test(length)
      ? await readAnnounced(request, limits)
      : await readBounded(request.body, {
        maxBytes: limits.maxBodyBytes,
        timeoutMs: limits.bodyTimeoutMs,
        tooLarge: () => tooLarge(limits),
      });
  } catch (error) {
    if (!(error instanceof TimeoutError)) return refuse("bad_request", "the body broke off");
    return refuse(
      "request_timeout",
      `the body took longer than ${limits.bodyTimeoutMs / 1000} s`,
    );
  }
}

const DIGITS = /^\d+$/;

/**
 * HTTP ends a body at its Content-Length (RFC 9112, 6.3; RFC 9113, 8.1.1), so one that announces few bytes can be
 * taken whole, which is four times as fast as part by part. What came is counted all the same.
 */
async function readAnnounced(request: Request, limits: BodyLimits): Promise<Outcome<Uint8Array>> {
  const bytes = await within(limits.bodyTimeoutMs, () => request.arrayBuffer());
  return bytes.byteLength > limits.maxBodyBytes ? tooLarge(limits) : accept(new Uint8Array(bytes));
}

function tooLarge({ maxBodyBytes }: BodyLimits): Refusal {
  return refuse("body_too_large", `the body is larger than ${maxBodyBytes} bytes`);
}
