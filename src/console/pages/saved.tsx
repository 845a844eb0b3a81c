import type { Call } from "../call.ts";
import type { Html } from "../parts/html.ts";
import { Notice } from "../parts/status.tsx";

/** What was done a moment ago, by the word in the address that brought somebody back to a page. */
const DONE = {
  saved: "Saved. In force within two seconds.",
  same: "Nothing was different, so nothing has changed.",
  deleted: "Deleted.",
  revoked: "The token opens nothing from now on.",
  ended: "Every session has ended but what begins from now on.",
  paused: "Paused: we neither pull nor push. What the peer calls for itself goes on.",
  resumed: "Resumed.",
  ran: "The job ran.",
  failed: "The job failed: its newest run below tells why.",
} as const;

/** A word of the table. */
export type Done = keyof typeof DONE;

const isDone = (text: string | null): text is Done => text !== null && Object.hasOwn(DONE, text);

/** What was done, once, at the top of the page. */
export function JustDone({ call }: { readonly call: Call }): Html | null {
  const word = call.query.get("done");
  if (!isDone(word)) return null;
  return (
    <Notice tone={word === "failed" ? "bad" : "ok"}>
      <p>
        <strong>{DONE[word]}</strong>
      </p>
    </Notice>
  );
}
