import { secretHash } from "../../admin/secret.ts";
import { beginSession } from "../../admin/sign-in.ts";
import { SESSION_SECONDS } from "../../store/admin/session.ts";
import { pageAnswer, safePath, seeOther } from "../answer.ts";
import { Document } from "../parts/page.tsx";
import { readForm } from "./guard.ts";
import { refusal, type SignInContext } from "./sign-in.tsx";

/** How long somebody may take at the identity provider. */
const ATTEMPT_SECONDS = 600;

/** `GET /console/sign-in/provider`: sends the browser to the identity provider. */
export async function beginAtProvider(
  context: SignInContext,
  request: Request,
): Promise<Response> {
  const { deps, cookies } = context;
  const { provider, signIns, crypto } = deps;
  if (provider === undefined) return seeOther("/console/sign-in");
  if (!context.mayTry()) {
    return await refusal(context, "Too many sign-ins were tried. Wait ten seconds.", 429);
  }
  const begun = await provider.begin();
  if (!begun.ok) return await refusal(context, begun.message, 503);
  const { address, state, nonce, verifier } = begun.value;
  const returnTo = safePath(new URL(request.url).searchParams.get("to"));
  const attempt = { nonce, verifier, returnTo };
  await signIns.addAttempt(await secretHash(crypto, state), attempt, ATTEMPT_SECONDS);
  return seeOther(address, {
    // Lax: the browser comes back from another site.
    "set-cookie": cookies.write("state", state, ATTEMPT_SECONDS, "Lax"),
  });
}

/** `GET /console/sign-in/return`: the browser comes back from the identity provider. */
export async function returnFromProvider(
  context: SignInContext,
  request: Request,
): Promise<Response> {
  const { deps, cookies } = context;
  const { provider, signIns, crypto } = deps;
  if (provider === undefined) return seeOther("/console/sign-in");
  const state = cookies.read(request, "state");
  const attempt = state === undefined
    ? undefined
    : await signIns.takeAttempt(await secretHash(crypto, state));
  if (state === undefined || attempt === undefined) {
    const text =
      "This sign-in is not one that began in this browser, or it took too long. Begin again.";
    return await refusal(context, text, 403);
  }
  const { pathname, search } = new URL(request.url);
  const owner = await provider.finish(new URL(`${deps.url}${pathname}${search}`), {
    address: "",
    state,
    nonce: attempt.nonce,
    verifier: attempt.verifier,
  });
  if (!owner.ok) return await refusal(context, owner.message, 403);
  const id = await beginSession(deps, owner.value, deps.requestId());
  const { returnTo } = attempt;
  // A redirect would still count as coming from the other site, and a strict cookie would not go along.
  const page = (
    <Document title="Signed in · Wayfarer" theme={context.theme}>
      <main class="plain">
        <h1>You are signed in</h1>
        <p>
          <a class="button" href={returnTo}>Continue to the console</a>
        </p>
      </main>
    </Document>
  );
  return await pageAnswer(page, 200, {
    "set-cookie": cookies.write("session", id, SESSION_SECONDS, "Strict"),
    refresh: `0; url=${returnTo}`,
  });
}

/** `POST /console/sign-in/end`: the identity provider says that a session there ended (back-channel logout). */
export async function endByProvider({ deps }: SignInContext, request: Request): Promise<Response> {
  const { provider, sessions } = deps;
  const token = (await readForm(request))?.get("logout_token") ?? "";
  const ended = provider === undefined ? undefined : await provider.ended(token);
  if (provider === undefined || ended?.ok !== true) {
    return new Response(null, { status: 400, headers: { "cache-control": "no-store" } });
  }
  const { sid, subject } = ended.value;
  const count = sid === undefined
    ? await sessions.end({ what: "subject", subject: subject ?? "" })
    : await sessions.end({ what: "provider", provider: provider.issuer, session: sid });
  const actor = { subject: provider.issuer, name: provider.name, via: "console" } as const;
  await deps.audit.add(actor, [{
    action: "end",
    kind: "Session",
    name: subject ?? "by session",
    detail: { ended: count },
  }]);
  return new Response(null, { status: 200, headers: { "cache-control": "no-store" } });
}
