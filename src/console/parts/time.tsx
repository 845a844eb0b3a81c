import type { Html } from "./html.ts";
import { away, moment, rfc3339 } from "./words.ts";

/** A moment (UTC seconds) as people say it, the exact one beside it for those who point at it. */
export function Time({ at, now, text }: {
  readonly at: number;
  readonly now: number;
  /** In place of "31 min ago". */
  readonly text?: string;
}): Html {
  return <time datetime={rfc3339(at)} title={`${moment(at)} UTC`}>{text ?? away(at, now)}</time>;
}
