import { parseDuration } from "../../model/duration.ts";
import { mayAct } from "../../model/actor.ts";
import type { ExportConfig } from "../../model/resource/export-config.ts";
import type { WindowState } from "../../store/admin/overview.ts";
import type { ExportFileStatus, ExportStatus, FilePosition } from "../../store/export/status.ts";
import { pageAnswer } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import { ActionButton } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { Empty, State } from "../parts/status.tsx";
import { Pages, StackTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { bytes, count, counted, day, hour, length, span } from "../parts/words.ts";
import { AddButton } from "./resource/list.tsx";
import { resourcePath } from "./resource/find.ts";
import { JustDone } from "./saved.tsx";

const DAY_SECONDS = 86_400;
const DAYS = 14;
/** Shorter windows would make the table wider than any screen: then only files are listed. */
const LEAST_SHOWN_PERIOD = 3600;
const FILES = 25;

/** `GET /console/exports`: configurations, the windows of one as a timeline, and files. */
export const exportsPage: Handler = async (call) => {
  const { deps, visit, query } = call;
  const [view, statuses] = await Promise.all([deps.cache.fresh(), deps.exports()]);
  const configs = view.list("ExportConfig");
  const wanted = query.get("config");
  const shown = configs.find((one) => one.name === wanted) ?? configs[0];
  return await pageAnswer(
    <Page
      visit={visit}
      title="Exports"
      at="/console/exports"
      lead="Signed files that phones download."
      actions={
        <>
          <AddButton call={call} kind="ExportConfig" />
          {mayAct(visit.session.role, "operator") && configs.length > 0
            ? (
              <ActionButton
                csrf={visit.csrf}
                action="/console/jobs/export"
                name="Run exports now"
                fields={{ back: "exports" }}
              />
            )
            : null}
        </>
      }
    >
      <JustDone call={call} />
      <section class="part card flush">
        <h2 class="hide">Configurations</h2>
        {configs.length === 0
          ? (
            <Empty title="No export yet">
              <p>Phones download files that an export makes.</p>
              {visit.fresh
                ? (
                  <p>
                    <a href="/console/setup">Set up a region</a>
                  </p>
                )
                : null}
            </Empty>
          )
          : (
            <StackTable
              caption="Export configurations"
              columns={["Export", "Region", "Windows", "Exported up to", "Signed by", "State"].map(
                (name) => ({ name }),
              )}
              rows={configs.map((config) => configRow(config, statuses, visit.now))}
            />
          )}
      </section>
      {shown === undefined ? null : <Timeline call={call} config={shown} />}
      {configs.length === 0 ? null : <Files call={call} configs={configs} />}
    </Page>,
  );
};

function configRow(
  config: ExportConfig,
  statuses: readonly ExportStatus[],
  now: number,
): readonly Children[] {
  const status = statuses.find((one) => one.config === config.name && one.series === "period");
  const period = periodOf(config);
  return [
    <>
      <a href={resourcePath("ExportConfig", config.name)}>{config.name}</a>
      <small>
        <a href={`/console/exports?config=${encodeURIComponent(config.name)}`}>its windows</a>
      </small>
    </>,
    config.outputRegion,
    `every ${length(period)}`,
    status?.exportedThrough === undefined
      ? "nothing yet"
      : <Time at={status.exportedThrough} now={now} />,
    config.signingKeys.join(", "),
    <ExportState status={status} period={period} />,
  ];
}

const periodOf = (config: ExportConfig): number => (parseDuration(config.period) ?? 0) / 1000;

function ExportState(
  { status, period }: { readonly status: ExportStatus | undefined; readonly period: number },
): Html {
  if (status === undefined) return <State tone="wait">waits for its first window</State>;
  if (status.attempts > 0) {
    return (
      <>
        <State tone="bad">failing</State>
        <small>
          {counted(status.attempts, "try", "tries")}: {status.lastError ?? "no reason is known"}
        </small>
      </>
    );
  }
  if (status.lagSeconds > 2 * period) {
    return <State tone="bad">late by {length(status.lagSeconds)}</State>;
  }
  return <State tone="ok">on time</State>;
}

async function Timeline(
  { call, config }: { readonly call: Call; readonly config: ExportConfig },
): Promise<Html> {
  const period = periodOf(config);
  if (period < LEAST_SHOWN_PERIOD) return <></>;
  const { deps, visit } = call;
  const today = Math.floor(visit.now / DAY_SECONDS);
  const first = (today - DAYS + 1) * DAY_SECONDS;
  const windows = await deps.overview.windows(config.name, first, (DAYS * DAY_SECONDS) / period);
  const byStart = new Map(windows.map((one) => [one.startsAt, one]));
  const starts = Array.from({ length: DAY_SECONDS / period }, (_, index) => index * period);
  const days = Array.from({ length: DAYS }, (_, index) => (today - index) * DAY_SECONDS);
  return (
    <section class="part card" aria-labelledby="timeline">
      <div class="titled">
        <h2 id="timeline">Windows of {config.name}</h2>
        <p>Keys in the files of each window. Rows are days, columns begin at this hour.</p>
      </div>
      <div class="scroll" tabindex={0} role="region" aria-label={`Windows of ${config.name}`}>
        <table class="windows">
          <caption class="hide">Windows of export {config.name}: keys in their files</caption>
          <thead>
            <tr>
              <th scope="col">Day</th>
              {starts.map((start) => <th scope="col">{hour(start)}</th>)}
            </tr>
          </thead>
          <tbody>
            {days.map((second) => (
              <tr>
                <th scope="row">{day(second)}</th>
                {starts.map((start) => (
                  <td>
                    <Window
                      startsAt={second + start}
                      endsAt={second + start + period}
                      found={byStart.get(second + start)}
                      now={visit.now}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul class="legend">
        <li>
          <span class="w">814</span>File made
        </li>
        <li>
          <span class="w filled">0</span>No key, so no file
        </li>
        <li>
          <span class="w lost">gap</span>Failed so far
        </li>
        <li>
          <span class="w due">–</span>Not due, or before the export began
        </li>
      </ul>
    </section>
  );
}

function Window({ startsAt, endsAt, found, now }: {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly found: WindowState | undefined;
  readonly now: number;
}): Html {
  const of = ` in the window of ${span(startsAt, endsAt)}`;
  if (found === undefined) {
    return (
      <span class="w due">
        –<span class="hide">{endsAt > now ? " not ended" : " no window"}</span>
      </span>
    );
  }
  if (found.name !== null && found.bucket !== null) {
    return (
      <a class="w" href={filePath(found.bucket, found.name)}>
        {count(found.keys)}
        <span class="hide">{` keys${of}`}</span>
      </a>
    );
  }
  if (found.complete) {
    return (
      <span class="w filled">
        0<span class="hide">{` keys${of}`}</span>
      </span>
    );
  }
  if (found.attempts > 0) {
    return (
      <span class="w lost">
        gap<span class="hide">{`${of}: it failed ${found.attempts} times`}</span>
      </span>
    );
  }
  return (
    <span class="w due">
      due<span class="hide">{of}</span>
    </span>
  );
}

/** The address of a file's page. */
export function filePath(bucket: string, name: string): string {
  return `/console/exports/file?${new URLSearchParams({ bucket, name })}`;
}

async function Files(
  { call, configs }: { readonly call: Call; readonly configs: readonly ExportConfig[] },
): Promise<Html> {
  const { deps, visit, query } = call;
  const config = query.get("files") ?? "";
  const files = await deps.files(
    configs.some((one) => one.name === config) ? config : undefined,
    positionIn(query),
    FILES + 1,
  );
  const shown = files.slice(0, FILES);
  const last = shown.at(-1);
  const older = files.length > FILES && last !== undefined ? olderThan(last, config) : undefined;
  return (
    <section class="part card flush" aria-labelledby="files">
      <div class="titled">
        <h2 id="files">Files</h2>
        <p>Newest window first</p>
      </div>
      <form class="filters" method="get" action="/console/exports">
        <div>
          <label for="f-config">Export</label>
          <select id="f-config" name="files">
            <option value="">All</option>
            {configs.map(({ name }) => <option selected={name === config}>{name}</option>)}
          </select>
        </div>
        <button type="submit" class="button quiet">Filter</button>
      </form>
      {shown.length === 0
        ? (
          <Empty title="No file yet">
            <p>The first one comes when a window that has keys is over.</p>
          </Empty>
        )
        : (
          <>
            <StackTable
              caption="Export files"
              columns={FILE_COLUMNS}
              rows={shown.map((file) => fileRow(file, visit.now))}
            />
            <Pages
              text={counted(shown.length, "file")}
              links={older === undefined ? [] : [{ name: "Older", href: older }]}
            />
          </>
        )}
    </section>
  );
}

const FILE_COLUMNS = [
  { name: "File" },
  { name: "Window" },
  { name: "Keys", number: true },
  { name: "Revised", number: true },
  { name: "Size", number: true },
  { name: "Made" },
  { name: "State" },
];

function fileRow(file: ExportFileStatus, now: number): readonly Children[] {
  return [
    <a class="mono" href={filePath(file.bucket, file.name)}>{file.name}</a>,
    span(file.startsAt, file.endsAt),
    count(file.keyCount),
    count(file.revisedKeyCount),
    bytes(file.byteCount),
    <Time at={file.writtenAt} now={now} />,
    file.listed ? <State tone="ok">served</State> : <State tone="off">left the index</State>,
  ];
}

function positionIn(query: URLSearchParams): FilePosition | undefined {
  const endsAt = Number(query.get("endsAt") ?? Number.NaN);
  const bucket = query.get("bucket");
  const name = query.get("name");
  if (!Number.isSafeInteger(endsAt) || bucket === null || name === null) return undefined;
  return { endsAt, bucket, name };
}

function olderThan({ endsAt, bucket, name }: ExportFileStatus, config: string): string {
  const query = new URLSearchParams({ files: config, endsAt: String(endsAt), bucket, name });
  return `/console/exports?${query}#files`;
}
