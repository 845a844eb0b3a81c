import type { Kind, ResourceByKind } from "../../model/resource/kinds.ts";
import type { ResourceStore, StoredResource } from "./resources.ts";

/** A consistent view of all resources at one revision. */
export type ResourceView = {
  /** Changes whenever any resource does; keys what is derived from a view. */
  readonly revision: number;
  get<K extends Kind>(kind: K, name: string): ResourceByKind[K] | undefined;
  list<K extends Kind>(kind: K): readonly ResourceByKind[K][];
};

/** Resources kept in memory, so that requests need no query for them. */
export type ResourceCache = {
  /** The view, at most `maxAgeMs` (a second) behind the database. Throws when it cannot be read. */
  view(maxAgeMs?: number): Promise<ResourceView>;
  /** The view as it is now in the database. */
  fresh(): Promise<ResourceView>;
};

/** How long a view is used without asking whether it is still the newest. */
const MAX_AGE_MS = 1000;

/** A cache on the store. `clockMs` is a monotonic clock in milliseconds. */
export function resourceCache(
  store: Pick<ResourceStore, "revision" | "all">,
  clockMs: () => number,
): ResourceCache {
  let current: ResourceView | undefined;
  let checkedAt = -Infinity;
  let loading: Promise<ResourceView> | undefined;

  const load = async (): Promise<ResourceView> => {
    const startedAt = clockMs();
    const revision = await store.revision();
    if (current === undefined || current.revision !== revision) {
      const all = await store.all();
      current = viewOf(all.revision, all.resources);
    }
    checkedAt = startedAt;
    return current;
  };
  const fresh = (): Promise<ResourceView> => {
    loading ??= load().finally(() => loading = undefined);
    return loading;
  };
  return {
    fresh: async () => {
      // One that runs already may have asked before the change that the caller wants to see.
      await loading?.catch(() => undefined);
      return await fresh();
    },
    view: async (maxAgeMs = MAX_AGE_MS) => {
      if (current !== undefined && clockMs() - checkedAt < maxAgeMs) return current;
      return await fresh();
    },
  };
}

/** A view of some resources. */
export function viewOf(revision: number, resources: readonly StoredResource[]): ResourceView {
  const byKind = new Map<string, Map<string, ResourceByKind[Kind]>>();
  for (const { resource } of resources) {
    const ofKind = byKind.get(resource.kind) ?? new Map<string, ResourceByKind[Kind]>();
    ofKind.set(resource.name, resource);
    byKind.set(resource.kind, ofKind);
  }
  // The store parsed each resource with the schema of its kind, so that the map of a kind holds only that kind.
  const ofKind = <K extends Kind>(kind: K): ReadonlyMap<string, ResourceByKind[K]> =>
    (byKind.get(kind) ?? new Map()) as ReadonlyMap<string, ResourceByKind[K]>;
  return {
    revision,
    get: (kind, name) => ofKind(kind).get(name),
    list: (kind) => [...ofKind(kind).values()],
  };
}
