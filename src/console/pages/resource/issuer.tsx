import { changeResources } from "../../../admin/change.ts";
import { mayAct } from "../../../model/actor.ts";
import { isActive, secondsOf } from "../../../model/resource/members.ts";
import type { Issuer, IssuerKey } from "../../../model/resource/issuer.ts";
import { pageAnswer, seeOther } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import { ActionButton } from "../../parts/form.tsx";
import type { Children, Html } from "../../parts/html.ts";
import { Empty, Notice, State } from "../../parts/status.tsx";
import { StackTable } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { NotFound } from "../refusals.tsx";
import { findResource, resourcePath } from "./find.ts";

/** What is particular to an issuer: its keys with their states, and how its key set was read. */
export function IssuerParts({ call, issuer, described }: {
  readonly call: Call;
  readonly issuer: Issuer;
  readonly described: Readonly<Record<string, unknown>>;
}): Html {
  return (
    <>
      <KeySet issuer={issuer} status={described["status"]} now={call.visit.now} />
      <section class="card flush" aria-labelledby="keys">
        <div class="titled">
          <h2 id="keys">Keys given here</h2>
          <p>Certificates count when a key in force signed them.</p>
        </div>
        {issuer.keys.length === 0
          ? (
            <Empty title="No keys given here">
              <p>
                {issuer.jwksUri === undefined
                  ? "Without a key or a key set every certificate of this issuer is refused."
                  : "Its keys come from its key set."}
              </p>
            </Empty>
          )
          : (
            <StackTable
              caption={`Keys of ${issuer.name}`}
              columns={["Version", "State", "From", "Until", "Change"].map((name) => ({ name }))}
              rows={issuer.keys.map((key) => keyRow(call, issuer, key))}
            />
          )}
      </section>
    </>
  );
}

function KeySet({ issuer, status, now }: {
  readonly issuer: Issuer;
  readonly status: unknown;
  readonly now: number;
}): Html | null {
  if (issuer.jwksUri === undefined) return null;
  const member = (name: string): string | undefined => {
    if (typeof status !== "object" || status === null) return undefined;
    const value: unknown = Object.entries(status).find(([key]) => key === name)?.[1];
    return typeof value === "string" ? value : undefined;
  };
  const fetched = secondsOf(member("lastFetch"));
  const error = member("lastError");
  if (error !== undefined) {
    return (
      <Notice tone="bad">
        <p>
          <strong>Its key set could not be read.</strong> {error}.{" "}
          {fetched === undefined ? "It was never read." : (
            <>
              Keys read <Time at={fetched} now={now} /> still count.
            </>
          )}
        </p>
      </Notice>
    );
  }
  return (
    <Notice tone={fetched === undefined ? "info" : "ok"}>
      <p>
        {fetched === undefined ? "Its key set was not read yet: that happens within a minute." : (
          <>
            Its key set was read <Time at={fetched} now={now} />.
          </>
        )}
      </p>
    </Notice>
  );
}

type KeyAct = "begin" | "end" | "clear";
const ACTS: { readonly [A in KeyAct]: (key: IssuerKey, now: string) => IssuerKey } = {
  begin: (key, now) => ({ ...key, from: now }),
  end: (key, now) => ({ ...key, thru: now }),
  clear: ({ thru: _, ...key }) => key,
};
const isAct = (text: string): text is KeyAct => Object.hasOwn(ACTS, text);

function keyRow(call: Call, issuer: Issuer, key: IssuerKey): readonly Children[] {
  const { visit } = call;
  const { now } = visit;
  const from = secondsOf(key.from);
  const thru = secondsOf(key.thru);
  const current = isActive(key, now);
  const future = from !== undefined && from > now;
  const act = (name: string, what: KeyAct) => (
    <ActionButton
      csrf={visit.csrf}
      action={`${resourcePath("Issuer", issuer.name)}/key`}
      name={name}
      kind="quiet slim"
      fields={{ version: key.version, act: what }}
    />
  );
  return [
    <code>{key.version}</code>,
    current
      ? <State tone="ok">current</State>
      : future
      ? <State tone="wait">future</State>
      : <State tone="off">expired or revoked</State>,
    from === undefined ? "always" : <Time at={from} now={now} />,
    thru === undefined ? "no end" : <Time at={thru} now={now} />,
    mayAct(visit.session.role, "admin")
      ? (
        <div class="inline">
          {future ? act("Activate now", "begin") : null}
          {current ? act("Revoke now", "end") : null}
          {thru === undefined ? null : act("Clear its end", "clear")}
        </div>
      )
      : "",
  ];
}

/** `POST /console/issuers/:name/key`: activates a key, revokes it, or clears its end. */
export const changeIssuerKey: Handler = async ({ deps, visit, form, param }) => {
  const stored = await findResource(deps, "Issuer", param("name"));
  const act = form.get("act") ?? "";
  const version = form.get("version");
  if (stored?.resource.kind !== "Issuer" || !isAct(act)) {
    return await pageAnswer(<NotFound visit={visit} what="There is no such issuer or key." />, 404);
  }
  const issuer = stored.resource;
  const now = new Date(visit.now * 1000).toISOString();
  const keys = issuer.keys.map((key) => key.version === version ? ACTS[act](key, now) : key);
  const outcome = await changeResources(deps.resources, deps.keys, {
    actor: visit.actor,
    puts: [{ ...issuer, keys }],
    expectedVersion: stored.version,
  });
  await deps.changed();
  return seeOther(`${resourcePath("Issuer", issuer.name)}?done=${outcome.ok ? "saved" : "same"}`);
};
