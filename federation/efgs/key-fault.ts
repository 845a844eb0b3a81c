import { KEY_BYTES, MAX_TRANSMISSION_RISK } from "../../src/model/exposure.ts";
import { INTERVALS_PER_DAY } from "../../src/model/interval.ts";
import type { EfgsKey } from "./wire/batch.ts";

/** A transmission risk that says "none". */
export const NO_RISK = 2_147_483_647;
/** A key may begin so many days before today, UTC. */
const MAX_AGE_DAYS = 15;
/** What the deployed gateway's database can hold of the countries of a key, joined by commas. */
export const MAX_VISITED_CHARACTERS = 287;
const LAST_REPORT_TYPE = 5;

/** What is wrong with a key, and in which field. The text does not quote the key. */
export type KeyFault = { readonly field: string; readonly reason: string };

/** The checks of every gateway. `nowSeconds` is UTC. */
export function keyFault(key: EfgsKey, nowSeconds: number): KeyFault | undefined {
  const { keyData, rollingStart, rollingPeriod, transmissionRisk } = key;
  if (keyData.length !== KEY_BYTES) {
    return { field: "keyData", reason: `must have ${KEY_BYTES} bytes` };
  }
  const current = Math.floor(nowSeconds / 600);
  const oldest = (Math.floor(current / INTERVALS_PER_DAY) - MAX_AGE_DAYS) * INTERVALS_PER_DAY;
  if (rollingStart < oldest || rollingStart > current + 1) {
    return {
      field: "rollingStartIntervalNumber",
      reason: `must be ${oldest} to ${current + 1}, which is 15 days ago to now`,
    };
  }
  if (rollingPeriod < 1 || rollingPeriod > INTERVALS_PER_DAY) {
    return { field: "rollingPeriod", reason: `must be 1 to ${INTERVALS_PER_DAY}` };
  }
  const riskKnown = transmissionRisk >= 0 && transmissionRisk <= MAX_TRANSMISSION_RISK;
  if (!riskKnown && transmissionRisk !== NO_RISK) {
    return { field: "transmissionRiskLevel", reason: `must be 0 to 8 or ${NO_RISK}` };
  }
  return undefined;
}

/** The further checks of our gateway: what the deployed one refuses by its database, without saying why. */
export function textFault(key: EfgsKey): KeyFault | undefined {
  const { visitedCountries, reportType } = key;
  if (visitedCountries.some((country) => !/^[\x20-\x7e]+$/.test(country))) {
    return { field: "visitedCountries", reason: "must hold printable ASCII texts, none empty" };
  }
  if (visitedCountries.join(",").length > MAX_GATEWAY_VISITED_CHARACTERS) {
    return { field: "visitedCountries", reason: "must have at most 400 characters, joined" };
  }
  if (reportType < 0 || reportType > LAST_REPORT_TYPE) {
    return { field: "reportType", reason: `must be 0 to ${LAST_REPORT_TYPE}` };
  }
  return undefined;
}

const MAX_GATEWAY_VISITED_CHARACTERS = 400;
