import { type KeyWhereabouts, MAX_ASKED_KEYS } from "../../admin/where.ts";
import { pageAnswer } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import { ErrorSummary, Field, type FieldFaults, Form } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/status.tsx";
import { type Step, Steps } from "../parts/steps.tsx";
import { Facts, ScrollTable } from "../parts/table.tsx";
import { count, counted, date, day, hour, moment } from "../parts/words.ts";
import { textOf } from "./daily-figures.ts";
import { filePath } from "./exports.tsx";
import { resourcePath } from "./resource/find.ts";

type Found = Extract<KeyWhereabouts, { here: true }>;

/** `GET /console/where`: where keys are pasted. */
export const wherePage: Handler = async (call) => await draw(call, "", {}, undefined, 200);

/** `POST /console/where`: where they are. They are in no address, log or audit row. */
export const findKeys: Handler = async (call) => {
  const { deps, visit, form } = call;
  const text = form.get("keys") ?? "";
  const found = await deps.where(visit.actor, text);
  if (!found.ok) {
    const fault = `${found.message.charAt(0).toUpperCase()}${found.message.slice(1)}.`;
    return await draw(call, text, { keys: fault }, undefined, 422);
  }
  return await draw(call, text, {}, found.value, 200);
};

async function draw(
  { visit }: Call,
  text: string,
  faults: FieldFaults,
  found: readonly KeyWhereabouts[] | undefined,
  status: number,
): Promise<Response> {
  const here = found?.filter((one) => one.here).length ?? 0;
  const page = (
    <Page
      visit={visit}
      title={Object.keys(faults).length === 0 ? "Where is this key?" : "Error: Where is this key?"}
      at="/console/where"
      lead="For the question “my app says that I shared my keys, but nobody was warned”."
    >
      <div class="stackv">
        <ErrorSummary faults={faults} />
        <Form csrf={visit.csrf} action="/console/where" kind="card form">
          <Field
            name="keys"
            label="Keys"
            hint={`One a line, base64 or hex, at most ${MAX_ASKED_KEYS}. Or the text that a phone's “export my keys” gives. They are not stored, not logged, and not in the address of this page. The audit log notes that you asked, not what.`}
            value={text}
            faults={faults}
            lines
          />
          <div class="actions">
            <button type="submit" class="button">Find these keys</button>
          </div>
        </Form>
        {found === undefined ? null : (
          <>
            <h2>
              {here} of {counted(found.length, "key")} {here === 1 ? "is" : "are"} here
            </h2>
            {found.map((one, index) => (
              <Answer
                one={one}
                place={`key ${index + 1} of ${found.length}`}
                id={`k${index}`}
                now={visit.now}
              />
            ))}
          </>
        )}
      </div>
    </Page>
  );
  return await pageAnswer(page, status);
}

function Answer({ one, place, id, now }: {
  readonly one: KeyWhereabouts;
  readonly place: string;
  readonly id: string;
  readonly now: number;
}): Html {
  return (
    <section class="card" aria-labelledby={id}>
      <div class="titled">
        <h3 id={id}>
          <Verdict one={one} />
        </h3>
        <p>{place}</p>
      </div>
      <p>
        <code>{one.key}</code>
      </p>
      {one.here ? <Here one={one} now={now} /> : <NotHere one={one} />}
    </section>
  );
}

function Verdict({ one }: { readonly one: KeyWhereabouts }): Html {
  if (!one.here) return <State tone="off">Not here</State>;
  if (one.state === "held back") return <State tone="wait">Here, not on phones yet</State>;
  if (one.files.length > 0) return <State tone="ok">Here, and on phones</State>;
  return <State tone="wait">Here, in no file yet</State>;
}

function Here({ one, now }: { readonly one: Found; readonly now: number }): Html {
  const { window, files, peers, source, sourceName, healthAuthority, issuer, reportType } = one;
  const by = source === "local"
    ? `publish${healthAuthority === null ? "" : `, health authority ${healthAuthority}`}${
      issuer === null ? "" : `, certified by ${issuer}`
    }`
    : `${source} ${sourceName ?? ""}`;
  return (
    <>
      <Steps label="The way of this key" steps={wayOf(one, now)} />
      <Facts
        facts={[
          ["Came by", by],
          ["Report type", reportType === "" ? "not told" : reportType],
          [
            "Valid",
            <>
              {moment(one.validFrom)} to {moment(one.validThru)}
              <small>
                {one.intervalCount} intervals from {count(one.intervalNumber)}
              </small>
            </>,
          ],
          [
            "Days since onset",
            one.daysSinceOnset === null ? "not told" : String(one.daysSinceOnset),
          ],
          ["Regions", one.regions.join(", ")],
          ["Traveler", one.traveler ? "yes" : "no"],
          ["Window", `${date(window)}, ${hour(window)}`],
          ["Files", <FileList one={one} />],
          [
            "Peers",
            peers.length === 0 ? "none: no agreement lets it out" : (
              <>
                {peers.map(({ name, state }) => (
                  <div>
                    <a href={resourcePath("Peer", name)}>{name}</a>, {PEER_STATES[state]}
                  </div>
                ))}
              </>
            ),
          ],
        ]}
      />
      {one.state === "held back"
        ? (
          <p class="small muted">
            This is normal. A key that is still valid is kept back until it has ended, so that
            nobody can replay it.
          </p>
        )
        : null}
      {files.length === 0 && one.exports.length === 0
        ? <p class="small muted">No export of this server takes keys like it.</p>
        : null}
    </>
  );
}

const PEER_STATES = {
  pushed: "handed over",
  waiting: "goes out when its window is closed",
  fetches: "fetches by itself, so it may have it",
} as const;

function FileList({ one }: { readonly one: Found }): Html {
  const { files, exports } = one;
  if (files.length === 0) {
    return <>{exports.length === 0 ? "none" : `none yet; ${exports.join(", ")} will carry it`}</>;
  }
  return (
    <>
      {files.map((file) => (
        <div>
          <a class="mono" href={filePath(file.bucket, file.name)}>{file.name}</a>, as {file.as}
          {file.listed ? "" : ", no longer in the index"}
        </div>
      ))}
    </>
  );
}

function wayOf(one: Found, now: number): readonly Step[] {
  const { state, window, files, peers, revisedAt, revisedReportType, reportType } = one;
  const closed = state === "closed";
  const at = (seconds: number): string => `${day(seconds)}, ${hour(seconds)}`;
  const pushed = peers.filter((peer) => peer.state !== "waiting").length;
  const steps: Step[] = [
    { name: "Stored", state: "done", text: "in the database" },
    {
      name: closed ? "Released" : "Held back",
      state: closed ? "done" : "now",
      text: closed || window <= now ? at(window) : `until ${at(window)}`,
    },
    {
      name: "In a file",
      state: files.length > 0 ? "done" : closed ? "now" : "next",
      text: files.length > 0 ? counted(files.length, "file") : "with the next export",
    },
    {
      name: "At peers",
      state: pushed > 0 ? "done" : "next",
      text: peers.length === 0 ? "none may have it" : `${pushed} of ${peers.length}`,
    },
  ];
  if (revisedAt === null) return steps;
  return [...steps, {
    name: "Revised",
    state: "done",
    text: `${at(revisedAt)}: ${reportType || "not told"} → ${revisedReportType ?? "not told"}`,
  }];
}

function NotHere({ one }: { readonly one: Extract<KeyWhereabouts, { here: false }> }): Html {
  const rows = one.refused.map(({ hour: second, code, count: refusals }): readonly Children[] => [
    `${day(second)}, ${hour(second)}`,
    count(refusals),
    textOf(code),
  ]);
  return (
    <>
      <p>
        It was never stored, or it was deleted when it was too old. Refused keys are not kept; what
        is known is how many publishes were refused in which hour.
      </p>
      {rows.length === 0 ? <p class="muted">No publish was refused lately.</p> : (
        <ScrollTable
          caption="Publishes refused lately"
          columns={[{ name: "Hour" }, { name: "Refused", number: true }, { name: "Reason" }]}
          rows={rows}
        />
      )}
      <p class="small muted">
        What to ask the person: at what time did you share, and what did the app say?
      </p>
    </>
  );
}
