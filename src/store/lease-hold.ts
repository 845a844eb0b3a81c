import { AppError } from "../errors.ts";
import type { Leases } from "./lease.ts";

/** Calls `action` every `milliseconds` until you call the returned function. */
export type Ticker = (milliseconds: number, action: () => void) => () => void;

/** A lease that is renewed automatically. */
export type HeldLease = {
  readonly name: string;
  readonly holder: string;
  /** Aborted, with `canceled`, once the lease is known to be lost. */
  readonly lost: AbortSignal;
  /** Stops renewing and releases the lease. Never throws: a lease that cannot be released expires. */
  release(): Promise<void>;
};

/** The number of renewals in the length of a lease. */
const RENEWALS_A_LEASE = 3;

/** The process's timer, which does not keep the process alive. */
const processTicker: Ticker = (milliseconds, action) => {
  const timer = setInterval(action, milliseconds);
  if (typeof timer === "object") timer.unref();
  return () => clearInterval(timer);
};

/** Takes a lease and renews it three times in its length; undefined when another holder has it. */
export async function holdLease(
  leases: Leases,
  name: string,
  holder: string,
  seconds: number,
  ticker: Ticker = processTicker,
): Promise<HeldLease | undefined> {
  if (!await leases.take(name, holder, seconds)) return undefined;
  const loss = new AbortController();
  let failures = 0;
  const lose = (): void => {
    stop();
    loss.abort(new AppError("canceled", `the lease ${name} was lost`));
  };
  const renew = async (): Promise<void> => {
    try {
      if (!await leases.renew(name, holder, seconds)) lose();
      failures = 0;
    } catch {
      failures += 1;
      if (failures >= RENEWALS_A_LEASE) lose();
    }
  };
  const stop = ticker(seconds * 1000 / RENEWALS_A_LEASE, () => void renew());
  return {
    name,
    holder,
    lost: loss.signal,
    release: async () => {
      stop();
      await leases.release(name, holder).catch(() => undefined);
    },
  };
}
