import type { SyncStatus } from "../model/peer-sync.ts";
import { type Issuer } from "../model/resource/issuer.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import type { HealthAuthority } from "../model/resource/health-authority.ts";
import { isActive, secondsOf } from "../model/resource/members.ts";
import type { Peer } from "../model/resource/peer.ts";
import type { SigningKey } from "../model/resource/signing-key.ts";

/** Something for a person to do. */
export type ToDo = {
  /** `bad`: broken now; `warn`: will be, or half is; `info`: when there is time. */
  readonly urgency: "bad" | "warn" | "info";
  /** A verb first. */
  readonly title: string;
  /** What happens if nobody does it. */
  readonly then: string;
  /** Since when, or until when; UTC seconds. */
  readonly at?: number;
  readonly link: { readonly href: string; readonly name: string };
};

/** How one peer stands. */
export type PeerFacts = {
  readonly name: string;
  readonly pull?: SyncStatus;
  readonly push?: SyncStatus;
};

/** What things to do are found in. Times are UTC seconds. */
export type ToDoFacts = {
  readonly now: number;
  readonly signingKeys: readonly SigningKey[];
  readonly exportConfigs: readonly ExportConfig[];
  readonly issuers: readonly Issuer[];
  readonly healthAuthorities: readonly HealthAuthority[];
  readonly agreements: readonly Peer[];
  readonly peers: readonly PeerFacts[];
  readonly exports: readonly {
    readonly config: string;
    readonly lagSeconds: number;
    readonly periodSeconds: number;
    readonly attempts: number;
    readonly lastError?: string;
  }[];
  /** Key sets of issuers that could not be read. */
  readonly keySets: readonly {
    readonly issuer: string;
    readonly error: string;
    readonly succeededAt?: number;
  }[];
  /** Imports and mirrors with files that failed, or whose list could not be read. */
  readonly upstreams: readonly {
    readonly kind: "import" | "mirror";
    readonly name: string;
    readonly failed: number;
    readonly message?: string;
  }[];
  /** Jobs whose newest run failed. */
  readonly failedJobs: readonly { readonly name: string; readonly at: number }[];
  /** Of the certificate that this server shows. */
  readonly certificateEndsAt?: number;
  /** Backups of BACKUP_SCHEDULE: how often, 0 for never, and the newest that is whole. */
  readonly backups: { readonly intervalSeconds: number; readonly newestAt?: number };
  readonly adminTokenSet: boolean;
  readonly sameDayKeysReleased: boolean;
  /** How far this machine's clock is ahead of the database's. */
  readonly clockAheadSeconds: number;
  readonly connections: { readonly used: number; readonly most: number };
};

const DAY = 86_400;
/** How early an end is told. */
const SOON_SECONDS: number = 30 * DAY;
/** When it is urgent. */
const URGENT_SECONDS: number = 7 * DAY;
const CLOCK_OFF_SECONDS = 5;
const POOL_NEARLY_FULL = 0.9;

/** All there is to do, the most urgent first. */
export function thingsToDo(facts: ToDoFacts): readonly ToDo[] {
  const order = { bad: 0, warn: 1, info: 2 };
  return [
    ...signing(facts),
    ...exporting(facts),
    ...peering(facts),
    ...issuing(facts),
    ...upstream(facts),
    ...running(facts),
    ...backingUp(facts),
    ...developing(facts),
  ].sort((a, b) => order[a.urgency] - order[b.urgency] || (a.at ?? Infinity) - (b.at ?? Infinity));
}

const path = (plural: string, name: string): string =>
  `/console/${plural}/${encodeURIComponent(name)}`;

/** Whether something ends within 30 days; one that ended already is told elsewhere. */
function ending(thru: string | undefined, now: number): number | undefined {
  const at = secondsOf(thru);
  return at !== undefined && at > now && at - now < SOON_SECONDS ? at : undefined;
}

const urgencyOf = (at: number, now: number): "bad" | "warn" =>
  at - now < URGENT_SECONDS ? "bad" : "warn";

function* signing({ now, signingKeys, exportConfigs }: ToDoFacts): Generator<ToDo> {
  for (const config of exportConfigs) {
    const keys = signingKeys.filter(({ name }) => config.signingKeys.includes(name));
    const active = keys.filter((key) => isActive(key, now));
    if (active.length === 0) {
      yield {
        urgency: "bad",
        title: `Give the export ${config.name} a signing key`,
        then: "All of its signing keys have ended. No file is made until there is another one.",
        link: { href: path("exportConfigs", config.name), name: "Edit the export" },
      };
    }
    const last = Math.max(...active.map((key) => secondsOf(key.thru) ?? Infinity));
    const key = active.find(({ thru }) => secondsOf(thru) === last);
    if (key === undefined || ending(key.thru, now) === undefined) continue;
    yield {
      urgency: urgencyOf(last, now),
      title: `Rotate the signing key ${key.name}`,
      then:
        `It is the last one of the export ${config.name}. Without another key no file is made after its end. Apple and Google need about two weeks to take a new one.`,
      at: last,
      link: { href: path("signingKeys", key.name), name: "Start the rotation" },
    };
  }
}

function* exporting({ exports, now }: ToDoFacts): Generator<ToDo> {
  for (const { config, lagSeconds, periodSeconds, attempts, lastError } of exports) {
    if (lagSeconds <= 2 * periodSeconds && attempts === 0) continue;
    yield {
      urgency: lagSeconds > 2 * periodSeconds ? "bad" : "warn",
      title: `Find out why the export ${config} is late`,
      then: attempts === 0
        ? "Its newest window has no file yet. Phones see no new keys until it has."
        : `It failed ${attempts} times: ${
          lastError ?? "no reason is known"
        }. It is tried again by itself; phones see no new keys until then.`,
      at: now - lagSeconds,
      link: {
        href: `/console/exports?config=${encodeURIComponent(config)}`,
        name: "See its windows",
      },
    };
  }
}

function* peering({ peers, agreements, now }: ToDoFacts): Generator<ToDo> {
  for (const peer of peers) {
    for (const direction of ["pull", "push"] as const) {
      const status = peer[direction];
      if (status?.state !== "failing" && status?.state !== "refused") continue;
      const lost = direction === "pull" ? "Its keys do not come" : "Our keys do not reach it";
      yield {
        urgency: "bad",
        title: status.state === "refused"
          ? `Ask ${peer.name} why it refuses us`
          : `Find out why ${peer.name} is silent`,
        then:
          `${lost}. Nothing is lost yet: they go over in order when it answers. After 14 days they are too old.`,
        at: status.stateSince,
        link: { href: path("peers", peer.name), name: "See its answer" },
      };
    }
  }
  for (const { name, thru } of agreements) {
    const at = ending(thru, now);
    if (at === undefined) continue;
    yield {
      urgency: urgencyOf(at, now),
      title: `Renew the agreement with ${name}`,
      then: "After its end no keys go over, in either direction.",
      at,
      link: { href: path("peers", name), name: "See the agreement" },
    };
  }
}

function* issuing({ issuers, keySets, now }: ToDoFacts): Generator<ToDo> {
  for (const { issuer, error, succeededAt } of keySets) {
    yield {
      urgency: "warn",
      title: `Find out why the keys of ${issuer} cannot be read`,
      then:
        `${error}. Certificates that a new key signs are refused; the keys read before still count.`,
      ...(succeededAt === undefined ? {} : { at: succeededAt }),
      link: { href: path("issuers", issuer), name: "See the issuer" },
    };
  }
  for (const issuer of issuers) {
    for (const key of issuer.keys) {
      const at = ending(key.thru, now);
      if (at === undefined) continue;
      yield {
        urgency: urgencyOf(at, now),
        title: `Replace the key ${key.version} of ${issuer.name}`,
        then: "Certificates that it signs are refused after its end.",
        at,
        link: { href: path("issuers", issuer.name), name: "See its keys" },
      };
    }
  }
}

function* upstream({ upstreams }: ToDoFacts): Generator<ToDo> {
  for (const { kind, name, failed, message } of upstreams) {
    if (failed === 0 && message === undefined) continue;
    yield {
      urgency: "warn",
      title: `See why the ${kind} ${name} fails`,
      then: message === undefined
        ? `${failed} of its files could not be read. They are tried again by themselves.`
        : `${message}. It is tried again by itself.`,
      link: {
        href: path(kind === "import" ? "exportImports" : "mirrors", name),
        name: "See its files",
      },
    };
  }
}

function* backingUp(
  { now, backups: { intervalSeconds, newestAt } }: ToDoFacts,
): Generator<ToDo> {
  if (intervalSeconds === 0) {
    yield {
      urgency: "info",
      title: "Set up backups",
      then:
        "BACKUP_SCHEDULE is not set, so this server makes none. If the database is lost and nobody else backs it up, keys that were published go with it.",
      link: { href: "/console/settings", name: "See the settings" },
    };
  } else if (newestAt !== undefined && now - newestAt > 2 * intervalSeconds) {
    yield {
      urgency: "bad",
      title: "See why there is no new backup",
      then: "The newest one is older than twice BACKUP_SCHEDULE. What came since then is in none.",
      at: newestAt,
      link: { href: "/console/jobs", name: "See the job backup" },
    };
  }
}

function* running(facts: ToDoFacts): Generator<ToDo> {
  const { failedJobs, certificateEndsAt, now, clockAheadSeconds, connections } = facts;
  for (const { name, at } of failedJobs) {
    yield {
      urgency: "warn",
      title: `See why the job ${name} failed`,
      then: "It runs again by itself. What it does waits until it succeeds.",
      at,
      link: { href: "/console/jobs", name: "See its runs" },
    };
  }
  if (certificateEndsAt !== undefined && certificateEndsAt - now < SOON_SECONDS) {
    yield {
      urgency: urgencyOf(certificateEndsAt, now),
      title: "Renew the TLS certificate of this server",
      then: "After its end phones and peers refuse to connect.",
      at: certificateEndsAt,
      link: { href: "/console/settings", name: "See TLS_CERT_FILE" },
    };
  }
  if (Math.abs(clockAheadSeconds) > CLOCK_OFF_SECONDS) {
    yield {
      urgency: "warn",
      title: "Set the clock of this machine",
      then: `It is ${Math.abs(Math.round(clockAheadSeconds))} s ${
        clockAheadSeconds > 0 ? "ahead of" : "behind"
      } the database's. Certificates and peers' tokens are refused when it is too far off.`,
      link: { href: "/console", name: "Look again" },
    };
  }
  if (connections.used > connections.most * POOL_NEARLY_FULL) {
    yield {
      urgency: "warn",
      title: "Give the database more connections",
      then:
        `${connections.used} of ${connections.most} are in use. Without a free one publishes are refused, and apps try again.`,
      link: { href: "/console/settings", name: "See the settings" },
    };
  }
}

function* developing(facts: ToDoFacts): Generator<ToDo> {
  for (const authority of facts.healthAuthorities) {
    const { name, bypassVerification, bypassRevisionToken } = authority;
    if (!bypassVerification && !bypassRevisionToken) continue;
    yield {
      urgency: "warn",
      title: `Switch the bypass of ${name} off`,
      then: bypassVerification
        ? "Anybody can publish keys without a certificate."
        : "Anybody who knows a key can revise it.",
      link: { href: path("healthAuthorities", name), name: "See its switches" },
    };
  }
  if (facts.sameDayKeysReleased) {
    yield {
      urgency: "warn",
      title: "Switch DEBUG_RELEASE_SAME_DAY_KEYS off",
      then: "Keys that can still be replayed are published.",
      link: { href: "/console/settings", name: "See the settings" },
    };
  }
  if (facts.adminTokenSet) {
    yield {
      urgency: "info",
      title: "Replace ADMIN_TOKEN by named tokens",
      then: "It opens everything and names nobody: the audit log cannot tell who used it.",
      link: { href: "/console/settings#tokens", name: "Make a token" },
    };
  }
}
