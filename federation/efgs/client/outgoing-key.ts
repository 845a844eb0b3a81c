import type { FeedKey } from "../../../src/model/feed.ts";
import { asSeconds } from "../../../src/model/ids.ts";
import {
  DAY_SECONDS,
  dayAt,
  dayOfInterval,
  secondsOfInterval,
} from "../../../src/model/interval.ts";
import { validUntil } from "../../../src/model/key-check.ts";
import { REPORT_TYPES } from "../../../src/model/report-type.ts";
import type { EfgsAgreement } from "../../../src/model/resource/efgs-agreement.ts";
import { encodeDsos } from "../dsos.ts";
import { keyFault, MAX_VISITED_CHARACTERS, NO_RISK } from "../key-fault.ts";
import type { EfgsKey } from "../wire/batch.ts";

/** Why a key of ours does not go to a gateway. Stable: counted by name. */
export type OutgoingRefusal =
  | "not_ours"
  | "country"
  | "self_report"
  | "too_old"
  | "still_valid"
  | "key_fault";

/** A key for the gateway, or why it stays. */
export type OutgoingKey =
  | { readonly ok: true; readonly key: EfgsKey }
  | { readonly ok: false; readonly reason: OutgoingRefusal };

/** A key that began earlier may be too old for the gateway when it arrives. */
const MAX_AGE_SECONDS = 14 * DAY_SECONDS;
/** A key goes out so long after its end at the earliest. */
export const EMBARGO_SECONDS = 7200;

/**
 * A key of the feed as the gateway takes it. All its limits are checked here: one bad key would fail a whole batch, and
 * some limits come back as "exists" and lose the key.
 */
export function outgoingKey(
  key: FeedKey,
  agreement: EfgsAgreement,
  nowSeconds: number,
): OutgoingKey {
  const { country, countries, participants } = agreement;
  if (key.homeServer !== undefined || key.hops > 0) return refused("not_ours");
  if (
    !key.regions.some((region) => Object.hasOwn(countries, region) && countries[region] === country)
  ) {
    return refused("country");
  }
  if (key.reportType === "user-report" && !agreement.selfReport) return refused("self_report");
  if (secondsOfInterval(key.intervalNumber) < nowSeconds - MAX_AGE_SECONDS) {
    return refused("too_old");
  }
  const end = validUntil(key.intervalNumber, key.intervalCount);
  if (end > asSeconds(nowSeconds) - EMBARGO_SECONDS) return refused("still_valid");
  const made: EfgsKey = {
    keyData: key.key,
    rollingStart: key.intervalNumber,
    rollingPeriod: key.intervalCount,
    transmissionRisk: key.transmissionRisk === 0 ? NO_RISK : key.transmissionRisk,
    visitedCountries: key.traveler ? participants.filter((one) => one !== country) : [],
    origin: country,
    reportType: REPORT_TYPES[key.reportType].wire,
    daysSinceOnset: encodeDsos(
      { daysSinceOnset: key.daysSinceOnset, told: key.onsetTold === true },
      dayOfInterval(key.intervalNumber),
      dayAt(key.window),
    ),
  };
  const tooMany = made.visitedCountries.join(",").length > MAX_VISITED_CHARACTERS;
  return tooMany || keyFault(made, nowSeconds) !== undefined
    ? refused("key_fault")
    : { ok: true, key: made };
}

const refused = (reason: OutgoingRefusal): OutgoingKey => ({ ok: false, reason });
