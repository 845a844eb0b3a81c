import { beginSession } from "../../src/admin/sign-in.ts";
import { adminPart } from "../../src/app/admin.ts";
import { csrfOf } from "../../src/console/session/guard.ts";
import type { AccessRole } from "../../src/model/actor.ts";
import type { TestApp } from "./app.ts";

/** Somebody who is signed in to the console, without a browser. */
export type Visitor = {
  readonly cookie: string;
  readonly csrf: string;
  get(path: string): Promise<Response>;
  /** Sends a form of this session; `fields` may overrule its token. */
  post(path: string, fields?: Readonly<Record<string, string>>): Promise<Response>;
};

/** Begins a session with a role. */
export async function signedIn(app: TestApp, role: AccessRole): Promise<Visitor> {
  const crypto = globalThis.crypto;
  const owner = { subject: `link:${role}-1`, name: `${role}-1`, role, provider: "link" };
  const id = await beginSession({ ...adminPart(app.foundation), crypto }, owner, "r0");
  const cookie = `wayfarer-session=${id}`;
  const csrf = await csrfOf(crypto, id);
  return {
    cookie,
    csrf,
    get: (path) => app.fetch(path, { headers: { cookie } }),
    post: (path, fields = {}) =>
      app.fetch(path, {
        method: "POST",
        headers: {
          cookie,
          "content-type": "application/x-www-form-urlencoded",
          "sec-fetch-site": "same-origin",
        },
        body: new URLSearchParams({ csrf, ...fields }).toString(),
      }),
  };
}

/** What a page says, without tags. */
export async function textOf(answer: Response): Promise<string> {
  const html = await answer.text();
  return html.replace(/<[^>]+>/g, " ").replace(/&nbsp;|\u00a0/g, " ").replaceAll("&#39;", "'")
    .replace(/\s+/g, " ").trim();
}
