import type { GatewayBatch } from "../../../src/model/efgs-gateway.ts";
import { dayAt } from "../../../src/model/interval.ts";
import type { CountryRequest, GatewayDependencies } from "./route.ts";
import { problem } from "./problem.ts";

/** The day that a path names, in UTC days since the epoch; an answer when it is none or too long ago. */
export function dayOf(
  { settings }: GatewayDependencies,
  { request, names: [text = ""], nowSeconds }: CountryRequest,
): number | Response {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (Number.isNaN(day) || !new Date(day).toISOString().startsWith(text)) {
    return problem(request, 400, "the date must be a day such as 2026-01-31");
  }
  const number = day / 86_400_000;
  if (number >= dayAt(nowSeconds) - settings.maxAgeDays) return number;
  return problem(
    request,
    410,
    `batches are kept for ${settings.maxAgeDays} days: ask for a later date`,
  );
}

/** The batch with a tag; an answer when there is none. */
export async function batchOf(
  { batches }: GatewayDependencies,
  { request }: CountryRequest,
  tag: string,
): Promise<GatewayBatch | Response> {
  const batch = tag.length > 64 ? undefined : await batches.find(tag);
  return batch ?? problem(request, 404, "there is no batch with this tag");
}
