import { wholeAgreement } from "../../federation/policy/selection.ts";
import { programPrincipal } from "../admin/authenticate.ts";
import { type KeyWhereabouts, whereAreKeys } from "../admin/where.ts";
import type { Outcome } from "../errors.ts";
import { exportsCarrying } from "../export/windows-for.ts";
import { goOnRevoking } from "../incidents/revoke.ts";
import type { Job } from "../jobs.ts";
import type { Actor, Principal } from "../model/actor.ts";
import { type AnswerCounts, answerCounts } from "../store/admin/answer-count.ts";
import { type AuditLog, auditLog } from "../store/admin/audit.ts";
import { type NamedTokens, namedTokens } from "../store/admin/named-token.ts";
import { type AdminSessions, adminSessions } from "../store/admin/session.ts";
import { type SignIns, signIns } from "../store/admin/sign-in.ts";
import { type Revocations, revocations } from "../store/exposure/revocation.ts";
import { whereabouts } from "../store/exposure/whereabouts.ts";
import { federationPeers } from "../store/federation/peer.ts";
import type { Foundation } from "./foundation.ts";

/** What the admin API, the command line and the console have in common, put together. */
export type AdminPart = {
  readonly audit: AuditLog;
  readonly sessions: AdminSessions;
  readonly signIns: SignIns;
  readonly tokens: NamedTokens;
  readonly answers: AnswerCounts;
  readonly authenticate: (request: Request, requestId: string) => Promise<Principal | undefined>;
  readonly where: (actor: Actor, text: string) => Promise<Outcome<readonly KeyWhereabouts[]>>;
  readonly revocations: Revocations;
  readonly jobs: readonly Job[];
};

const HOUR_MS = 3_600_000;
/** Rows of the audit log that one run forgets. */
const FORGOTTEN_AT_ONCE = 10_000;

/** Puts it together. */
export function adminPart(foundation: Foundation): AdminPart {
  const { database, config, crypto, secrets } = foundation;
  const audit = auditLog(database);
  const sessions = adminSessions(database);
  const links = signIns(database);
  const tokens = namedTokens(database);
  const answers = answerCounts(database);
  const revoking = revocations(database, config.windows.windowSeconds);
  return {
    audit,
    sessions,
    signIns: links,
    tokens,
    answers,
    revocations: revoking,
    authenticate: programPrincipal({
      adminToken: () => Promise.resolve(secrets.adminToken()),
      tokens,
      crypto: crypto,
    }),
    where: (actor, text) =>
      whereAreKeys(
        {
          store: whereabouts(database),
          audit,
          peers: () => peersOf(foundation),
          exportsCarrying: async (key, window) => {
            const configs = (await foundation.cache.view()).list("ExportConfig");
            return exportsCarrying(configs, key, window).map((one) => one.exportConfig);
          },
        },
        actor,
        text,
      ),
    jobs: [{
      name: "revocation",
      intervalMs: config.jobIntervalMs,
      timeoutMs: HOUR_MS,
      run: (signal) => goOnRevoking(revoking, signal),
    }, {
      name: "admin-upkeep",
      intervalMs: HOUR_MS,
      timeoutMs: HOUR_MS,
      run: async () => ({
        sessions: await sessions.forget(),
        signIns: await links.forget(),
        answers: await answers.forget(config.export.cleanupTtlSeconds),
        audit: await audit.forget(config.console.auditTtlSeconds, FORGOTTEN_AT_ONCE),
      }),
    }],
  };
}

async function peersOf({ cache, database }: Foundation) {
  const places = federationPeers(database);
  const peers = (await cache.view()).list("Peer").filter((peer) => peer.send.regions.length > 0);
  return await Promise.all(peers.map(async (peer) => {
    const place = peer.push.enabled ? await places.place(peer.name, "push") : undefined;
    return {
      name: peer.name,
      selection: wholeAgreement(peer),
      ...(peer.push.enabled ? { pushedThrough: place?.cursors.keys.timestamp ?? 0 } : {}),
    };
  }));
}
