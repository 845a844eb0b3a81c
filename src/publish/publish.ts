import { accept, AppError, type Outcome, type Refusal, refuse } from "../errors.ts";
import type { StoredKey } from "../model/exposure.ts";
import type { Seconds } from "../model/ids.ts";
import { dayAt, dayOfInterval } from "../model/interval.ts";
import { isTooOld } from "../model/key-check.ts";
import type { PublishStore, RevisionPlan } from "../store/publish/publish.ts";
import type { CheckedSet } from "../store/publish/checked-set.ts";
import type { Platform, StatEntry } from "../store/publish/stat.ts";
import type { AttestationUse } from "./attestation.ts";
import { authorize, type Authorized, type AuthorizeDependencies } from "./authorize.ts";
import { type CheckedKeys, checkKeys, type IndexedKey, type KeyNote } from "./check-keys.ts";
import { decideExisting, type RevisionRules, type SentToken } from "./existing-key.ts";
import type { PublishRequest } from "./request-parser.ts";
import type { RevisableKey, RevisionTokens } from "./revision-token.ts";
import type { PublishSettings } from "./settings.ts";

/** What publishing needs. */
export type PublishDependencies = AuthorizeDependencies & {
  readonly store: PublishStore;
  readonly tokens: RevisionTokens;
  /** UTC seconds by this process's clock: keys and certificates are checked by it, windows by the database's. */
  readonly now: () => Seconds;
  /** False while that clock and the database's differ by more than CERTIFICATE_CLOCK_SKEW. */
  readonly clocksAgree: () => boolean;
};

/** What a publish did. */
export type Published = {
  readonly revisionToken: string;
  readonly inserted: number;
  readonly revised: number;
  /** Why some keys were refused while others went on. */
  readonly faults: readonly KeyNote[];
  readonly warnings: readonly KeyNote[];
};

/** Publishes a request's keys: all that are good, or, when a step refuses, none. */
export async function publish(
  deps: PublishDependencies,
  request: PublishRequest,
  platform: Platform,
): Promise<Outcome<Published>> {
  const now = deps.now();
  const authorized = await authorize(deps, request, now);
  // Good certificates look expired to a wrong clock, and apps throw them away after a 401.
  if (!deps.clocksAgree()) return refuse("clocks_apart");
  if (!authorized.ok) return authorized;
  const { value: by } = authorized;
  const token = await readToken(deps.tokens, request.revisionToken);
  const checked = checkKeys(request, by.reportType, by.certificateOnset, now, deps.settings);
  if (!checked.ok) return checked;
  const attested = await by.attestation?.(by.certificateUntil);
  if (attested?.ok === false) return attested;

  const use = attested?.value;
  const work = {
    by,
    token,
    checked: checked.value,
    kept: keptKeys(token, now, deps.settings),
    statOf: (inserted: readonly IndexedKey[], revised: number) =>
      statEntry(by, checked.value, inserted, revised, platform, now),
    // Before anything is stored: a publish that was committed must not fail for want of a key.
    tokenFor: await deps.tokens.maker(),
  };
  const written = await write(deps, work, use);
  if (written !== "replayed") {
    use?.unused();
    return written;
  }
  const refusal = use?.replayed();
  if (refusal !== undefined) return refusal;
  const again = await write(deps, work);
  if (again === "replayed") throw new AppError("internal", "nothing was to be used up");
  return again;
}

/** Checked keys, and all that writing and answering them needs. */
type Work = {
  readonly by: Authorized;
  readonly token: SentToken;
  readonly checked: CheckedKeys;
  /** Keys of the sent token that the new one holds too. */
  readonly kept: readonly RevisableKey[];
  readonly statOf: (inserted: readonly IndexedKey[], revised: number) => StatEntry | undefined;
  readonly tokenFor: (keys: readonly RevisableKey[]) => Promise<string>;
};

/** Writes the keys; `replayed`, and nothing is written, when the attestation was used up before. */
async function write(
  deps: PublishDependencies,
  { by, token, checked, kept, statOf, tokenFor }: Work,
  use?: AttestationUse,
): Promise<Outcome<Published> | "replayed"> {
  const { keys, faults, warnings } = checked;
  const set = checkedSet(by, keys);
  // A revocation of what we never had is not stored, so a negative set is never inserted as a whole; nor is one with
  // keys of the token, which are there already.
  const known = typeof token !== "string" && keys.some(({ hex }) => token.has(hex));
  const whole = by.reportType !== "negative" && keys.length > 0 && !known;
  if (whole && await deps.store.insertAll(set, statOf(keys, 0), use)) {
    const revisionToken = await tokenFor(withKeys(kept, keys));
    return accept({ revisionToken, inserted: keys.length, revised: 0, faults, warnings });
  }
  if (keys.length === 0 && use === undefined) {
    return accept({
      revisionToken: await tokenFor(kept),
      inserted: 0,
      revised: 0,
      faults,
      warnings,
    });
  }
  const outcome = await revise(
    deps.store,
    set,
    keys,
    {
      reportType: by.reportType,
      token,
      bypassToken: by.healthAuthority.bypassRevisionToken,
      allowPartial: deps.settings.allowPartialRevisions,
    },
    statOf,
    use,
  );
  if (outcome === "replayed" || !outcome.ok) return outcome;
  const { inserted, revised } = outcome.value;
  return accept({
    // Only for those who showed a token, or were first: stored keys are public after their export.
    revisionToken: await tokenFor(withKeys(kept, inserted)),
    inserted: inserted.length,
    revised: revised.length,
    faults,
    warnings,
  });
}

/** The token of a request. */
export async function readToken(
  tokens: RevisionTokens,
  sent: string | undefined,
): Promise<SentToken> {
  if (sent === undefined || sent === "") return "none";
  return await tokens.read(sent) ?? "unreadable";
}

/** How a set splits into what is new and what gets its revision. */
export type Split = {
  readonly inserted: readonly IndexedKey[];
  readonly revised: readonly IndexedKey[];
};

/** Splits a set by what exists already; the first key that is refused refuses it all. */
function splitSet(
  keys: readonly IndexedKey[],
  existing: ReadonlyMap<string, StoredKey>,
  rules: RevisionRules,
): Outcome<Split> {
  const inserted: IndexedKey[] = [];
  const revised: IndexedKey[] = [];
  let refusal: (Refusal & { index: number }) | undefined;
  for (const key of keys) {
    const stored = existing.get(key.hex);
    if (stored === undefined) {
      if (rules.reportType !== "negative") inserted.push(key);
      continue;
    }
    const step = decideExisting(key, stored, rules);
    if (!step.ok) {
      if (refusal === undefined || key.index < refusal.index) {
        refusal = { ...step, index: key.index };
      }
    } else if (step.value === "revise") revised.push(key);
  }
  if (refusal !== undefined) {
    const { index: _, ...first } = refusal;
    return first;
  }
  return accept({ inserted, revised });
}

async function revise(
  store: PublishStore,
  set: CheckedSet,
  keys: readonly IndexedKey[],
  rules: RevisionRules,
  statOf: (inserted: readonly IndexedKey[], revised: number) => StatEntry | undefined,
  use: AttestationUse | undefined,
): Promise<Outcome<Split> | "replayed"> {
  let outcome: Outcome<Split> = accept({ inserted: [], revised: [] });
  const written = await store.revise(set, (existing): RevisionPlan | undefined => {
    outcome = splitSet(keys, existing, rules);
    if (!outcome.ok) return undefined;
    const { inserted, revised } = outcome.value;
    // A revocation of what was never here is a request too; one that repeats what is known is not.
    const counts = inserted.length + revised.length > 0 ||
      (keys.length > 0 && existing.size === 0);
    if (!counts && use === undefined) return undefined;
    const stat = counts ? statOf(inserted, revised.length) : undefined;
    return { insert: inserted, revise: revised, stat };
  }, use);
  return written ? outcome : "replayed";
}

/** What a checked set stores. */
function checkedSet(by: Authorized, keys: readonly IndexedKey[]): CheckedSet {
  return {
    keys,
    reportType: by.reportType,
    regions: by.regions,
    traveler: by.traveler,
    healthAuthority: by.healthAuthority.name,
    issuer: by.issuer,
  };
}

/** The keys of an old token that a new one still holds. */
function keptKeys(
  token: SentToken,
  now: Seconds,
  { maxKeyAgeSeconds }: PublishSettings,
): readonly RevisableKey[] {
  if (typeof token === "string") return [];
  return [...token.values()].filter((key) => !isTooOld(key, now, maxKeyAgeSeconds));
}

function withKeys(
  kept: readonly RevisableKey[],
  added: readonly IndexedKey[],
): readonly RevisableKey[] {
  if (kept.length === 0) return added;
  const all = new Map(kept.map((key) => [key.hex, key]));
  for (const key of added) all.set(key.hex, key);
  return [...all.values()];
}

/** What a publish counts as; of revisions only keys and request count. Without an issuer it is nobody's statistics. */
function statEntry(
  by: Authorized,
  { keys, onset }: CheckedKeys,
  inserted: readonly IndexedKey[],
  revised: number,
  platform: Platform,
  now: Seconds,
): StatEntry | undefined {
  if (by.issuer === undefined) return undefined;
  const counted = { issuer: by.issuer, platform, teks: inserted.length + revised };
  if (revised > 0) return { ...counted, revision: true, missingOnset: false };
  const today = dayAt(now);
  const aged = inserted.length > 0 ? inserted : keys;
  const oldest = Math.min(...aged.map((key) => dayOfInterval(key.intervalNumber)));
  return {
    ...counted,
    revision: false,
    oldestDays: today - oldest,
    ...(onset.missing ? {} : { onsetDays: today - onset.day }),
    missingOnset: onset.missing,
  };
}
