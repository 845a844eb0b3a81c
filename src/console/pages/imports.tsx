import type { ExportImport } from "../../model/resource/export-import.ts";
import type { Mirror } from "../../model/resource/mirror.ts";
import type { ImportStatus } from "../../store/upstream/import-file.ts";
import type { IndexStatus } from "../../store/upstream/index-state.ts";
import type { MirrorStatus } from "../../store/upstream/mirror-file.ts";
import { pageAnswer } from "../answer.ts";
import type { Handler } from "../call.ts";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { Empty, State } from "../parts/status.tsx";
import { StackTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { count } from "../parts/words.ts";
import { AddButton } from "./resource/list.tsx";
import { resourcePath } from "./resource/find.ts";
import { JustDone } from "./saved.tsx";

type Statuses = {
  readonly imports: readonly ImportStatus[];
  readonly mirrors: readonly MirrorStatus[];
  readonly indexes: readonly IndexStatus[];
};

/** `GET /console/imports`: other servers' files: what is read into ours, and what is copied. */
export const importsPage: Handler = async (call) => {
  const { deps, visit } = call;
  const [view, statuses] = await Promise.all([deps.cache.fresh(), deps.upstreams()]);
  const imports = view.list("ExportImport");
  const mirrors = view.list("Mirror");
  return await pageAnswer(
    <Page
      visit={visit}
      title="Imports and mirrors"
      at="/console/imports"
      lead="Other servers' files: an import reads their keys into ours, a mirror copies them unchanged."
      asOf
    >
      <JustDone call={call} />
      <section class="part card flush" aria-labelledby="imports">
        <div class="titled">
          <h2 id="imports">Imports</h2>
          <AddButton call={call} kind="ExportImport" />
        </div>
        {imports.length === 0
          ? (
            <Empty title="No import yet">
              <p>An import reads another server's files, and its keys go into ours.</p>
            </Empty>
          )
          : (
            <StackTable
              caption="Imports"
              columns={IMPORT_COLUMNS}
              rows={imports.map((one) => importRow(one, statuses, visit.now))}
            />
          )}
      </section>
      <Failures statuses={statuses} now={visit.now} />
      <section class="part card flush" aria-labelledby="mirrors">
        <div class="titled">
          <h2 id="mirrors">Mirrors</h2>
          <AddButton call={call} kind="Mirror" />
        </div>
        {mirrors.length === 0
          ? (
            <Empty title="No mirror yet">
              <p>A mirror copies another server's files, as they are.</p>
            </Empty>
          )
          : (
            <StackTable
              caption="Mirrors"
              columns={MIRROR_COLUMNS}
              rows={mirrors.map((one) => mirrorRow(one, statuses, visit.now))}
            />
          )}
      </section>
    </Page>,
  );
};

const IMPORT_COLUMNS = [
  { name: "Import" },
  { name: "Its list" },
  { name: "Files read", number: true },
  { name: "Waiting", number: true },
  { name: "Failed", number: true },
  { name: "Keys taken", number: true },
];
const MIRROR_COLUMNS = [
  { name: "Mirror" },
  { name: "Its list" },
  { name: "Copies", number: true },
  { name: "Waiting", number: true },
  { name: "Failed", number: true },
];

function importRow(one: ExportImport, statuses: Statuses, now: number): readonly Children[] {
  const status = statuses.imports.find((found) => found.import === one.name);
  return [
    <a href={resourcePath("ExportImport", one.name)}>{one.name}</a>,
    <ListState statuses={statuses} reader="import" name={one.name} now={now} />,
    count(status?.done ?? 0),
    count(status?.pending ?? 0),
    count(status?.failed ?? 0),
    count((status?.inserted ?? 0) + (status?.revised ?? 0)),
  ];
}

function mirrorRow(one: Mirror, statuses: Statuses, now: number): readonly Children[] {
  const status = statuses.mirrors.find((found) =>
    found.bucket === one.bucket && found.root === one.filenameRoot
  );
  return [
    <>
      <a href={resourcePath("Mirror", one.name)}>{one.name}</a>
      {status?.message === null || status?.message === undefined
        ? null
        : <small>{status.message}</small>}
    </>,
    <ListState statuses={statuses} reader="mirror" name={one.name} now={now} />,
    count(status?.stored ?? 0),
    count(status?.pending ?? 0),
    count(status?.failed ?? 0),
  ];
}

function ListState({ statuses, reader, name, now }: {
  readonly statuses: Statuses;
  readonly reader: IndexStatus["reader"];
  readonly name: string;
  readonly now: number;
}): Html {
  const index = statuses.indexes.find((one) => one.reader === reader && one.name === name);
  if (index === undefined) return <State tone="off">not read yet</State>;
  if (index.message !== null) {
    return (
      <>
        <State tone="bad">cannot be read</State>
        <small>{index.message}</small>
      </>
    );
  }
  return (
    <>
      <State tone="ok">read</State>
      <small>
        <Time at={index.triedAt} now={now} />
      </small>
    </>
  );
}

function Failures(
  { statuses, now }: { readonly statuses: Statuses; readonly now: number },
): Html | null {
  const failures = statuses.imports.flatMap((one) =>
    one.failures.map((failure) => ({ ...failure, import: one.import }))
  );
  if (failures.length === 0) return null;
  return (
    <section class="part card flush" aria-labelledby="failures">
      <div class="titled">
        <h2 id="failures">Files that could not be read</h2>
        <p>They are tried again by themselves</p>
      </div>
      <StackTable
        caption="Files that could not be read"
        columns={["File", "Import", "Why", "Tries", "Next try"].map((name) => ({ name }))}
        rows={failures.map((failure) => [
          <code>{failure.url}</code>,
          failure.import,
          <>
            {failure.message} <code>{failure.code}</code>
          </>,
          count(failure.attempts),
          <Time at={failure.nextTryAt} now={now} />,
        ])}
      />
    </section>
  );
}
