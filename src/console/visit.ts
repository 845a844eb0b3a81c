import type { AccessRole, Actor } from "../model/actor.ts";
import type { StoredSession } from "../store/admin/session.ts";

/** A request of somebody who is signed in, as pages see it. */
export type Visit = {
  readonly session: Pick<StoredSession, "subject" | "name" | "provider"> & {
    readonly role: AccessRole;
  };
  readonly actor: Actor;
  /** What every form of this session carries. */
  readonly csrf: string;
  readonly theme: "light" | "dark" | "system";
  /** Path and query, for "Refresh". */
  readonly path: string;
  /** UTC seconds. */
  readonly now: number;
  /** The server's name. */
  readonly host: string;
  readonly version: string;
  readonly providerName: string;
  /** Things to do, at most half a minute old. */
  readonly toDo: number;
  /** Whether there is no region yet. */
  readonly fresh: boolean;
};
