import { createToken, revokeToken as revokeNamedToken } from "../../admin/named-token.ts";
import { endAllSessions } from "../../admin/sign-in.ts";
import { ACCESS_ROLES, isAccessRole, mayAct } from "../../model/actor.ts";
import type { NamedToken } from "../../store/admin/named-token.ts";
import type { StoredSession } from "../../store/admin/session.ts";
import { pageAnswer, seeOther } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import type { ShownSetting } from "../dependencies.ts";
import { Code } from "../parts/code.tsx";
import { ActionButton, ErrorSummary, Field, type FieldFaults, Form } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { Empty, Notice, State } from "../parts/status.tsx";
import { StackTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { JustDone } from "./saved.tsx";

/** What was just made, or what is wrong with what was typed. */
type Outcome = {
  readonly token?: { readonly name: string; readonly text: string };
  readonly faults?: FieldFaults;
};

/** `GET /console/settings`: what is in force, tokens, sessions, theme. */
export const settingsPage: Handler = async (call) => await draw(call, {}, 200);

async function draw(call: Call, outcome: Outcome, status: number): Promise<Response> {
  const { deps, visit } = call;
  const [tokens, sessions] = await Promise.all([deps.tokens.list(), deps.sessions.list()]);
  return await pageAnswer(
    <Page
      visit={visit}
      title="Settings"
      at="/console/settings"
      lead="What is in force in this process. Settings come from the environment and change with a restart."
    >
      <JustDone call={call} />
      <ErrorSummary faults={outcome.faults ?? {}} />
      {groups(deps.settings).map(([group, settings]) => (
        <section class="part card flush fixed">
          <div class="titled">
            <h2>{group}</h2>
          </div>
          <StackTable
            caption={`Settings: ${group}`}
            columns={["Setting", "In force", "Comes from"].map((name) => ({ name }))}
            rows={settings.map(settingRow)}
          />
        </section>
      ))}
      <Tokens call={call} tokens={tokens} outcome={outcome} />
      <Sessions call={call} sessions={sessions} />
      <section class="part card">
        <h2>Theme</h2>
        <p class="muted">Of this browser. "system" follows the device.</p>
        <form method="post" action="/console/theme" class="actions">
          <input type="hidden" name="to" value="settings" />
          {["system", "light", "dark"].map((theme) => (
            <button
              type="submit"
              class="button quiet slim"
              name="theme"
              value={theme}
              aria-pressed={theme === visit.theme ? "true" : "false"}
            >
              {theme}
            </button>
          ))}
        </form>
      </section>
    </Page>,
    status,
  );
}

const GROUPS: readonly (readonly [string, RegExp])[] = [
  ["Console and sign-in", /^(CONSOLE|OIDC|AUDIT|ADMIN)_/],
  ["Database and keys", /^(DATABASE|DB|MIGRATE|MASTER|DATA)_/],
  ["Exports, imports and mirrors", /^(EXPORT|IMPORT|MIRROR|MIN_WINDOW|CLEANUP)/],
  ["Storage", /^(BLOB|AWS|AZURE)/],
  ["Federation", /^(PEER|SERVER_ID|TLS_CLIENT)/],
  [
    "Publishing",
    /^(TRUNCATE|WINDOW|MAX_|CERTIFICATE|REVISION|CHAFF|DEFAULT|RESPONSE|STATS|DEBUG|USE_|ENABLE|MAINTENANCE|TOKEN)/,
  ],
];

function groups(
  settings: readonly ShownSetting[],
): readonly (readonly [string, readonly ShownSetting[]])[] {
  const groupOf = ({ name }: ShownSetting): string =>
    GROUPS.find(([, pattern]) => pattern.test(name))?.[0] ?? "This process";
  return ["This process", ...GROUPS.map(([group]) => group)]
    .map((group) => [group, settings.filter((one) => groupOf(one) === group)] as const)
    .filter(([, found]) => found.length > 0);
}

function settingRow({ name, value, from }: ShownSetting): readonly Children[] {
  return [
    <code>{name}</code>,
    value === "***" ? "•••••• (set)" : value === "" ? "–" : <code>{value}</code>,
    from === "default" ? <span class="muted">default</span> : <span class="tag">{from}</span>,
  ];
}

function Tokens({ call, tokens, outcome }: {
  readonly call: Call;
  readonly tokens: readonly NamedToken[];
  readonly outcome: Outcome;
}): Html {
  const { visit, form } = call;
  const isAdmin = mayAct(visit.session.role, "admin");
  return (
    <section class="part" id="tokens" aria-labelledby="tokens-h">
      <div class="titled">
        <h2 id="tokens-h">Tokens of programs</h2>
        <p>They open the admin API. Each is shown once, when it is made.</p>
      </div>
      <div class="stackv">
        {outcome.token === undefined ? null : (
          <Notice tone="ok">
            <p>
              <strong>The token {outcome.token.name} is made.</strong>{" "}
              You will not see it again: keep it now.
            </p>
            <Code name="Token" text={outcome.token.text} />
          </Notice>
        )}
        <div class="card flush">
          {tokens.length === 0
            ? (
              <Empty title="No tokens yet">
                <p>
                  Programs that use the admin API get one each, so that the audit log names them.
                </p>
              </Empty>
            )
            : (
              <StackTable
                caption="Tokens of programs"
                columns={["Name", "Role", "State", "Last used", "Made"].map((name) => ({ name }))}
                rows={tokens.map((token) => tokenRow(call, token, isAdmin))}
              />
            )}
        </div>
        {isAdmin
          ? (
            <Form csrf={visit.csrf} action="/console/settings/tokens" kind="card form">
              <h3>Make a token</h3>
              <Field
                name="name"
                label="Name"
                hint="Of the program that will use it. Like backup."
                value={form.get("name") ?? ""}
                width="mid"
                faults={outcome.faults ?? {}}
              />
              <Field
                name="role"
                label="Role"
                hint="What it may do: viewer sees, operator also runs jobs, admin changes everything."
                value={form.get("role") ?? "viewer"}
                choices={ACCESS_ROLES}
                width="mid"
              />
              <Field
                name="days"
                label="Days until it ends"
                hint="Leave empty for a token that never ends."
                value={form.get("days") ?? "90"}
                width="short"
                faults={outcome.faults ?? {}}
              />
              <div class="actions">
                <button type="submit" class="button">Make the token</button>
              </div>
            </Form>
          )
          : null}
      </div>
    </section>
  );
}

function tokenRow(call: Call, token: NamedToken, isAdmin: boolean): readonly Children[] {
  const { visit } = call;
  const { name, role, madeAt, madeBy, expiresAt, usedAt, revokedAt } = token;
  const over = revokedAt !== undefined || (expiresAt !== undefined && expiresAt <= visit.now);
  return [
    name,
    role,
    <>
      {revokedAt !== undefined
        ? <State tone="off">revoked</State>
        : over
        ? <State tone="off">expired</State>
        : <State tone="ok">in force</State>}
      <small>
        {expiresAt === undefined ? "never ends" : (
          <>
            ends <Time at={expiresAt} now={visit.now} />
          </>
        )}
      </small>
      {isAdmin && !over
        ? (
          <ActionButton
            csrf={visit.csrf}
            action={`/console/settings/tokens/${encodeURIComponent(name)}/revoke`}
            name={`Revoke ${name}`}
            kind="quiet slim"
          />
        )
        : null}
    </>,
    usedAt === undefined ? "never" : <Time at={usedAt} now={visit.now} />,
    <>
      <Time at={madeAt} now={visit.now} />
      <small>by {madeBy}</small>
    </>,
  ];
}

function Sessions({ call, sessions }: {
  readonly call: Call;
  readonly sessions: readonly StoredSession[];
}): Html {
  const { visit } = call;
  return (
    <section class="part card flush" aria-labelledby="sessions">
      <div class="titled">
        <h2 id="sessions">Who is signed in</h2>
        <p>Sessions end after 12 hours, or 30 minutes without use.</p>
      </div>
      <StackTable
        caption="Sessions of the console"
        columns={["Name", "Role", "Signed in by", "Since", "Last used"].map((name) => ({ name }))}
        rows={sessions.map(({ name, role, provider, createdAt, usedAt }) => [
          name,
          role,
          provider === "link" ? "a one-time link" : provider,
          <Time at={createdAt} now={visit.now} />,
          <Time at={usedAt} now={visit.now} />,
        ])}
      />
      {mayAct(visit.session.role, "admin")
        ? (
          <div class="pages">
            <ActionButton
              csrf={visit.csrf}
              action="/console/settings/sessions/end"
              name="Sign everybody out"
              kind="quiet slim"
            />
          </div>
        )
        : null}
    </section>
  );
}

/** `POST /console/settings/tokens`: makes a token and shows it once. */
export const makeToken: Handler = async (call) => {
  const { deps, visit, form } = call;
  const name = (form.get("name") ?? "").trim();
  const role = form.get("role") ?? "";
  const days = (form.get("days") ?? "").trim();
  if (!isAccessRole(role)) return await draw(call, { faults: { role: "Choose a role." } }, 422);
  if (!/^\d{0,4}$/.test(days)) {
    return await draw(call, { faults: { days: "Must be a whole number of days." } }, 422);
  }
  const lifeSeconds = days === "" ? undefined : Number(days) * 86_400;
  const made = await createToken(deps, visit.actor, { name, role, lifeSeconds });
  if (!made.ok) {
    const field = made.message.includes("live") ? "days" : "name";
    return await draw(call, { faults: { [field]: made.message } }, 422);
  }
  return await draw(call, { token: { name, text: made.value } }, 200);
};

/** `POST /console/settings/tokens/:name/revoke`. A second time changes nothing. */
export const revokeToken: Handler = async ({ deps, visit, param }) => {
  await revokeNamedToken(deps, visit.actor, param("name"));
  return seeOther("/console/settings?done=revoked#tokens");
};

/** `POST /console/settings/sessions/end`: signs everybody out, whoever asks included. */
export const endSessions: Handler = async ({ deps, visit }) => {
  await endAllSessions(deps, visit.actor);
  return seeOther("/console/sign-in?why=ended");
};
