import { stringify } from "yaml";
import type { Html } from "./html.ts";

/** A line of a difference. */
export type DifferenceLine = {
  readonly change: "same" | "del" | "add";
  readonly text: string;
};

const MAX_LINES = 400;

/** What changes from one value to another, a line of YAML each; either may be absent. */
function differenceOf(before: unknown, after: unknown): readonly DifferenceLine[] {
  const left = linesOf(before);
  const right = linesOf(after);
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  while (
    end < left.length - start && end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) end++;
  const as = (change: DifferenceLine["change"], lines: readonly string[]) =>
    lines.map((text): DifferenceLine => ({ change, text }));
  return [
    ...as("same", left.slice(0, start)),
    ...middle(left.slice(start, left.length - end), right.slice(start, right.length - end)),
    ...as("same", left.slice(left.length - end)),
  ];
}

/** Lines that both have stay where they are, in the order of the first; small texts, so the square costs little. */
function middle(left: readonly string[], right: readonly string[]): readonly DifferenceLine[] {
  const width = right.length + 1;
  if (left.length * right.length > 250_000) {
    return [
      ...left.map((text): DifferenceLine => ({ change: "del", text })),
      ...right.map((text): DifferenceLine => ({ change: "add", text })),
    ];
  }
  // common[i * width + j]: how many lines left[i…] and right[j…] have in common.
  const common = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      common[i * width + j] = left[i] === right[j]
        ? (common[(i + 1) * width + j + 1] ?? 0) + 1
        : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const lines: DifferenceLine[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const [old, fresh] = [left[i], right[j]];
    if (old !== undefined && old === fresh) {
      lines.push({ change: "same", text: old });
      i++;
      j++;
    } else if (
      old !== undefined &&
      (fresh === undefined ||
        (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push({ change: "del", text: old });
      i++;
    } else {
      lines.push({ change: "add", text: fresh ?? "" });
      j++;
    }
  }
  return lines;
}

function linesOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  return stringify(value, { lineWidth: 0 }).trimEnd().split("\n");
}

const SIGNS = { same: "", del: "−", add: "+" } as const;

/** A difference for people: signs besides the colours, unchanged lines far from a change left out. */
export function Difference({ label, before, after }: {
  readonly label: string;
  readonly before: unknown;
  readonly after: unknown;
}): Html {
  const lines = differenceOf(before, after);
  const near = (index: number): boolean =>
    lines.slice(Math.max(0, index - 2), index + 3).some((line) => line.change !== "same");
  const shown = lines.filter((line, index) => line.change !== "same" || near(index));
  const hidden = lines.length - shown.length;
  return (
    <ul class="diff" aria-label={label}>
      {shown.slice(0, MAX_LINES).map(({ change, text }) => (
        <li class={change}>
          <span class="sign" aria-hidden="true">{SIGNS[change]}</span>
          {change === "del"
            ? (
              <del>
                <span class="hide">Removed:</span>
                {text}
              </del>
            )
            : change === "add"
            ? (
              <ins>
                <span class="hide">Added:</span>
                {text}
              </ins>
            )
            : <span>{text}</span>}
        </li>
      ))}
      {hidden === 0 ? null : (
        <li class="same">
          <span />
          <span>{hidden === 1 ? "1 line unchanged" : `${hidden} lines unchanged`}</span>
        </li>
      )}
    </ul>
  );
}
