import type { Children, Html } from "./html.ts";

/** A column of a table: its name, and whether it holds numbers. */
export type Column = { readonly name: string; readonly number?: boolean };

/** A table that becomes a list of names and values where it has no room. The first cell of a row names it. */
export function StackTable({ caption, columns, rows }: {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Children[])[];
}): Html {
  const kind = (column: Column | undefined): string | undefined =>
    column?.number === true ? "n" : undefined;
  return (
    <table class="stack" role="table">
      <caption class="hide">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th scope="col" role="columnheader" class={kind(column)}>{column.name}</th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(([first, ...rest]) => (
          <tr role="row">
            <th scope="row" role="rowheader" class="lead-cell" data-label={columns[0]?.name}>
              {first}
            </th>
            {rest.map((cell, index) => (
              <td
                role="cell"
                class={kind(columns[index + 1])}
                data-label={columns[index + 1]?.name}
              >
                <span>{cell}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A table that scrolls sideways where it has no room; for short columns. */
export function ScrollTable({ caption, shown, columns, rows, total }: {
  readonly caption: string;
  /** Whether the caption is seen. */
  readonly shown?: boolean;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Children[])[];
  readonly total?: readonly Children[];
}): Html {
  const cells = ([first, ...rest]: readonly Children[]) => (
    <tr>
      <th scope="row">{first}</th>
      {rest.map((cell, index) => (
        <td class={columns[index + 1]?.number === true ? "n" : undefined}>{cell}</td>
      ))}
    </tr>
  );
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={caption}>
      <table>
        <caption class={shown === true ? undefined : "hide"}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={column.number === true ? "n" : undefined}>{column.name}</th>
            ))}
          </tr>
        </thead>
        <tbody>{rows.map(cells)}</tbody>
        {total === undefined ? null : <tfoot>{cells(total)}</tfoot>}
      </table>
    </div>
  );
}

/** The line below a table that goes on: what is shown, and links to the rest. */
export function Pages({ text, links }: {
  readonly text: string;
  readonly links: readonly { readonly name: string; readonly href: string }[];
}): Html {
  return (
    <div class="pages">
      <p>{text}</p>
      {links.length === 0 ? null : (
        <nav aria-label="Pages of this table">
          <ul>
            {links.map(({ name, href }) => (
              <li>
                <a href={href}>{name}</a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </div>
  );
}

/** Names and values. */
export function Facts({ facts }: {
  readonly facts: readonly (readonly [name: string, value: Children])[];
}): Html {
  return (
    <dl class="kv">
      {facts.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
