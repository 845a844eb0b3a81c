import { encodeBase64 } from "../../bytes/base64.ts";
import type { Finding } from "../../export-file/lint.ts";
import type { Histogram } from "../../export-file/survey.ts";
import { mayAct } from "../../model/actor.ts";
import { secondsOfInterval } from "../../model/interval.ts";
import { WIRE_REPORT_TYPE } from "../../model/report-type.ts";
import { pageAnswer } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import type { InspectedFile } from "../dependencies.ts";
import { Bar } from "../parts/chart.tsx";
import { ActionButton, Form, Hidden } from "../parts/form.tsx";
import type { Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { State, Status } from "../parts/status.tsx";
import { Facts, ScrollTable, StackTable } from "../parts/table.tsx";
import { bytes, count, counted, day, hour, span } from "../parts/words.ts";
import { filePath } from "./exports.tsx";
import { NotFound } from "./refusals.tsx";

const KEYS_A_PAGE = 100;

/** `GET /console/exports/file`: what is in a file, without a key of it. */
export const filePage: Handler = async (call) => {
  const { query } = call;
  return await draw(call, query.get("bucket") ?? "", query.get("name") ?? "", undefined);
};

/** `POST /console/exports/file`: the same with its keys, page by page; the audit log notes that somebody looked. */
export const fileKeysPage: Handler = async (call) => {
  const { deps, visit, form } = call;
  const bucket = form.get("bucket") ?? "";
  const name = form.get("name") ?? "";
  const from = Number(/^\d{1,9}$/.exec(form.get("from") ?? "")?.[0] ?? 0);
  await deps.audit.add(visit.actor, [{ action: "look", kind: "ExportFile", name }]);
  return await draw(call, bucket, name, from);
};

async function draw(
  call: Call,
  bucket: string,
  name: string,
  from: number | undefined,
): Promise<Response> {
  const { deps, visit } = call;
  const file = await deps.inspect(bucket, name);
  if (!file.ok) {
    const list = { name: "All exports", href: "/console/exports" };
    const what = `${name} cannot be shown: ${file.message}.`;
    return await pageAnswer(<NotFound visit={visit} what={what} list={list} />, 404);
  }
  const { inspection, findings, digest } = file.value;
  const { start, end, region, zipBytes, binBytes } = inspection;
  return await pageAnswer(
    <Page
      visit={visit}
      title={span(start, end)}
      at="/console/exports"
      crumbs={[{ name: "Exports", href: "/console/exports" }]}
      lead={`A file of region ${region}.`}
      actions={
        <a class="button quiet" href={`${deps.publicUrl}/exports/${name}`}>
          Download ({bytes(zipBytes)})
        </a>
      }
    >
      <Verdict findings={findings} />
      <div class="part grid lead">
        <div class="stackv">
          <section class="card">
            <h2>What it is</h2>
            <Facts
              facts={[
                ["Name", <code>{name}</code>],
                ["Bucket", <code>{bucket}</code>],
                ["Region", region],
                [
                  "Size",
                  <>
                    {bytes(zipBytes)}
                    <small>export.bin {bytes(binBytes)}, before packing</small>
                  </>,
                ],
                ["SHA-256", <code>{digest}</code>],
                ["Batch", `${inspection.batchNum} of ${inspection.batchSize}`],
              ]}
            />
          </section>
          <Signatures file={file.value} />
          <Findings findings={findings} />
        </div>
        <div class="stackv">
          <section class="card">
            <h2>Keys</h2>
            <Facts
              facts={[
                ["New", <b>{count(inspection.keys.count)}</b>],
                ["Revised", <b>{count(inspection.revisedKeys.count)}</b>],
              ]}
            />
          </section>
          <Split title="By report type" histogram={inspection.keys.reportTypes} />
          <Split title="By first day" histogram={inspection.keys.rollingStartDays} />
          <Split title="By days since onset" histogram={inspection.keys.daysSinceOnset} />
        </div>
      </div>
      {mayAct(visit.session.role, "operator")
        ? <Keys call={call} file={file.value} bucket={bucket} name={name} from={from} />
        : null}
    </Page>,
  );
}

function Verdict({ findings }: { readonly findings: readonly Finding[] }): Html {
  const errors = findings.filter((one) => one.level === "error").length;
  if (errors > 0) {
    return (
      <Status tone="bad" title="Phones would refuse this file.">
        {counted(errors, "check")} failed: see below which.
      </Status>
    );
  }
  if (findings.length > 0) {
    return (
      <Status tone="warn" title="Phones take this file, but look at it.">
        {counted(findings.length, "thing")} to know, below.
      </Status>
    );
  }
  return (
    <Status tone="ok" title="This file is in order.">
      Its signatures and the checks of both platforms agree.
    </Status>
  );
}

function Signatures({ file }: { readonly file: InspectedFile }): Html {
  return (
    <section class="card">
      <h2>Signatures</h2>
      <StackTable
        caption="Signatures of this file"
        columns={["Key ID, version", "Algorithm", "Checked"].map((name) => ({ name }))}
        rows={file.inspection.signatures.map(({ keyId, keyVersion, algorithm, verdict }) => [
          `${keyId}, ${keyVersion}`,
          algorithm,
          verdict === "valid"
            ? <State tone="ok">valid</State>
            : verdict === "unknown_key"
            ? <State tone="off">no key of ours has this ID</State>
            : <State tone="bad">{verdict}</State>,
        ])}
      />
    </section>
  );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }): Html | null {
  if (findings.length === 0) return null;
  return (
    <section class="card">
      <h2>What the checks say</h2>
      <StackTable
        caption="Findings"
        columns={["Check", "For phones", "Found"].map((name) => ({ name }))}
        rows={findings.map(({ code, level, text }) => [
          <code>{code}</code>,
          level === "error"
            ? <State tone="bad">refuse it</State>
            : <State tone="warn">take it</State>,
          text,
        ])}
      />
    </section>
  );
}

function Split({ title, histogram }: {
  readonly title: string;
  readonly histogram: Histogram;
}): Html | null {
  if (histogram.length === 0) return null;
  const most = Math.max(...histogram.map((bar) => bar.count));
  return (
    <section class="card">
      <h3>{title}</h3>
      <ScrollTable
        caption={`Keys ${title.toLowerCase()}`}
        columns={[{ name: "" }, { name: "Keys", number: true }, { name: "Share" }]}
        rows={histogram.map(({ value, count: keys }) => [
          value,
          count(keys),
          <Bar value={keys} most={most} />,
        ])}
      />
    </section>
  );
}

const REPORT_TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries(WIRE_REPORT_TYPE).map(([name, number]) => [number, name]),
);

function Keys({ call, file, bucket, name, from }: {
  readonly call: Call;
  readonly file: InspectedFile;
  readonly bucket: string;
  readonly name: string;
  readonly from: number | undefined;
}): Html {
  const { visit } = call;
  const total = file.inspection.keys.count + file.inspection.revisedKeys.count;
  const action = "/console/exports/file";
  if (from === undefined) {
    return (
      <section class="part card" aria-labelledby="keys">
        <h2 id="keys">Its {counted(total, "key")}</h2>
        <p class="muted">They are hidden. The audit log notes that you look, and at which file.</p>
        <ActionButton
          csrf={visit.csrf}
          action={action}
          name="Show keys"
          fields={{ bucket, name }}
        />
      </section>
    );
  }
  const keys = file.keys(from, KEYS_A_PAGE);
  return (
    <section class="part card flush" aria-labelledby="keys">
      <div class="titled">
        <h2 id="keys">Keys</h2>
        <p>
          You asked to see them; the audit log says so.{" "}
          <a href={filePath(bucket, name)}>Hide them</a>
        </p>
      </div>
      <ScrollTable
        caption="Keys in this file"
        columns={[
          { name: "Key (base64)" },
          { name: "Kind" },
          { name: "Report type" },
          { name: "Begins" },
          { name: "Intervals", number: true },
          { name: "Onset", number: true },
          { name: "Risk", number: true },
        ]}
        rows={keys.map((key) => {
          const begins = secondsOfInterval(key.intervalNumber);
          return [
            <code>{encodeBase64(key.key)}</code>,
            key.revised ? "revised" : "new",
            REPORT_TYPES.get(key.reportType) ?? String(key.reportType),
            `${day(begins)}, ${hour(begins)}`,
            String(key.intervalCount),
            key.daysSinceOnset === undefined ? "–" : String(key.daysSinceOnset),
            String(key.transmissionRisk),
          ];
        })}
      />
      <div class="pages">
        <p>
          {count(Math.min(from + 1, total))} to {count(from + keys.length)} of {count(total)}
        </p>
        {from + keys.length >= total ? null : (
          <Form csrf={visit.csrf} action={action} kind="inline">
            <Hidden fields={{ bucket, name, from: String(from + KEYS_A_PAGE) }} />
            <button type="submit" class="button quiet slim">Next {KEYS_A_PAGE}</button>
          </Form>
        )}
      </div>
    </section>
  );
}
