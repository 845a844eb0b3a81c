import * as z from "zod";
import { accept, type Outcome, refuse } from "../errors.ts";
import type { Actor } from "../model/actor.ts";
import { momentMember, secondsOf } from "../model/resource/members.ts";
import type { RevocationQuery } from "../model/revocation.ts";
import { issueText, ownWords } from "../model/schema-words.ts";
import { isCleanText, textMember, UNCLEAN_TEXT } from "../model/text.ts";
import type { AuditLog } from "../store/admin/audit.ts";
import type { RevocationPreview, Revocations } from "../store/exposure/revocation.ts";

/** Keys that one query may list. */
export const MAX_LISTED_KEYS = 10_000;
/** Keys that one transaction deals with: short enough that no window waits for it. */
const KEYS_AT_ONCE = 1000;

/** What revoking needs. */
export type RevokeDependencies = { readonly revocations: Revocations; readonly audit: AuditLog };

/** What somebody asks for. */
export type RevocationRequest = {
  readonly query: RevocationQuery;
  readonly reason: string;
  /** What was typed after a dry run: the number of keys, and what they have in common. Absent: a dry run. */
  readonly confirm?: string;
};

/** A dry run, or that it began. */
export type RevocationOutcome = {
  readonly preview: RevocationPreview;
  /** What must be typed to begin. */
  readonly confirm: string;
  /** Its number, once it began. */
  readonly id?: number;
};

const schema = z.strictObject({
  issuer: textMember(1, 200).optional(),
  healthAuthority: textMember(1, 200).optional(),
  since: momentMember.optional(),
  until: momentMember.optional(),
  keys: z.array(z.string().regex(/^[0-9a-f]{32}$/, "must be 32 lower-case hex digits"))
    .min(1).max(MAX_LISTED_KEYS).optional(),
  reason: z.string().trim().min(1, "must say why, for the audit log").max(1000)
    .refine(isCleanText, UNCLEAN_TEXT),
  confirm: textMember(0, 500).optional(),
});

/** Reads a request; refused with the member that is wrong. */
export function parseRevocation(value: unknown): Outcome<RevocationRequest> {
  const parsed = schema.safeParse(value, { error: ownWords });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(
      "invalid_argument",
      issue === undefined ? "the request cannot be read" : issueText(issue, "the request"),
    );
  }
  const { reason, confirm, issuer, healthAuthority, keys } = parsed.data;
  const since = secondsOf(parsed.data.since);
  const until = secondsOf(parsed.data.until);
  const query: RevocationQuery = {
    ...(issuer === undefined ? {} : { issuer }),
    ...(healthAuthority === undefined ? {} : { healthAuthority }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(keys === undefined ? {} : { keys }),
  };
  if (Object.keys(query).length === 0) {
    return refuse(
      "invalid_argument",
      "say which keys: by issuer, health authority, since and until, or a list of keys",
    );
  }
  return accept({ query, reason, ...(confirm === undefined ? {} : { confirm }) });
}

/** What must be typed: the number of keys and what they have in common, so that it cannot be a habit. */
function confirmation({ issuer, healthAuthority }: RevocationQuery, total: number): string {
  return `${total} ${issuer ?? healthAuthority ?? "keys"}`;
}

/**
 * Tells what a revocation would do, or begins it when `confirm` is what the newest dry run asks for. Keys that went out
 * are revoked, so that the next files and peers say so; keys that never left are deleted. The job goes on with it.
 */
export async function revokeKeys(
  { revocations, audit }: RevokeDependencies,
  actor: Actor,
  { query, reason, confirm: typed }: RevocationRequest,
): Promise<Outcome<RevocationOutcome>> {
  const preview = await revocations.preview(query);
  const confirm = confirmation(query, preview.total);
  if (typed === undefined) {
    const detail = { keys: preview.total, reason };
    await audit.add(actor, [{ action: "preview", kind: "Revocation", name: confirm, detail }]);
    return accept({ preview, confirm });
  }
  if (typed.trim() !== confirm) {
    return refuse(
      "invalid_argument",
      `nothing was revoked: type "${confirm}", which is what there is now, to revoke it`,
    );
  }
  if (preview.total === 0) {
    return refuse(
      "invalid_argument",
      "nothing was revoked, as no key fits: check the issuer, the health authority and the times",
    );
  }
  return accept({
    preview,
    confirm,
    id: await revocations.begin(actor, query, reason, preview.total),
  });
}

/** The job `revocation`: goes on with every revocation that runs, wherever the last process stopped. */
export async function goOnRevoking(
  revocations: Revocations,
  signal: AbortSignal,
  atOnce: number = KEYS_AT_ONCE,
): Promise<{ readonly keys: number }> {
  let keys = 0;
  for (const id of await revocations.running()) {
    let taken: number | undefined = atOnce;
    while (taken === atOnce) {
      signal.throwIfAborted();
      taken = await revocations.step(id, atOnce);
      keys += taken ?? 0;
    }
  }
  return { keys };
}
