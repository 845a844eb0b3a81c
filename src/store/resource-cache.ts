import type { Kind, ResourceByKind } from "../model/resource/kinds.ts";

/** A consistent view of all resources at one revision. */
export type ResourceView = {
  /** Changes whenever any resource does; keys what is derived from a view. */
  readonly revision: number;
  get<K extends Kind>(kind: K, name: string): ResourceByKind[K] | undefined;
  list<K extends Kind>(kind: K): readonly ResourceByKind[K][];
};

/** Resources kept in memory, at most `MAX_AGE_MS` behind the database. */
export type ResourceCache = {
  /** The view, asked for again when it may be too old. Throws when the database cannot be read and there is none yet. */
  view(): Promise<ResourceView>;
  /** The view as it is now in the database. */
  fresh(): Promise<ResourceView>;
};
