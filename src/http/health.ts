import { jsonAnswer } from "./answer.ts";

/** One thing that must work before requests may come; throws when it does not. */
export type ReadinessCheck = { readonly name: string; readonly check: () => Promise<void> };

/** `/healthz` and `/readyz`. */
export type Health = {
  /** 200 as long as this process answers at all. */
  live(): Response;
  /** 200 when every check passes, else 503 with the names of those that fail; 503 while draining. */
  ready(): Promise<Response>;
  /** From now on not ready: no new requests should come. */
  drain(): void;
};

/** Health of a process. Causes stay out of the answers: anybody may ask. */
export function health(checks: readonly ReadinessCheck[]): Health {
  let draining = false;
  return {
    live: () => jsonAnswer(200, { status: "ok" }),
    ready: async () => {
      if (draining) return jsonAnswer(503, { status: "draining" });
      const results = await Promise.all(
        checks.map(async ({ name, check }) =>
          await check().then(() => [name, "ok"], () => [name, "failed"])
        ),
      );
      const failed = results.some(([, result]) => result !== "ok");
      return jsonAnswer(failed ? 503 : 200, {
        status: failed ? "failed" : "ok",
        checks: Object.fromEntries(results),
      });
    },
    drain: () => {
      draining = true;
    },
  };
}
