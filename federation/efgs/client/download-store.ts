import type { Refusal } from "../../../src/errors.ts";
import type { BatchRecord, SignatureState } from "../../../src/model/efgs-batch.ts";
import { REPORT_TYPES } from "../../../src/model/report-type.ts";
import { judgeBatch, type KeyVerdict, storeBatch } from "../../inbound.ts";
import type { EfgsKey } from "../wire/batch.ts";
import type { DownloadRun } from "./download-run.ts";
import { cursorsOfPlace, dateText, type DownloadPlace } from "./download-place.ts";
import { downloadAudit, type DownloadedBatch } from "./gateway-call.ts";
import { incomingKey, isSameCountry, judgedAs } from "./incoming-key.ts";
import { byOrigin, type OriginState, verifyOrigins } from "./verify-origins.ts";

const REVOKED = REPORT_TYPES.negative.wire;

/** Judges and stores a batch together with the place after it. Refused when its signatures are required and cannot be checked. */
export async function storeDownloaded(
  run: DownloadRun,
  batch: DownloadedBatch,
  place: DownloadPlace,
): Promise<Refusal | undefined> {
  const { peer, deps, filters } = run;
  const startedAt = deps.clockMs();
  const checked = await checkSignatures(run, batch, place);
  if (!checked.ok) return checked.refusal;
  const { states } = checked;
  const isBad = (key: EfgsKey) => {
    const state = states.get(key.origin);
    return peer.efgs.verifySignatures === "require" && state?.kind === "failed" &&
      state.bad.has(key);
  };
  const good = batch.keys.filter((key) => !isBad(key));
  const received = (key: EfgsKey) => incomingKey(key, peer, deps.serverId);
  const fresh = good.filter(({ reportType }) => reportType !== REVOKED);
  const revoked = good.filter(({ reportType }) => reportType === REVOKED);
  const judged = judgeBatch(deps, judgedAs(peer), {
    keys: fresh.map(received),
    revised: revoked.map(received),
  });
  const version = run.version;
  const stored = await storeBatch(
    deps,
    peer,
    { ...judged, confirmsKnown: true },
    async (transaction, { keys, revised }) => {
      await transaction.moveCursor(peer.name, "pull", filters, cursorsOfPlace(place), version);
      if (batch.keys.length === 0) return;
      const verdicts = new Map<EfgsKey, KeyVerdict>();
      keys.forEach((verdict, at) => noteVerdict(verdicts, fresh[at], verdict));
      revised.forEach((verdict, at) => noteVerdict(verdicts, revoked[at], verdict));
      const records = recordsOf(run, batch, states, verdicts);
      await transaction.addBatches(records);
      await transaction.addPage({
        peer: peer.name,
        kind: "pull",
        keys: batch.keys.length - revoked.length,
        revised: revoked.length,
        verdicts: sumOf(records.map((record) => record.verdicts)),
        tookMs: deps.clockMs() - startedAt,
      });
    },
  );
  run.version += 1;
  run.place = place;
  run.total.batches += 1;
  run.total.keys += batch.keys.length;
  const bad = batch.keys.length - good.length;
  const counts = bad === 0 ? stored.counts : { ...stored.counts, signature: bad };
  for (const [name, count] of Object.entries(counts)) {
    run.total.counts[name] = (run.total.counts[name] ?? 0) + count;
  }
  return undefined;
}

type States = ReadonlyMap<string, OriginState>;
type Checked =
  | { readonly ok: true; readonly states: States }
  | { readonly ok: false; readonly refusal: Refusal };

/** What the audit says of each origin's signatures; nothing when they are not looked at or need not be. */
async function checkSignatures(
  { peer, gateway, deps, signal }: DownloadRun,
  { tag, keys }: DownloadedBatch,
  { day }: DownloadPlace,
): Promise<Checked> {
  const { efgs } = peer;
  const foreign = keys.filter(({ origin }) => !isSameCountry(origin, efgs.country));
  if (efgs.verifySignatures === "off" || foreign.length === 0) {
    return { ok: true, states: new Map() };
  }
  const audit = await downloadAudit(gateway.send, dateText(day), tag, signal);
  if (!audit.ok) {
    if (efgs.verifySignatures === "require") return { ok: false, refusal: audit };
    deps.onBadSignature(peer.name, tag, "", audit.message);
    return { ok: true, states: new Map() };
  }
  const states = verifyOrigins(foreign, audit.value, efgs, deps.clockMs() / 1000);
  for (const [origin, state] of states) {
    if (state.kind === "failed") deps.onBadSignature(peer.name, tag, origin, state.fault);
  }
  return { ok: true, states };
}

function noteVerdict(
  verdicts: Map<EfgsKey, KeyVerdict>,
  key: EfgsKey | undefined,
  verdict: KeyVerdict,
): void {
  if (key !== undefined) verdicts.set(key, verdict);
}

/** One record a country: what came of its keys, and what is known of its signatures. */
function recordsOf(
  { peer }: DownloadRun,
  { tag, keys }: DownloadedBatch,
  states: States,
  verdicts: ReadonlyMap<EfgsKey, KeyVerdict>,
): readonly BatchRecord[] {
  return [...byOrigin(keys)].map(([origin, ofOrigin]) => {
    const counts: Record<string, number> = {};
    for (const key of ofOrigin) {
      const verdict = verdicts.get(key);
      const name = verdict === undefined
        ? "signature"
        : verdict.kind === "refused"
        ? verdict.reason
        : verdict.kind;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    const state = states.get(origin);
    return {
      peer: peer.name,
      direction: "pull",
      tag,
      origin: /^[A-Z]{2}$/.test(origin) ? origin : "unknown",
      keys: ofOrigin.length,
      signature: signatureState(state),
      ...(state?.kind === "failed" ? { fault: state.fault } : {}),
      verdicts: counts,
    };
  });
}

const signatureState = (state: OriginState | undefined): SignatureState =>
  state?.kind ?? "unchecked";

function sumOf(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [name, count] of all.flatMap((one) => Object.entries(one))) {
    sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}
