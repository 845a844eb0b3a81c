import { ACCESS, type RouteOf } from "../../admin/access.ts";
import type { Handler } from "../call.ts";
import { auditDownload, auditPage, verifyAudit } from "./audit.tsx";
import { exportsPage } from "./exports.tsx";
import { fileKeysPage, filePage } from "./file.tsx";
import { importsPage } from "./imports.tsx";
import { jobsPage, runJob } from "./jobs.tsx";
import { overviewPage } from "./overview.tsx";
import { peerPage } from "./peer.tsx";
import { addPeer, addPeerPage, pausePeer, peersPage, syncPeer } from "./peers.tsx";
import { editPage, saveResource } from "./resource/edit.tsx";
import { changeIssuerKey } from "./resource/issuer.tsx";
import { listPage } from "./resource/list.tsx";
import { onePage } from "./resource/one.tsx";
import { removePage, removeResource } from "./resource/remove.tsx";
import { rotateSigningKey, testSignature } from "./resource/signing-key.tsx";
import { revoke, revokePage, turnRevocation } from "./revoke.tsx";
import { endSessions, makeToken, revokeToken, settingsPage } from "./settings.tsx";
import { regionPage, tryPage } from "./setup/region.tsx";
import { setUp, setupPage } from "./setup/setup.tsx";
import { findKeys, wherePage } from "./where.tsx";

type Route = RouteOf<"/console">;
/** Routes of people who are signed in. */
export type SignedInRoute = {
  [Row in Route]: typeof ACCESS["/console"][Row] extends "anyone" ? never : Row;
}[Route];

/** What answers each route: a row of `ACCESS` without its handler does not compile, nor does one too many. */
export const HANDLERS: { readonly [Row in Exclude<SignedInRoute, "POST /sign-out">]: Handler } = {
  "GET /": overviewPage,
  "GET /exports": exportsPage,
  "GET /exports/file": filePage,
  "POST /exports/file": fileKeysPage,
  "GET /imports": importsPage,
  "GET /jobs": jobsPage,
  "POST /jobs/:name": runJob,
  "GET /audit": auditPage,
  "POST /audit/verify": verifyAudit,
  "GET /audit.jsonl": auditDownload,
  "GET /settings": settingsPage,
  "POST /settings/tokens": makeToken,
  "POST /settings/tokens/:name/revoke": revokeToken,
  "POST /settings/sessions/end": endSessions,
  "GET /where": wherePage,
  "POST /where": findKeys,
  "GET /revoke": revokePage,
  "POST /revoke": revoke,
  "POST /revoke/:id/:act": turnRevocation,
  "GET /peers": peersPage,
  "GET /peers/add": addPeerPage,
  "POST /peers/add": addPeer,
  "POST /peers/:name/sync": syncPeer,
  "POST /peers/:name/pause": pausePeer,
  "GET /peers/:name": peerPage,
  "GET /setup": setupPage,
  "POST /setup": setUp,
  "GET /setup/:name": regionPage,
  "POST /setup/:name/try": tryPage,
  "POST /issuers/:name/key": changeIssuerKey,
  "POST /signingKeys/:name/test": testSignature,
  "POST /signingKeys/:name/rotate": rotateSigningKey,
  "GET /:plural": listPage,
  "GET /:plural/new": editPage,
  "POST /:plural/new": saveResource,
  "GET /:plural/:name": onePage,
  "GET /:plural/:name/edit": editPage,
  "POST /:plural/:name/edit": saveResource,
  "GET /:plural/:name/delete": removePage,
  "POST /:plural/:name/delete": removeResource,
};
