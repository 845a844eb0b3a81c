import type { ExportDependencies } from "../../src/export/run.ts";

/** A process that dies at a chosen step. */
export type Life = {
  /** Calls to ports started or finished so far. */
  readonly steps: () => number;
  /** The dependencies of the process. Once it is dead, its calls have no effect. */
  readonly dependencies: ExportDependencies;
};

export class Killed extends Error {}

const PORTS = [
  "resources",
  "watermark",
  "schedule",
  "batches",
  "indexes",
  "exposures",
  "leases",
  "blob",
  "keys",
] as const satisfies readonly (keyof ExportDependencies)[];

/**
 * A process that is killed at step `dieAt`: just before one of its calls to a port takes effect, or just after,
 * with the response lost. Leases stay as they are, open transactions are rolled back.
 */
export function mortal(dependencies: ExportDependencies, dieAt: number): Life {
  let steps = 0;
  const live = (): void => {
    steps += 1;
    if (steps >= dieAt) throw new Killed();
  };
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]): Promise<unknown> => {
          live();
          const answer: unknown = await Reflect.apply(member, target, args);
          live();
          return answer;
        };
      },
    });
  const wrapped: Partial<Record<(typeof PORTS)[number], object>> = {};
  for (const port of PORTS) wrapped[port] = wrap(dependencies[port]);
  return {
    steps: () => steps,
    dependencies: { ...dependencies, ...wrapped } as ExportDependencies,
  };
}
