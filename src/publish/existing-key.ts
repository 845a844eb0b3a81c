import { accept, type Outcome, refuse } from "../errors.ts";
import type { IntervalSpan, StoredKey } from "../model/exposure.ts";
import type { ReportType } from "../model/report-type.ts";
import { revisionStep } from "../model/revision.ts";
import type { IndexedKey } from "./check-keys.ts";
import type { RevisableKey } from "./revision-token.ts";

/** The token of a request: `none` when it sent none, `unreadable` when it is not one of ours. */
export type SentToken = ReadonlyMap<string, RevisableKey> | "none" | "unreadable";

/** What decides about keys that exist already. */
export type RevisionRules = {
  readonly reportType: ReportType;
  readonly token: SentToken;
  /** The health authority may revise without a token. */
  readonly bypassToken: boolean;
  /** ALLOW_PARTIAL_REVISIONS. */
  readonly allowPartial: boolean;
};

/** What happens to a key that exists already. */
export type ExistingKeyStep = "revise" | "unchanged" | "left-out";

/** Deployed apps look for this text. */
const MISSING_TOKEN_TEXT = "no revision token, but sent existing keys";

/** Decides about one key that exists already. Refusals name it by index. */
export function decideExisting(
  key: IndexedKey,
  stored: StoredKey,
  rules: RevisionRules,
): Outcome<ExistingKeyStep> {
  if (!rules.bypassToken) {
    const covered = coverage(key, stored, rules);
    if (!covered.ok) return covered;
    if (covered.value === "left-out") return accept("left-out");
  }
  if (!sameSpan(key, stored)) {
    return refuse(
      "bad_request",
      `key ${key.index} is stored with another rollingStartNumber or rollingPeriod`,
    );
  }
  const step = revisionStep(
    {
      reportType: stored.reportType,
      ...(stored.revisedTo === undefined ? {} : { revisedTo: stored.revisedTo }),
    },
    rules.reportType,
  );
  if (step.kind !== "unchanged" && !stored.sameSource) {
    return refuse(
      "bad_request",
      `key ${key.index} came from another server and can only be revised there`,
    );
  }
  switch (step.kind) {
    case "unchanged":
    case "revise":
      return accept(step.kind);
    case "already-revised":
      return refuse("key_already_revised", `key ${key.index} has already been revised`);
    case "not-allowed":
      return refuse(
        "invalid_report_type_transition",
        `key ${key.index} cannot be revised from ${step.from} to ${step.to}`,
      );
  }
}

function coverage(
  key: IndexedKey,
  stored: StoredKey,
  { token, allowPartial }: RevisionRules,
): Outcome<"covered" | "left-out"> {
  if (token === "none") return refuse("missing_revision_token", MISSING_TOKEN_TEXT);
  if (token === "unreadable") {
    return refuse("invalid_revision_token", "the revision token cannot be read");
  }
  const revisable = token.get(key.hex);
  if (revisable === undefined) {
    return allowPartial
      ? accept("left-out")
      : refuse("invalid_revision_token", `key ${key.index} is not in the revision token`);
  }
  return sameSpan(revisable, stored) ? accept("covered") : refuse(
    "invalid_revision_token",
    `key ${key.index} is in the revision token with another start or period than stored`,
  );
}

function sameSpan(a: IntervalSpan, b: IntervalSpan): boolean {
  return a.intervalNumber === b.intervalNumber && a.intervalCount === b.intervalCount;
}
