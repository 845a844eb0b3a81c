import type { PeerDraft } from "../../federation/client/draft.ts";
import type { PeerStatus } from "../../federation/schedule/status.ts";
import type { ToDo, ToDoFacts } from "../admin/to-do.ts";
import type { KeyWhereabouts } from "../admin/where.ts";
import type { Outcome } from "../errors.ts";
import type { ExportInspection } from "../export-file/inspect.ts";
import type { FileKey } from "../export-file/file-key.ts";
import type { Finding } from "../export-file/lint.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import type { Actor } from "../model/actor.ts";
import type { Peer } from "../model/resource/peer.ts";
import type { Resource } from "../model/resource/kinds.ts";
import type { Log } from "../observe/log.ts";
import type { AgreementPreview } from "../store/exposure/agreement-preview.ts";
import type { AnswerCounts } from "../store/admin/answer-count.ts";
import type { AuditLog } from "../store/admin/audit.ts";
import type { NamedTokens } from "../store/admin/named-token.ts";
import type { Overview } from "../store/admin/overview.ts";
import type { AdminSessions } from "../store/admin/session.ts";
import type { SignIns } from "../store/admin/sign-in.ts";
import type { Revocations } from "../store/exposure/revocation.ts";
import type { ExportStatus, ExportStatuses } from "../store/export/status.ts";
import type { JobRuns } from "../store/job-run.ts";
import type { ResourceCache } from "../store/resource/cache.ts";
import type { ResourceStore } from "../store/resource/resources.ts";
import type { ImportStatus } from "../store/upstream/import-file.ts";
import type { IndexStatus } from "../store/upstream/index-state.ts";
import type { MirrorStatus } from "../store/upstream/mirror-file.ts";
import type { IdentityProvider } from "./session/identity-provider.ts";

/** A stored export file, read and checked. */
export type InspectedFile = {
  readonly inspection: ExportInspection;
  readonly findings: readonly Finding[];
  /** SHA-256 of the zip, lower-case hex. */
  readonly digest: string;
  /** Its keys, new ones first, at most `limit` after `from`. */
  readonly keys: (
    from: number,
    limit: number,
  ) => readonly (FileKey & { readonly revised: boolean })[];
};

/** A setting in force; secrets are masked. */
export type ShownSetting = {
  readonly name: string;
  readonly value: string;
  readonly from: "environment" | "file" | "secret manager" | "default";
};

/** One step of a try: what a phone or a server does, and how it went. */
export type TryStep = {
  readonly name: string;
  readonly ok: boolean;
  /** How it went, or why not. */
  readonly text: string;
  readonly tookMs: number;
};

/** What the console needs of the rest of the program. */
export type ConsoleDependencies = {
  /** How browsers reach it, without a slash at the end. */
  readonly url: string;
  readonly publicUrl: string;
  readonly version: string;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  /** Milliseconds that only go forward. */
  readonly monotonicMs: () => number;
  readonly requestId: () => string;
  readonly log: Log;
  readonly sessions: AdminSessions;
  readonly signIns: SignIns;
  readonly provider?: IdentityProvider;
  readonly audit: AuditLog;
  readonly tokens: NamedTokens;
  readonly where: (actor: Actor, text: string) => Promise<Outcome<readonly KeyWhereabouts[]>>;
  readonly revocations: Revocations;
  readonly preview: (peer: Peer) => Promise<AgreementPreview>;
  /** Device attestations by verdict, of this process since its start. */
  readonly attestations: () => readonly {
    readonly platform: string;
    readonly kind: string;
    readonly verdict: string;
    readonly count: number;
  }[];
  readonly resources: ResourceStore;
  readonly cache: ResourceCache;
  readonly keys: KeyManager;
  /** Called after every change of a resource, so that caches see it at once. */
  readonly changed: () => Promise<void>;
  readonly describe: (resource: Resource) => Promise<Readonly<Record<string, unknown>>>;
  readonly jobs: readonly { readonly name: string; readonly intervalMs: number }[];
  /** Undefined when there is no job of this name. */
  readonly runJob: (name: string, signal: AbortSignal) =>
    | Promise<{ readonly ok: boolean; readonly error?: string }>
    | undefined;
  readonly jobRuns: JobRuns;
  readonly overview: Overview;
  readonly answers: AnswerCounts;
  readonly exports: () => Promise<readonly ExportStatus[]>;
  readonly files: ExportStatuses["files"];
  readonly inspect: (bucket: string, name: string) => Promise<Outcome<InspectedFile>>;
  readonly upstreams: () => Promise<{
    readonly imports: readonly ImportStatus[];
    readonly mirrors: readonly MirrorStatus[];
    readonly indexes: readonly IndexStatus[];
  }>;
  /** Our public keys towards peers, a key set (RFC 7517). */
  readonly ownKeys: () => Promise<string>;
  /** Acts as two phones and the server between them, for an export; stores nothing. Ends with the first step that fails. */
  readonly tryRegion: (exportConfig: string) => Promise<readonly TryStep[]>;
  /** EXPORT_BUCKET. */
  readonly exportBucket: string;
  /** Seconds from the end of a window until its file is due. */
  readonly dueAfterSeconds: number;
  readonly peers: () => Promise<readonly PeerStatus[]>;
  readonly sync: (
    name: string,
    signal: AbortSignal,
  ) => Promise<readonly { readonly direction: string; readonly error?: string }[]>;
  readonly draft: (url: string, signal: AbortSignal) => Promise<Outcome<PeerDraft>>;
  /** Everything that things to do are found in. */
  readonly facts: () => Promise<ToDoFacts>;
  /** The same as a list, at most half a minute old. */
  readonly toDo: () => Promise<readonly ToDo[]>;
  readonly settings: readonly ShownSetting[];
};
