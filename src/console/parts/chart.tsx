import { scaleBand, scaleLinear } from "d3-scale";
import { area, curveMonotoneX, line } from "d3-shape";
import type { Children, Html } from "./html.ts";
import { ScrollTable } from "./table.tsx";
import { count } from "./words.ts";

/**
 * Charts as SVG without styles of their own, so that a strict policy lets them be. x is in per cent and y in pixels,
 * without a viewBox: a chart follows the width of its place while its text keeps its size.
 */

const SPARK_HEIGHT = 32;
const HEIGHT = 184;
const HEIGHT_WITH_BELOW = 216;
const TOP = 18;
const BOTTOM = 22;
const DIGIT_WIDTH = 7;

const round = (value: number): number => Math.round(value * 10) / 10;

/** A line with a dot at its end. */
export function Spark({ values }: { readonly values: readonly number[] }): Html {
  const x = scaleLinear([0, Math.max(1, values.length - 1)], [0, 97]);
  const y = scaleLinear([0, Math.max(...values) * 1.1 || 1], [SPARK_HEIGHT - 2, 3]);
  const points = values.map((value, index): [number, number] => [round(x(index)), round(y(value))]);
  const path = line().curve(curveMonotoneX).digits(1)(points) ?? "";
  const fill = area().y0(SPARK_HEIGHT - 1).curve(curveMonotoneX).digits(1)(points) ?? "";
  return (
    <svg width="100%" height={SPARK_HEIGHT} aria-hidden="true">
      <svg
        viewBox={`0 0 100 ${SPARK_HEIGHT}`}
        preserveAspectRatio="none"
        width="100%"
        height={SPARK_HEIGHT}
      >
        <path class="a1" d={fill} />
        <path class="l1" d={path} />
      </svg>
      <circle class="c1" cx="97%" cy={points.at(-1)?.[1] ?? 0} r="2.5" />
    </svg>
  );
}

/** One bar in a table's cell; the number stands beside it. */
export function Bar({ value, most }: { readonly value: number; readonly most: number }): Html {
  const width = most === 0 ? 0 : round((value / most) * 100);
  return (
    <svg class="bar" width="100%" height="10" aria-hidden="true">
      <rect class="c1" width={`${width}%`} height="10" rx="1" />
    </svg>
  );
}

/** What a chart of columns shows: a value a day, the last of which is today and not over. */
export type ColumnsProps = {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  /** What to see. */
  readonly reading: Children;
  readonly days: readonly string[];
  readonly above: { readonly name: string; readonly values: readonly number[] };
  /** A second series, which hangs below the axis. */
  readonly below?: { readonly name: string; readonly values: readonly number[] };
};

/** Columns with a caption, and the same figures as a table. */
export function Columns(props: ColumnsProps): Html {
  const { id, title, reading, days, above, below } = props;
  const columns = [
    { name: "Day" },
    { name: above.name, number: true },
    ...(below === undefined ? [] : [{ name: below.name, number: true }]),
  ];
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        <p>{reading}</p>
      </figcaption>
      {below === undefined ? null : <Legend names={[above.name, below.name]} />}
      <Drawing {...props} />
      <details>
        <summary>The same figures as a table</summary>
        <ScrollTable
          caption={title}
          columns={columns}
          rows={days.map((day, index) => [
            day,
            count(above.values[index] ?? 0),
            ...(below === undefined ? [] : [count(below.values[index] ?? 0)]),
          ])}
        />
      </details>
    </figure>
  );
}

function Legend({ names }: { readonly names: readonly string[] }): Html {
  return (
    <ul class="legend">
      {names.map((name, index) => (
        <li>
          <svg class="i" viewBox="0 0 16 16" aria-hidden="true">
            <rect class={`c${index + 1}`} x="1" y="1" width="14" height="14" stroke="none" />
          </svg>{" "}
          {name}
        </li>
      ))}
    </ul>
  );
}

function Drawing({ title, days, above, below }: ColumnsProps): Html {
  const height = below === undefined ? HEIGHT : HEIGHT_WITH_BELOW;
  const lowest = Math.max(0, ...below?.values ?? []);
  const highest = Math.max(1, ...above.values);
  const y = scaleLinear([-lowest * 1.02, highest * 1.02], [height - BOTTOM, TOP]);
  const x = scaleBand([...days.keys()], [0, 100]).paddingInner(0.28).paddingOuter(0.1);
  const ticks = y.ticks(4).filter(Number.isInteger);
  const names = ticks.map((tick) => count(Math.abs(tick)));
  const width = Math.max(...names.map((name) => name.length)) * DIGIT_WIDTH + 2;
  const column = (value: number, index: number, sign: 1 | -1) => {
    if (value === 0) return null;
    const [zero, end] = [y(0), y(value * sign)];
    const today = index === days.length - 1;
    return (
      <rect
        class={today ? "part-day" : undefined}
        x={`${round(x(index) ?? 0)}%`}
        width={`${round(x.bandwidth())}%`}
        y={round(Math.min(zero, end))}
        height={round(Math.max(1, Math.abs(zero - end)))}
      >
        <title>{`${days[index]}: ${count(value)}${today ? " so far" : ""}`}</title>
      </rect>
    );
  };
  const label = `Columns for ${days.length} days: ${title}. ${above.name} above the axis${
    below === undefined ? "" : `, ${below.name} below it`
  }`;
  return (
    <div class="draw">
      <svg class="axis" width={width} height={height} aria-hidden="true">
        {ticks.map((tick, index) => (
          <text x="100%" y={round(y(tick) + 4)} text-anchor="end">{names[index]}</text>
        ))}
      </svg>
      <svg width="100%" height={height} role="img" aria-label={label}>
        {ticks.map((tick) => (
          <line
            class={tick === 0 ? "base" : "gridline"}
            x1="0"
            x2="100%"
            y1={round(y(tick)) + 0.5}
            y2={round(y(tick)) + 0.5}
          />
        ))}
        <g class="c1">{above.values.map((value, index) => column(value, index, 1))}</g>
        <g class="c2">{below?.values.map((value, index) => column(value, index, -1))}</g>
        <DayNames days={days} x={(index) => (x(index) ?? 0) + x.bandwidth() / 2} y={height - 5} />
      </svg>
    </div>
  );
}

/** The day's number below each column; on a phone every third. */
function DayNames({ days, x, y }: {
  readonly days: readonly string[];
  readonly x: (index: number) => number;
  readonly y: number;
}): Html {
  const last = days.length - 1;
  return (
    <>
      {days.map((day, index) => {
        if (index === last) return <text x="100%" y={y} text-anchor="end">Today</text>;
        if (index === last - 1) return null;
        return (
          <text
            class={(last - index) % 3 === 0 ? undefined : "odd"}
            x={`${round(x(index))}%`}
            y={y}
            text-anchor="middle"
          >
            {/^\d+/.exec(day)?.[0]}
          </text>
        );
      })}
    </>
  );
}
