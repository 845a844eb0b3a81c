import type { Children, Html } from "./html.ts";
import { Tick } from "./icon.tsx";

/** A step: `stop` is one that failed. */
export type Step = {
  readonly name: string;
  readonly state: "done" | "now" | "next" | "stop";
  readonly text?: Children;
};

/** Steps in their order. */
export function Steps({ label, steps, across = true }: {
  readonly label: string;
  readonly steps: readonly Step[];
  readonly across?: boolean;
}): Html {
  return (
    <ol class={across ? "steps across" : "steps"} aria-label={label}>
      {steps.map(({ name, state, text }, index) => (
        <li
          class={state === "next" ? undefined : state}
          aria-current={state === "now" ? "step" : undefined}
        >
          <span class="dot" aria-hidden="true">
            {state === "done" ? <Tick /> : state === "stop" ? "!" : index + 1}
          </span>
          <span>
            <b>{name}</b>
            {state === "done" ? <span class="hide">Done.</span> : null}
            {state === "stop" ? <span class="hide">Failed.</span> : null} {text}
          </span>
        </li>
      ))}
    </ol>
  );
}
