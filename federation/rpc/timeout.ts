import { accept, type Outcome, refuse } from "../../src/errors.ts";

/** Milliseconds a unit of `grpc-timeout`. */
const UNITS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long the caller will wait, in whole milliseconds, rounded up; undefined when it does not say.
 * `grpc-timeout` is up to 8 digits and a unit, `connect-timeout-ms` up to 10 digits; anything else is
 * `invalid_argument`.
 */
export function timeoutOf(headers: Headers): Outcome<number | undefined> {
  const grpc = headers.get("grpc-timeout");
  if (grpc !== null) {
    const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(grpc) ?? [];
    const factor = UNITS[unit ?? ""];
    if (digits === undefined || factor === undefined) {
      return refuse(
        "invalid_argument",
        "grpc-timeout must be up to 8 digits and one of H M S m u n",
      );
    }
    return accept(Math.ceil(Number(digits) * factor));
  }
  const connect = headers.get("connect-timeout-ms");
  if (connect === null) return accept(undefined);
  if (!/^\d{1,10}$/.test(connect)) {
    return refuse("invalid_argument", "connect-timeout-ms must be up to 10 digits");
  }
  return accept(Number(connect));
}
