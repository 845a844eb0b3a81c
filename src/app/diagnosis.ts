import { asAppError } from "../errors.ts";
import type { ReadinessCheck } from "../http/health.ts";
import { attestPart } from "./attest.ts";
import { exportPart } from "./export.ts";
import type { Foundation } from "./foundation.ts";
import { publishHealth } from "./publish-health.ts";
import { readinessChecks } from "./readiness.ts";

/** Something that was looked at; `fault` says what is wrong, and what to do. */
export type Finding = { readonly name: string; readonly fault?: string };

/** Looks at all that a server stands on: what `/readyz` asks, the keys of exports, and the vendors of attestations. */
export async function diagnose(foundation: Foundation): Promise<readonly Finding[]> {
  const readiness = readinessChecks(foundation, {
    // Only a server has answered publishes.
    publishes: publishHealth(foundation.clock.monotonic),
    exports: () => exportPart(foundation).statuses(),
  }).filter(({ name }) => name !== "publishes");
  const found = await Promise.all([...readiness, ...await keyChecks(foundation)].map(finding));
  return [...found, ...await attestationFindings(foundation)];
}

async function finding({ name, check }: ReadinessCheck): Promise<Finding> {
  try {
    await check();
    return { name };
  } catch (error) {
    return { name, fault: asAppError(error).message };
  }
}

/** Whether the manager of each signing key hands out its public half. */
async function keyChecks({ cache, keys }: Foundation): Promise<readonly ReadinessCheck[]> {
  return (await cache.fresh()).list("SigningKey").map(({ name, key }) => ({
    name: `signing key ${name}`,
    check: async () => {
      await keys.publicKeyPem(key);
    },
  }));
}

async function attestationFindings(foundation: Foundation): Promise<readonly Finding[]> {
  const { tryVendors } = attestPart(foundation);
  const authorities = (await foundation.cache.fresh()).list("HealthAuthority");
  const trials = (await Promise.all(authorities.map(tryVendors))).flat();
  return trials.map(({ healthAuthority, platform, kind, fault }) => {
    const name = `attestation of ${healthAuthority} on ${platform} (${kind})`;
    return fault === undefined ? { name } : { name, fault };
  });
}
