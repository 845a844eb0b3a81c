import type { Html } from "./html.ts";

/** Text to take along: one click selects all, and where scripts run a button copies it. */
export function Code({ name, text }: { readonly name: string; readonly text: string }): Html {
  return (
    <div class="code">
      <div>
        <span>{name}</span>
        <button type="button" class="button quiet slim" data-copy hidden>
          Copy<span class="hide">&nbsp;{name}</span>
        </button>
      </div>
      <pre tabindex={0} aria-label={name}><code>{text}</code></pre>
    </div>
  );
}
