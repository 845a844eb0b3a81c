import { type ToDo, type ToDoFacts } from "../../admin/to-do.ts";
import { pageAnswer } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import { Bar, Columns, Spark } from "../parts/chart.tsx";
import type { Html } from "../parts/html.ts";
import { Icon } from "../parts/icon.tsx";
import { Page } from "../parts/page.tsx";
import { type Check, Status } from "../parts/status.tsx";
import { ScrollTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { bytes, count, counted, length } from "../parts/words.ts";
import { type DailyFigures, dailyFigures, DAYS } from "./daily-figures.ts";

/** `GET /console`: is it working, what should I do now, what happened. */
export const overviewPage: Handler = async (call) => {
  const { deps, visit } = call;
  const [facts, toDo, figures, database] = await Promise.all([
    deps.facts(),
    deps.toDo(),
    dailyFigures(deps, visit.now),
    deps.overview.figures(),
  ]);
  return await pageAnswer(
    <Page visit={visit} title="Overview" at="/console" asOf>
      <section aria-labelledby="working">
        <h2 class="hide" id="working">Is it working?</h2>
        <Working call={call} facts={facts} toDo={toDo} database={database} figures={figures} />
      </section>
      <section class="part" aria-labelledby="todo">
        <div class="titled">
          <h2 id="todo">What should I do now?</h2>
          <p>
            {toDo.length === 0 ? "" : `${counted(toDo.length, "thing")}, the most urgent first`}
          </p>
        </div>
        <ToDoList visit={visit} toDo={toDo} facts={facts} />
      </section>
      <section class="part" aria-labelledby="happened">
        <div class="titled">
          <h2 id="happened">What happened?</h2>
          <p>{DAYS} days, {figures.days[0]} to {figures.days.at(-1)}, today until now</p>
        </div>
        <Tiles figures={figures} heldBack={database.heldBack} />
      </section>
      <div class="part grid two">
        <Charts figures={figures} />
        <Attestations counts={deps.attestations()} />
      </div>
    </Page>,
  );
};

/** Nothing where no health authority asks for attestations. */
function Attestations({ counts }: {
  readonly counts: ReturnType<Call["deps"]["attestations"]>;
}): Html {
  if (counts.length === 0) return <></>;
  return (
    <div class="card">
      <h3>Device attestations</h3>
      <p class="muted">Since this process started.</p>
      <ScrollTable
        caption="Device attestations by verdict"
        columns={[{ name: "Verdict" }, { name: "Kind" }, { name: "Platform" }, {
          name: "Publishes",
          number: true,
        }]}
        rows={counts.map((one) => [one.verdict, one.kind, one.platform, count(one.count)])}
      />
    </div>
  );
}

type Database = Awaited<ReturnType<Call["deps"]["overview"]["figures"]>>;

function Working({ call, facts, toDo, database, figures }: {
  readonly call: Call;
  readonly facts: ToDoFacts;
  readonly toDo: readonly ToDo[];
  readonly database: Database;
  readonly figures: DailyFigures;
}): Html {
  const broken = toDo.filter((one) => one.urgency === "bad").length;
  const half = toDo.filter((one) => one.urgency === "warn").length;
  const tone = broken > 0 ? "bad" : half > 0 ? "warn" : "ok";
  const title = call.visit.fresh
    ? "Ready, and nothing is set up yet"
    : broken > 0
    ? `Working, with ${broken === 1 ? "one problem" : `${broken} problems`}`
    : half > 0
    ? `Working, with ${half === 1 ? "one thing" : `${half} things`} to look at`
    : "Everything works";
  return (
    <Status tone={tone} title={title} checks={checksOf(facts, database, figures)}>
      {call.visit.fresh
        ? <a href="/console/setup">Set up a region</a>
        : toDo[0] === undefined
        ? "Phones can publish, and files are on time."
        : `${toDo[0].title}.`}
    </Status>
  );
}

function checksOf(
  facts: ToDoFacts,
  database: Database,
  figures: DailyFigures,
): readonly Check[] {
  const late = facts.exports.filter((one) => one.lagSeconds > 2 * one.periodSeconds).length;
  const silent =
    facts.peers.filter((peer) =>
      [peer.pull, peer.push].some((one) => one?.state === "failing" || one?.state === "refused")
    ).length;
  const jobs = facts.failedJobs.length;
  const full = database.connections > database.maxConnections * 0.9;
  const today = figures.published.at(-1) ?? 0;
  return [
    {
      tone: facts.healthAuthorities.length === 0 ? "off" : "ok",
      name: "Publishing",
      text: facts.healthAuthorities.length === 0
        ? "no health authority yet"
        : `${counted(today, "key")} today`,
    },
    {
      tone: facts.exports.length === 0 ? "off" : late > 0 ? "bad" : "ok",
      name: "Exports",
      text: facts.exports.length === 0 ? "none yet" : late > 0 ? `${late} late` : "on time",
    },
    {
      tone: facts.peers.length === 0 ? "off" : silent > 0 ? "bad" : "ok",
      name: "Federation",
      text: facts.peers.length === 0
        ? "no peers yet"
        : `${facts.peers.length - silent} of ${counted(facts.peers.length, "peer")} in order`,
    },
    {
      tone: jobs > 0 ? "warn" : "ok",
      name: "Jobs",
      text: jobs > 0 ? `${jobs} failed in their newest run` : "newest runs in order",
    },
    {
      tone: full ? "warn" : "ok",
      name: "Database",
      text: `${bytes(database.bytes)}, ${database.connections} of ${
        counted(database.maxConnections, "connection")
      }`,
    },
    {
      tone: Math.abs(facts.clockAheadSeconds) > 5 ? "warn" : "ok",
      name: "Clock",
      text: Math.abs(facts.clockAheadSeconds) > 5
        ? `${length(Math.abs(facts.clockAheadSeconds))} off`
        : "agrees with the database's",
    },
  ];
}

function ToDoList({ visit, toDo, facts }: {
  readonly visit: Call["visit"];
  readonly toDo: readonly ToDo[];
  readonly facts: ToDoFacts;
}): Html {
  if (toDo.length === 0) {
    const ends = facts.signingKeys.flatMap(({ name, thru }) =>
      thru === undefined ? [] : [{ name, at: Math.floor(Date.parse(thru) / 1000) }]
    ).filter(({ at }) =>
      at > visit.now
    ).sort((a, b) => a.at - b.at)[0];
    return (
      <p class="card">
        Nothing to do.{ends === undefined
          ? ""
          : ` Next: the signing key ${ends.name} ends in ${length(ends.at - visit.now)}.`}
      </p>
    );
  }
  return (
    <ol class="todo">
      {toDo.map(({ urgency, title, then, at, link }) => (
        <li class={urgency}>
          <Icon tone={urgency} />
          <div>
            <h3>{title}</h3>
            <p class="then">{then}</p>
          </div>
          <div class="do">
            <span class="when">
              {at === undefined
                ? urgency === "info" ? "when you have time" : ""
                : <Time at={at} now={visit.now} />}
            </span>
            <a class="button quiet slim" href={link.href}>{link.name}</a>
          </div>
        </li>
      ))}
    </ol>
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

function Tiles({ figures, heldBack }: {
  readonly figures: DailyFigures;
  readonly heldBack: number;
}): Html {
  const { published, revised, refused, chaffShare, exported, received, sent } = figures;
  const today = (values: readonly number[]): string => `${count(values.at(-1) ?? 0)} today`;
  const chaff = chaffShare === undefined ? "–" : `${Math.round(chaffShare * 100)}\u00a0%`;
  const tiles: readonly (readonly [string, string, string, readonly number[]])[] = [
    ["Keys published", count(sum(published)), today(published), published],
    ["Revising publishes", count(sum(revised)), today(revised), revised],
    ["Publishes refused", count(sum(refused)), today(refused), refused],
    [
      "Chaff",
      chaff,
      chaffShare === undefined ? "no request yet" : "of all requests",
      figures.chaff,
    ],
    ["Keys in export files", count(sum(exported)), "including generated ones", exported],
    ["Received from peers", count(sum(received)), today(received), received],
    ["Sent to peers", count(sum(sent)), today(sent), sent],
    ["Held back", count(heldBack), "keys that could still be replayed", []],
  ];
  return (
    <ul class="tiles four">
      {tiles.map(([name, figure, reading, values]) => (
        <li>
          <h3>{name}</h3>
          <p class="figure">{figure}</p>
          <small>{reading}</small>
          {values.length === 0 ? null : <Spark values={values} />}
        </li>
      ))}
    </ul>
  );
}

function Charts({ figures }: { readonly figures: DailyFigures }): Html {
  const { days, published, refused, received, sent, reasons } = figures;
  const most = Math.max(0, ...reasons.map((one) => one.count));
  return (
    <>
      <div class="card">
        <Columns
          id="c-published"
          title="Keys published per day"
          reading={readingOf(published, days, "keys")}
          days={days}
          above={{ name: "Keys", values: published }}
        />
      </div>
      <div class="card">
        <Columns
          id="c-refused"
          title="Publishes refused per day"
          reading={readingOf(refused, days, "publishes")}
          days={days}
          above={{ name: "Refused", values: refused }}
        />
      </div>
      <div class="card">
        <h3>Why publishes were refused</h3>
        {reasons.length === 0 ? <p class="muted">None was refused in {DAYS} days.</p> : (
          <ScrollTable
            caption={`Refused publishes of ${DAYS} days by reason`}
            columns={[{ name: "Reason" }, { name: "Publishes", number: true }, { name: "Share" }]}
            rows={reasons.map(({ reason, code, count: refusals }) => [
              <>
                {reason}
                <small>{code}</small>
              </>,
              count(refusals),
              <Bar value={refusals} most={most} />,
            ])}
          />
        )}
      </div>
      <div class="card">
        <Columns
          id="c-peers"
          title="Keys exchanged with peers"
          reading="Above the line: received. Below: sent."
          days={days}
          above={{ name: "Received", values: received }}
          below={{ name: "Sent", values: sent }}
        />
      </div>
    </>
  );
}

/** What to see: the day that stands out, or that none does. */
function readingOf(values: readonly number[], days: readonly string[], what: string): string {
  const whole = values.slice(0, -1);
  if (sum(values) === 0) return `No ${what} in ${DAYS} days.`;
  const others = whole.toSorted((a, b) => a - b);
  const usual = others[Math.floor(others.length / 2)] ?? 0;
  const most = Math.max(...whole, 0);
  const at = days[values.indexOf(most)] ?? "";
  if (most > 3 * Math.max(usual, 1)) {
    return `${count(most)} on ${at}, on other days about ${count(usual)}.`;
  }
  return `About ${count(usual)} a day. No day stands out.`;
}
