import type { Html } from "./html.ts";

/** How something stands: each has a shape, so that colour never speaks alone. */
export type Tone = "ok" | "warn" | "bad" | "off" | "wait" | "info";

const CIRCLE = <circle cx="8" cy="8" r="6.75" />;
const SHAPES: Readonly<Record<Tone, Html>> = {
  ok: (
    <>
      {CIRCLE}
      <path d="m5 8.2 2.1 2.1 4-4.4" />
    </>
  ),
  warn: <path d="M8 1.8 15 14H1zM8 6.3v3.4M8 11.9v.01" />,
  bad: (
    <path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3zM5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6" />
  ),
  off: (
    <>
      {CIRCLE}
      <path d="M5 8h6" />
    </>
  ),
  wait: (
    <>
      {CIRCLE}
      <path d="M8 4.2V8l2.6 1.6" />
    </>
  ),
  info: (
    <>
      {CIRCLE}
      <path d="M8 7.2v4M8 4.8v.01" />
    </>
  ),
};

/** The shape of a tone, for eyes alone: a word stands beside it. */
export function Icon({ tone }: { readonly tone: Tone }): Html {
  return <svg class="i" viewBox="0 0 16 16" aria-hidden="true">{SHAPES[tone]}</svg>;
}

/** A tick, for steps that are done. */
export function Tick(): Html {
  return (
    <svg class="i" viewBox="0 0 16 16" aria-hidden="true">
      <path d="m3 8.5 3.3 3.3L13 4.5" />
    </svg>
  );
}

/** The sign of the program. */
export function Sign(): Html {
  return (
    <svg class="i" viewBox="0 0 26 26" aria-hidden="true">
      <rect width="26" height="26" rx="7" fill="currentColor" stroke="none" />
      <path d="m5.5 8.5 4 9 3.5-8 3.5 8 4-9" />
    </svg>
  );
}
