import { Buffer } from "node:buffer";
import { secretHash } from "../../admin/secret.ts";
import { readUpTo } from "../../bounds/read.ts";
import type { StoredSession } from "../../store/admin/session.ts";
import type { ConsoleDependencies } from "../dependencies.ts";
import type { Cookies } from "./cookie.ts";

/** A session that a request belongs to. */
export type OpenSession = {
  readonly idHash: Uint8Array;
  readonly csrf: string;
  readonly session: StoredSession;
};

/** The largest form, in bytes. */
const MAX_FORM_BYTES: number = 256 * 1024;

/** The session of a request, if it still counts. */
export async function openSession(
  deps: Pick<ConsoleDependencies, "crypto" | "sessions">,
  cookies: Cookies,
  request: Request,
): Promise<OpenSession | undefined> {
  const id = cookies.read(request, "session");
  if (id === undefined) return undefined;
  const idHash = await secretHash(deps.crypto, id);
  const session = await deps.sessions.use(idHash);
  if (session === undefined) return undefined;
  return { idHash, session, csrf: await csrfOf(deps.crypto, id) };
}

/** What forms of a session carry: made from its id, from which nobody can go back. */
export async function csrfOf(crypto: Crypto, sessionId: string): Promise<string> {
  return Buffer.from(await secretHash(crypto, `csrf ${sessionId}`)).toString("base64url");
}

/** Whether a form comes from a page of this console, as far as the browser tells: browsers that do not are let by. */
export function isOwnForm(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  return site === null || site === "same-origin";
}

/** Compares in a time that does not depend on where texts differ; both have the same length or are not equal. */
export function sameText(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let different = 0;
  for (let index = 0; index < left.length; index++) {
    different |= left.charCodeAt(index) ^ right.charCodeAt(index);
  }
  return different === 0;
}

/** The fields of a form; undefined when it is larger than forms here can be, or no form. */
export async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return undefined;
  const { body, signal } = request;
  const bounds = { maxBytes: MAX_FORM_BYTES, signal, rest: "leave" } as const;
  const { bytes, complete } = await readUpTo(body, bounds);
  return !complete ? undefined : new URLSearchParams(new TextDecoder().decode(bytes));
}
