import { accept, type Outcome, refuse } from "../errors.ts";
import { decodeBase64, decodeHex, encodeBase64, encodeHex } from "../bytes/base64.ts";
import type { Actor } from "../model/actor.ts";
import { KEY_BYTES } from "../model/exposure.ts";
import type { Selection } from "../model/feed.ts";
import { secondsOfInterval } from "../model/interval.ts";
import { asInterval, asRegion, asWindow, type Region, type Window } from "../model/ids.ts";
import type { AuditLog } from "../store/admin/audit.ts";
import type {
  RefusedHour,
  StoredWhereabouts,
  Whereabouts,
  WindowFile,
} from "../store/exposure/whereabouts.ts";

/** Keys in one question at most. */
export const MAX_ASKED_KEYS = 30;
/** Bytes of the text that they come in. */
export const MAX_KEYS_TEXT_BYTES: number = 64 * 1024;

/** Another server, and how far our feed was handed over to it. */
export type WherePeer = {
  readonly name: string;
  readonly selection: Selection;
  /** Push: windows before this one were handed over. Absent: the peer fetches, and is not asked what it has. */
  readonly pushedThrough?: number;
};

/** What is known of one key. Times are UTC seconds. */
export type KeyWhereabouts =
  | {
    readonly here: false;
    /** As it was asked for. */
    readonly key: string;
    /** Refused publishes of the newest hours that had some: counts only, since refused keys are not kept. */
    readonly refused: readonly RefusedHour[];
  }
  | (Omit<StoredWhereabouts, "createdAt"> & {
    readonly here: true;
    readonly validFrom: number;
    readonly validThru: number;
    /** The window in which it goes out; of a key that could still be replayed it lies in the future. */
    readonly window: number;
    /** `held back`: its window is not closed yet. `closed`: exports and peers may have it. */
    readonly state: "held back" | "closed";
    /** Files of the windows that hold it; of a window with several files it is in one of them. */
    readonly files: readonly (WindowFile & { readonly as: "new" | "revised" })[];
    /** Exports that take keys like it. */
    readonly exports: readonly string[];
    readonly peers: readonly {
      readonly name: string;
      /** `pushed`: handed over; `waiting`: goes out when its window is closed; `fetches`: the peer takes it itself. */
      readonly state: "pushed" | "waiting" | "fetches";
    }[];
  });

/** What answering needs. */
export type WhereDependencies = {
  readonly store: Whereabouts;
  readonly audit: AuditLog;
  readonly peers: () => Promise<readonly WherePeer[]>;
  /** Names of the exports that carry a key with these regions, published in this window. */
  readonly exportsCarrying: (
    key: { readonly regions: readonly Region[]; readonly traveler: boolean },
    window: Window,
  ) => Promise<readonly string[]>;
};

/**
 * Keys in a text: base64 or hex, divided by white space, commas or quotes, or the JSON that a phone exports. Each
 * once, in their order, at most `most`.
 */
export function parseKeys(
  text: string,
  most: number = MAX_ASKED_KEYS,
): Outcome<readonly Uint8Array[]> {
  const found = new Map<string, Uint8Array>();
  for (const word of text.split(/[\s,;"'[\]{}:]+/)) {
    const bytes = word.length === 2 * KEY_BYTES ? decodeHex(word) : decodeBase64(word);
    if (bytes?.length === KEY_BYTES) found.set(encodeHex(bytes), bytes);
  }
  if (found.size === 0) {
    return refuse(
      "invalid_argument",
      "there is no key in the text: give 16 bytes a key, in base64 (24 characters) or hex (32 digits)",
    );
  }
  if (found.size > most) {
    return refuse(
      "invalid_argument",
      `there are ${found.size} keys in the text: at most ${most} at once`,
    );
  }
  return accept([...found.values()]);
}

/** Tells of each key in a text where it is. The audit log notes that somebody asked, and for how many, never for which. */
export async function whereAreKeys(
  deps: WhereDependencies,
  actor: Actor,
  text: string,
): Promise<Outcome<readonly KeyWhereabouts[]>> {
  const keys = parseKeys(text);
  if (!keys.ok) return keys;
  const asked = keys.value.length;
  await deps.audit.add(actor, [{
    action: "look",
    kind: "Key",
    name: asked === 1 ? "1 key" : `${asked} keys`,
  }]);
  const [stored, { closedThrough }, refused, atPeers] = await Promise.all([
    deps.store.find(keys.value),
    deps.store.clock(),
    deps.store.refused(20),
    keysAtPeers(deps, keys.value),
  ]);
  const byHex = new Map(stored.map((one) => [one.key, one]));
  return accept(
    await Promise.all(keys.value.map(async (bytes): Promise<KeyWhereabouts> => {
      const found = byHex.get(encodeHex(bytes));
      const key = encodeBase64(bytes);
      if (found === undefined) return { here: false, key, refused };
      return await present(deps, { ...found, key }, closedThrough, atPeers(found));
    })),
  );
}

type PeerStanding = { readonly name: string; readonly state: "pushed" | "waiting" | "fetches" };

async function keysAtPeers(
  deps: WhereDependencies,
  keys: readonly Uint8Array[],
): Promise<(found: StoredWhereabouts) => readonly PeerStanding[]> {
  const peers = await deps.peers();
  const allowed = await Promise.all(
    peers.map(async ({ selection }) => new Set(await deps.store.allowed(keys, selection))),
  );
  return ({ key, createdAt }) =>
    peers.flatMap(({ name, pushedThrough }, index): readonly PeerStanding[] => {
      if (allowed[index]?.has(key) !== true) return [];
      if (pushedThrough === undefined) return [{ name, state: "fetches" }];
      return [{ name, state: createdAt < pushedThrough ? "pushed" : "waiting" }];
    });
}

async function present(
  deps: WhereDependencies,
  { createdAt, ...found }: StoredWhereabouts,
  closedThrough: number,
  peers: readonly PeerStanding[],
): Promise<KeyWhereabouts> {
  const likeIt = { regions: found.regions.map(asRegion), traveler: found.traveler };
  const exports = await deps.exportsCarrying(likeIt, asWindow(createdAt));
  const moments = [createdAt, ...(found.revisedAt === null ? [] : [found.revisedAt])];
  const files = await deps.store.files(exports, moments);
  const holds = ({ startsAt, endsAt }: WindowFile, moment: number): boolean =>
    startsAt <= moment && moment < endsAt;
  const { intervalNumber, intervalCount } = found;
  return {
    here: true,
    ...found,
    validFrom: secondsOfInterval(asInterval(intervalNumber)),
    validThru: secondsOfInterval(asInterval(intervalNumber + intervalCount)),
    window: createdAt,
    state: createdAt < closedThrough ? "closed" : "held back",
    exports,
    files: files.map((file) => ({ ...file, as: holds(file, createdAt) ? "new" : "revised" })),
    peers,
  };
}
