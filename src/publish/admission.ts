import { type Outcome, refuse } from "../errors.ts";
import { type BodyLimits, readBody } from "./body.ts";

/** How many requests are there, chaff among them. Shared by all publish routes. */
export type Admission = {
  /** Their bodies are being received. */
  receiving: number;
  /** They are worked on. */
  inFlight: number;
};

/** What admission goes by. */
export type AdmissionDeps = {
  readonly admission: Admission;
  readonly settings: BodyLimits & { readonly maxInFlight: number };
};

/** A body that comes slowly holds no place among those worked on, so there are more of them. */
const RECEIVING_PER_PLACE = 16;

/** Whether no more can be worked on. */
export function tooMany({ admission, settings }: AdmissionDeps): boolean {
  return admission.inFlight >= settings.maxInFlight;
}

/** {@link readBody}, or `overloaded` when too many bodies are being received or too many requests worked on. */
export async function receive(
  request: Request,
  deps: AdmissionDeps,
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
