import type { AgreementPreview, PreviewRow } from "../../../store/exposure/agreement-preview.ts";
import type { Html } from "../../parts/html.ts";
import { Empty } from "../../parts/status.tsx";
import { ScrollTable } from "../../parts/table.tsx";
import { count, counted } from "../../parts/words.ts";

/** What an agreement would let out of the keys of the last 14 days, beside what it lets out now. */
export function PreviewPart({ then, now, sends }: {
  readonly then: AgreementPreview;
  readonly now: AgreementPreview | undefined;
  readonly sends: boolean;
}): Html {
  const out = then.rows.filter((row) => row.allowed);
  const outNow = now?.rows.filter((row) => row.allowed) ?? [];
  return (
    <section class="card" aria-labelledby="preview">
      <div class="titled">
        <h2 id="preview">Preview of what would go out</h2>
        <p>With the keys of the last 14 days. Nothing was sent.</p>
      </div>
      {then.total === 0
        ? (
          <Empty title="No keys to preview with">
            <p>Nothing was published in the last 14 days.</p>
          </Empty>
        )
        : (
          <>
            <p>
              <strong>
                {count(then.allowed)} of {counted(then.total, "key")} would go out
              </strong>
              {now === undefined ? "." : `, now ${count(now.allowed)}.`}
              {sends ? "" : " The list of regions to send is empty: that sends nothing."}
            </p>
            <div class="grid three">
              <Split title="By region" part={(row) => row.region} then={out} now={outNow} />
              <Split
                title="By report type"
                part={(row) => row.reportType}
                then={out}
                now={outNow}
              />
              <Split
                title="By traveler"
                part={(row) => row.traveler ? "traveler" : "not a traveler"}
                then={out}
                now={outNow}
              />
            </div>
            <Reasons rows={then.rows.filter((row) => !row.allowed)} />
          </>
        )}
    </section>
  );
}

function sums(
  rows: readonly PreviewRow[],
  part: (row: PreviewRow) => string,
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const row of rows) found.set(part(row), (found.get(part(row)) ?? 0) + row.keys);
  return found;
}

function Split({ title, part, then, now }: {
  readonly title: string;
  readonly part: (row: PreviewRow) => string;
  readonly then: readonly PreviewRow[];
  readonly now: readonly PreviewRow[];
}): Html {
  const after = sums(then, part);
  const before = sums(now, part);
  const names = [...new Set([...after.keys(), ...before.keys()])].sort();
  return (
    <ScrollTable
      caption={title}
      shown
      columns={[{ name: "" }, { name: "Now", number: true }, { name: "Then", number: true }]}
      rows={names.map((name) => [
        name === "" ? "unknown" : name,
        count(before.get(name) ?? 0),
        count(after.get(name) ?? 0),
      ])}
    />
  );
}

function Reasons({ rows }: { readonly rows: readonly PreviewRow[] }): Html | null {
  if (rows.length === 0) return null;
  const reasons = [...sums(rows, (row) => row.reason ?? "other")].sort((a, b) => b[1] - a[1]);
  const example = (reason: string): string => {
    const row = rows.find((one) => (one.reason ?? "other") === reason);
    if (row === undefined) return "";
    return `a ${row.reportType || "untold"} key of ${row.region || "no region"}, ${
      row.traveler ? "a traveler's" : "not a traveler's"
    }`;
  };
  return (
    <>
      <h3>Why the others stay here</h3>
      <ScrollTable
        caption="Keys that stay here, by reason, with an example"
        columns={[{ name: "Reason" }, { name: "Keys", number: true }, { name: "For example" }]}
        rows={reasons.map(([reason, keys]) => [reason, count(keys), example(reason)])}
      />
    </>
  );
}
