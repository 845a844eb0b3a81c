import type { PeerStatus } from "../../../federation/schedule/status.ts";
import { mayAct } from "../../model/actor.ts";
import type { SyncStatus } from "../../model/peer-sync.ts";
import type { Peer } from "../../model/resource/peer.ts";
import { pageAnswer } from "../answer.ts";
import type { Call, Handler } from "../call.ts";
import { Columns } from "../parts/chart.tsx";
import { ActionButton } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Page } from "../parts/page.tsx";
import { Empty, Status } from "../parts/status.tsx";
import { Facts, ScrollTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { count, counted, day, length } from "../parts/words.ts";
import { DAYS } from "./daily-figures.ts";
import { EditButtons, Members } from "./resource/one.tsx";
import { resourcePath } from "./resource/find.ts";
import { NotFound } from "./refusals.tsx";
import { JustDone } from "./saved.tsx";

/** `GET /console/peers/:name`: one peer: how it stands, the agreement, what went over. */
export const peerPage: Handler = async (call) => {
  const { deps, visit, param } = call;
  const name = param("name");
  const peer = (await deps.cache.fresh()).get("Peer", name);
  if (peer === undefined) {
    const list = { name: "All peers", href: "/console/peers" };
    const page = <NotFound visit={visit} what="There is no peer of this name." list={list} />;
    return await pageAnswer(page, 404);
  }
  const status = (await deps.peers()).find((one) => one.name === name);
  return await pageAnswer(
    <Page
      visit={visit}
      title={name}
      at="/console/peers"
      crumbs={[{ name: "Peers", href: "/console/peers" }]}
      lead={peer.serverId}
      actions={<EditButtons call={call} resource={peer} />}
    >
      <JustDone call={call} />
      <div class="part stackv">
        <PeerStatusLine peer={peer} status={status} now={visit.now} />
        <Switches call={call} peer={peer} />
        <Directions peer={peer} status={status} now={visit.now} />
        <Fetches why={status?.nothing.fetched} />
        <History status={status} now={visit.now} />
        <Members resource={peer} />
      </div>
    </Page>,
  );
};

function PeerStatusLine({ peer, status, now }: {
  readonly peer: Peer;
  readonly status: PeerStatus | undefined;
  readonly now: number;
}): Html {
  const flows = peer.send.regions.length + peer.accept.regions.length > 0;
  if (!flows) {
    return (
      <Status tone="warn" title="A draft: nothing flows yet.">
        Edit the agreement: which regions to send and to take, and whether we pull or push.
      </Status>
    );
  }
  const failing = (["pull", "push"] as const).flatMap((direction) => {
    const found = status?.[direction];
    return found?.state === "failing" || found?.state === "refused" ? [{ direction, found }] : [];
  })[0];
  if (failing !== undefined) {
    const { direction, found } = failing;
    return (
      <Status
        tone="bad"
        title={found.state === "refused" ? "It refuses us." : "It does not answer as it should."}
      >
        {direction} fails since <Time at={found.stateSince} now={now} />:{" "}
        <q>{found.error ?? "no reason is known"}</q>. It is tried again by itself,{" "}
        <Time at={found.nextTryAt} now={now} />. Nothing is lost: what is missing goes over in
        order.
      </Status>
    );
  }
  const on = (["pull", "push"] as const).filter((direction) => peer[direction].enabled);
  if (on.length === 0) {
    return (
      <Status tone="warn" title="Paused: we call neither way.">
        What the peer calls for itself goes on. Its agreement is in force.
      </Status>
    );
  }
  const inSync = status?.pull?.inSyncSince;
  return (
    <Status tone="ok" title={inSync === undefined ? "In order." : "In sync."}>
      {inSync === undefined ? "Nothing failed in the newest calls." : (
        <>
          Counts and digests of every day agree since <Time at={inSync} now={now} />.
        </>
      )}
    </Status>
  );
}

function Switches({ call, peer }: { readonly call: Call; readonly peer: Peer }): Html | null {
  const { visit } = call;
  if (!mayAct(visit.session.role, "operator")) return null;
  const path = resourcePath("Peer", peer.name);
  const paused = !peer.pull.enabled && !peer.push.enabled;
  return (
    <section class="card">
      <h2>What you can do now</h2>
      <div class="inline">
        {paused
          ? (
            <>
              <ActionButton
                csrf={visit.csrf}
                action={`${path}/pause`}
                name="Pull from it"
                fields={{ on: "pull" }}
              />
              <ActionButton
                csrf={visit.csrf}
                action={`${path}/pause`}
                name="Push to it"
                fields={{ on: "push" }}
              />
              <ActionButton
                csrf={visit.csrf}
                action={`${path}/pause`}
                name="Pull and push"
                fields={{ on: "pull,push" }}
              />
            </>
          )
          : (
            <>
              <ActionButton
                csrf={visit.csrf}
                action={`${path}/pause`}
                name="Pause"
                fields={{ on: "" }}
              />
              <ActionButton csrf={visit.csrf} action={`${path}/sync`} name="Pull and push now" />
            </>
          )}
      </div>
    </section>
  );
}

function Directions({ peer, status, now }: {
  readonly peer: Peer;
  readonly status: PeerStatus | undefined;
  readonly now: number;
}): Html {
  const part = (direction: "pull" | "push", title: string) => {
    const found = status?.[direction];
    return (
      <section class="card">
        <h2>{title}</h2>
        {!peer[direction].enabled
          ? <p class="muted">Off.</p>
          : found === undefined
          ? <p class="muted">Not tried yet. It is tried within {peer[direction].interval}.</p>
          : <Facts facts={factsOf(found, now)} />}
        <Nothing why={status?.nothing[direction]} />
      </section>
    );
  };
  return (
    <div class="grid two">
      {part("pull", "Pull: we fetch its keys")}
      {part("push", "Push: we hand ours over")}
    </div>
  );
}

/** What the peer asks for by itself, when it can get nothing for that. */
function Fetches({ why }: { readonly why: string | undefined }): Html | null {
  return why === undefined
    ? null
    : (
      <Status tone="warn" title="It fetches from us, and gets nothing.">
        In its newest call {why}.
      </Status>
    );
}

/** Why no key goes one way although nothing fails. */
function Nothing({ why }: { readonly why: string | undefined }): Html | null {
  return why === undefined ? null : <p>Nothing comes over: {why}.</p>;
}

function factsOf(status: SyncStatus, now: number): readonly (readonly [string, Children])[] {
  const at = (seconds: number | undefined): Children =>
    seconds === undefined ? "never" : <Time at={seconds} now={now} />;
  return [
    ["State", status.state],
    ["Since", at(status.stateSince)],
    ["Last try", at(status.triedAt)],
    ["Last success", at(status.succeededAt)],
    ["Next try", at(status.nextTryAt)],
    [
      "Behind",
      `${status.lagSeconds === undefined ? "unknown" : length(status.lagSeconds)}, ${
        status.lagKeys === undefined ? "keys unknown" : counted(status.lagKeys, "key")
      }`,
    ],
    ["Compared", at(status.comparedAt)],
    ["Read again from the start", at(status.repairedAt)],
  ];
}

function History({ status, now }: {
  readonly status: PeerStatus | undefined;
  readonly now: number;
}): Html {
  const days = status?.days ?? [];
  if (days.length === 0) {
    return (
      <section class="card">
        <Empty title="Nothing went over in 14 days">
          <p>What goes over is counted here by day and by verdict.</p>
        </Empty>
      </section>
    );
  }
  const today = Math.floor(now / 86_400);
  const numbers = Array.from({ length: DAYS }, (_, index) => today - DAYS + 1 + index);
  const perDay = (kinds: readonly string[]): readonly number[] =>
    numbers.map((one) =>
      days.filter((found) => found.day === one && kinds.includes(found.kind))
        .reduce((sum, found) => sum + found.keys + found.revised, 0)
    );
  const verdicts = new Map<string, number>();
  for (const found of days) {
    for (const [name, keys] of Object.entries(found.verdicts)) {
      verdicts.set(name, (verdicts.get(name) ?? 0) + keys);
    }
  }
  return (
    <div class="grid two">
      <div class="card">
        <Columns
          id="c-peer"
          title="Keys per day"
          reading="Above the line: received. Below: sent."
          days={numbers.map((one) => day(one * 86_400))}
          above={{ name: "Received", values: perDay(["pull", "pushed"]) }}
          below={{ name: "Sent", values: perDay(["push", "fetched"]) }}
        />
      </div>
      <div class="card">
        <h3>Verdicts by reason</h3>
        <ScrollTable
          caption="Verdicts of 14 days"
          columns={[{ name: "Verdict" }, { name: "Keys", number: true }]}
          rows={[...verdicts].sort((a, b) => b[1] - a[1]).map(([name, keys]) => [
            <code>{name}</code>,
            count(keys),
          ])}
        />
      </div>
    </div>
  );
}
