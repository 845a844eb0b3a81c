import { parseKeys } from "../../admin/where.ts";
import { encodeHex } from "../../bytes/base64.ts";
import {
  MAX_LISTED_KEYS,
  parseRevocation,
  type RevocationOutcome,
  type RevocationRequest,
  revokeKeys,
} from "../../incidents/revoke.ts";
import type { StoredRevocation } from "../../store/exposure/revocation.ts";
import { pageAnswer, seeOther } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import { Bar } from "../parts/chart.tsx";
import {
  ActionButton,
  ErrorSummary,
  Field,
  type FieldFaults,
  Form,
  Hidden,
} from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { Empty, State } from "../parts/status.tsx";
import { Steps } from "../parts/steps.tsx";
import { Facts, ScrollTable, StackTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { count, counted, day } from "../parts/words.ts";
import { filePath } from "./exports.tsx";

const FIELDS = ["issuer", "healthAuthority", "since", "until", "keys", "reason"] as const;
type Typed = Readonly<Record<typeof FIELDS[number], string>>;
const NAMES = ["Choose the keys", "Check the dry run", "Confirm", "Watch progress"];

/** `GET /console/revoke`: which keys, and the revocations that there were. */
export const revokePage: Handler = async (call) => await draw(call, typedIn(call.form), {});

/** `POST /console/revoke`: the dry run; with what it says to type, the beginning. */
export const revoke: Handler = async (call) => {
  const { deps, visit, form } = call;
  const typed = typedIn(form);
  const read = requestOf(typed, form.get("typed") ?? undefined);
  if (!read.ok) return await draw(call, typed, read.faults);
  const outcome = await revokeKeys(deps, visit.actor, read.request);
  if (outcome.ok && outcome.value.id !== undefined) return seeOther("/console/revoke#progress");
  if (outcome.ok) return await dryRun(call, typed, outcome.value, {});
  // What was typed does not fit: the dry run again, as it is now.
  const { confirm: _, ...again } = read.request;
  const fresh = await revokeKeys(deps, visit.actor, again);
  const text = `${outcome.message.charAt(0).toUpperCase()}${outcome.message.slice(1)}.`;
  return fresh.ok
    ? await dryRun(call, typed, fresh.value, { typed: text })
    : await draw(call, typed, { reason: text });
};

/** `POST /console/revoke/:id/:act`: stops one that runs, or lets it go on. */
export const turnRevocation: Handler = async ({ deps, visit, param }) => {
  const id = param("id");
  if (/^\d{1,15}$/.test(id)) {
    const to = param("act") === "stop" ? "stopped" : "running";
    await deps.revocations.turn(visit.actor, Number(id), to);
  }
  return seeOther("/console/revoke#progress");
};

function typedIn(form: URLSearchParams): Typed {
  const given = (name: typeof FIELDS[number]): string => (form.get(name) ?? "").trim();
  return {
    issuer: given("issuer"),
    healthAuthority: given("healthAuthority"),
    since: given("since"),
    until: given("until"),
    keys: given("keys"),
    reason: given("reason"),
  };
}

type Read =
  | { readonly ok: true; readonly request: RevocationRequest }
  | { readonly ok: false; readonly faults: FieldFaults };

function requestOf(typed: Typed, confirm: string | undefined): Read {
  const { keys: text, ...rest } = typed;
  const keys = text === "" ? undefined : parseKeys(text, MAX_LISTED_KEYS);
  if (keys?.ok === false) return { ok: false, faults: { keys: `${keys.message}.` } };
  const request = parseRevocation({
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== "")),
    reason: rest.reason,
    ...(keys === undefined ? {} : { keys: keys.value.map(encodeHex) }),
    ...(confirm === undefined ? {} : { confirm }),
  });
  if (request.ok) return { ok: true, request: request.value };
  const field = FIELDS.find((name) => request.message.startsWith(`${name}:`)) ?? "issuer";
  return { ok: false, faults: { [field]: `${request.message}.` } };
}

function StepsOf({ at }: { readonly at: number }): Html {
  return (
    <div class="card">
      <Steps
        label="Steps"
        steps={NAMES.map((name, index) => ({
          name,
          state: index < at ? "done" : index === at ? "now" : "next",
          text: index === 1 ? "nothing has changed" : "",
        }))}
      />
    </div>
  );
}

async function draw(call: Call, typed: Typed, faults: FieldFaults): Promise<Response> {
  const { deps, visit } = call;
  const [view, past] = await Promise.all([deps.cache.fresh(), deps.revocations.list(20)]);
  const wrong = Object.keys(faults).length > 0;
  const names = (all: readonly { readonly name: string }[]) => ["", ...all.map((one) => one.name)];
  const page = (
    <Page
      visit={visit}
      title={wrong ? "Error: Revoke in bulk" : "Revoke in bulk"}
      at="/console/revoke"
      lead="For keys that should not have been published: a leaked issuer key, a laboratory's mistake."
    >
      <StepsOf at={0} />
      <div class="part stackv">
        <ErrorSummary faults={faults} />
        <Form csrf={visit.csrf} action="/console/revoke" kind="card form">
          <p class="muted">
            Each field narrows the choice. Keys of peers are revoked by their own server.
          </p>
          <Field
            name="issuer"
            label="Certified by the issuer"
            value={typed.issuer}
            choices={names(view.list("Issuer"))}
            width="mid"
            faults={faults}
          />
          <Field
            name="healthAuthority"
            label="Published for the health authority"
            value={typed.healthAuthority}
            choices={names(view.list("HealthAuthority"))}
            width="mid"
            faults={faults}
          />
          <Field
            name="since"
            label="Windows from"
            hint="Like 2026-01-31T10:00:00Z. Leave empty for no beginning."
            value={typed.since}
            width="mid"
            faults={faults}
          />
          <Field
            name="until"
            label="Windows until"
            hint="Like 2026-01-31T16:00:00Z. Leave empty for no end."
            value={typed.until}
            width="mid"
            faults={faults}
          />
          <Field
            name="keys"
            label="Only these keys"
            hint="One a line, base64 or hex. Leave empty for all that the fields above choose."
            value={typed.keys}
            faults={faults}
            lines
          />
          <Field
            name="reason"
            label="Reason"
            hint="For the audit log. Like: key v2 was on a stolen laptop."
            value={typed.reason}
            faults={faults}
          />
          <div class="actions">
            <button type="submit" class="button">Make a dry run</button>
          </div>
        </Form>
        <Past call={call} past={past} />
      </div>
    </Page>
  );
  return await pageAnswer(page, wrong ? 422 : 200);
}

async function dryRun(
  { visit }: Call,
  typed: Typed,
  { preview, confirm }: RevocationOutcome,
  faults: FieldFaults,
): Promise<Response> {
  const { total, neverLeft } = preview;
  const page = (
    <Page
      visit={visit}
      title={Object.keys(faults).length === 0 ? "Revoke in bulk" : "Error: Revoke in bulk"}
      at="/console/revoke"
      lead="The dry run. Nothing has changed."
    >
      <StepsOf at={1} />
      <div class="part stackv">
        <ErrorSummary faults={faults} />
        <section class="card">
          <div class="titled">
            <h2>{`Dry run: ${counted(total, "key")}`}</h2>
            <p>
              <a href="/console/revoke">Choose others</a>
            </p>
          </div>
          <Facts facts={chosenFacts(typed)} />
        </section>
        {total === 0
          ? (
            <Empty title="No key fits">
              <p>Nothing would be revoked.</p>
            </Empty>
          )
          : (
            <>
              <Effects total={total} neverLeft={neverLeft} days={preview.days} />
              <Files files={preview.files} />
              <section class="card confirm">
                <h2>{`Revoke ${total === 1 ? "this key" : `these ${counted(total, "key")}`}?`}</h2>
                <p>
                  <strong>This cannot be undone.</strong>{" "}
                  A revoked key cannot be made valid again, and people who were warned by it lose
                  the warning at their app's next download.
                </p>
                <Form csrf={visit.csrf} action="/console/revoke">
                  <Hidden fields={typed} />
                  <Field
                    name="typed"
                    label="To continue, type the number of keys and what they have in common"
                    hint={<span class="type">{confirm}</span>}
                    width="mono mid"
                    faults={faults}
                  />
                  <div class="actions">
                    <button type="submit" class="button danger">
                      Revoke {counted(total, "key")}
                    </button>
                    <a href="/console">Leave without a change</a>
                  </div>
                </Form>
              </section>
            </>
          )}
      </div>
    </Page>
  );
  return await pageAnswer(page, Object.keys(faults).length === 0 ? 200 : 422);
}

function chosenFacts(typed: Typed): readonly (readonly [string, Children])[] {
  const names: Readonly<Record<keyof Typed, string>> = {
    issuer: "Issuer",
    healthAuthority: "Health authority",
    since: "Windows from",
    until: "Windows until",
    keys: "Only the keys",
    reason: "Reason",
  };
  return FIELDS.filter((name) => typed[name] !== "").map((name) => [
    names[name],
    name === "keys" ? "that you listed" : typed[name],
  ]);
}

function Effects({ total, neverLeft, days }: {
  readonly total: number;
  readonly neverLeft: number;
  readonly days: RevocationOutcome["preview"]["days"];
}): Html {
  const most = Math.max(...days.map((one) => one.keys));
  return (
    <div class="grid two">
      <section class="card">
        <h3>By the day of their window</h3>
        <ScrollTable
          caption="Keys by the day of their window"
          columns={[{ name: "Day" }, { name: "Keys", number: true }, { name: "Share" }]}
          rows={days.map((one) => [
            day(one.day * 86_400),
            count(one.keys),
            <Bar value={one.keys} most={most} />,
          ])}
        />
      </section>
      <section class="card">
        <h3>What happens to them</h3>
        <ScrollTable
          caption="What happens to the keys"
          columns={[{ name: "Keys" }, { name: "Number", number: true }, { name: "Then" }]}
          rows={[
            ["Released", count(total - neverLeft), "revoked; the next files and peers say so"],
            ["Never left", count(neverLeft), "deleted"],
          ]}
          total={["All", count(total), ""]}
        />
      </section>
    </div>
  );
}

function Files({ files }: { readonly files: RevocationOutcome["preview"]["files"] }): Html | null {
  if (files.length === 0) return null;
  return (
    <section class="card flush">
      <div class="titled">
        <h2>By file</h2>
        <p>Files of the windows that hold them; revisions go into the next ones</p>
      </div>
      <StackTable
        caption="Keys by file"
        columns={[{ name: "File" }, { name: "In the file", number: true }, {
          name: "Chosen in its window",
          number: true,
        }]}
        rows={files.map(({ bucket, name, keyCount, chosen }) => [
          <a class="mono" href={filePath(bucket, name)}>{name}</a>,
          count(keyCount),
          count(chosen),
        ])}
      />
    </section>
  );
}

const STATES = { running: "wait", stopped: "off", done: "ok" } as const;

function Past(
  { call, past }: { readonly call: Call; readonly past: readonly StoredRevocation[] },
): Html {
  const { visit } = call;
  const live = past.some((one) => one.state === "running");
  const button = (one: StoredRevocation, act: "stop" | "continue", name: string) => (
    <ActionButton
      csrf={visit.csrf}
      action={`/console/revoke/${one.id}/${act}`}
      name={name}
      kind="quiet slim"
    />
  );
  return (
    <section
      class="card flush"
      id="progress"
      aria-label="Revocations so far"
      data-live={live ? "/console/revoke" : undefined}
    >
      <div class="titled">
        <h2>Revocations so far</h2>
        <p aria-live="polite">{live ? "one is running" : ""}</p>
      </div>
      {past.length === 0
        ? (
          <Empty title="None yet">
            <p>Each will be here with its reason and how far it came.</p>
          </Empty>
        )
        : (
          <StackTable
            caption="Revocations so far"
            columns={["Number", "State", "Done", "Reason", "By", "Change"].map((name) => ({
              name,
            }))}
            rows={past.map((one) => [
              String(one.id),
              <State tone={STATES[one.state]}>{one.state}</State>,
              `${count(one.revoked)} revoked, ${count(one.deleted)} deleted of ${
                count(one.expected)
              }`,
              one.reason,
              <>
                {one.madeBy}
                <small>
                  <Time at={one.madeAt} now={visit.now} />
                </small>
              </>,
              one.state === "running"
                ? button(one, "stop", "Stop")
                : one.state === "stopped"
                ? button(one, "continue", "Continue")
                : "",
            ])}
          />
        )}
    </section>
  );
}
