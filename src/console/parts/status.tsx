import type { Children, Html } from "./html.ts";
import { Icon, type Tone } from "./icon.tsx";

/** A state as icon and word. */
export function State(
  { tone, children }: { readonly tone: Tone; readonly children?: Children },
): Html {
  return (
    <span class={`state ${tone}`}>
      <Icon tone={tone} />
      {children}
    </span>
  );
}

/** One of the checks below a status line. */
export type Check = { readonly tone: Tone; readonly name: string; readonly text: Children };

/** One sentence that says how things are, with what it rests on. */
export function Status({ tone, title, children, checks }: {
  readonly tone: "ok" | "warn" | "bad";
  readonly title: Children;
  readonly children?: Children;
  readonly checks?: readonly Check[];
}): Html {
  return (
    <div class={`status ${tone}`}>
      <Icon tone={tone} />
      <strong>{title}</strong>
      <p>{children}</p>
      {checks === undefined ? null : (
        <ul class="checks">
          {checks.map((check) => (
            <li class={check.tone}>
              <b>
                <Icon tone={check.tone} />
                {check.name}
              </b>
              <span>{check.text}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Something to know before all else on a page. */
export function Notice({ tone, children }: {
  readonly tone: "info" | "ok" | "warn" | "bad";
  readonly children?: Children;
}): Html {
  return (
    <div class={`notice ${tone}`}>
      <Icon tone={tone} />
      <div>{children}</div>
    </div>
  );
}

/** What would be here, and how it comes. */
export function Empty(
  { title, children }: { readonly title: string; readonly children?: Children },
): Html {
  return (
    <div class="empty">
      <h3>{title}</h3>
      {children}
    </div>
  );
}
