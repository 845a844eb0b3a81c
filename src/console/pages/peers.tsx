import { changeResources } from "../../admin/change.ts";
import type { PeerStatus } from "../../../federation/schedule/status.ts";
import { mayAct } from "../../model/actor.ts";
import type { SyncStatus } from "../../model/peer-sync.ts";
import type { Peer } from "../../model/resource/peer.ts";
import { pageAnswer, seeOther } from "../answer.ts";
import type { Handler } from "../call.ts";
import { Spark } from "../parts/chart.tsx";
import { ErrorSummary, Field, type FieldFaults, Form } from "../parts/form.tsx";
import type { Children, Html } from "../parts/html.ts";
import { Code } from "../parts/code.tsx";
import { Page } from "../parts/page.tsx";
import { Empty, Notice, State } from "../parts/status.tsx";
import { Facts, StackTable } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { count, counted, length } from "../parts/words.ts";
import { resourcePath } from "./resource/find.ts";
import { JustDone } from "./saved.tsx";
import { fingerprintOf } from "../../../federation/auth/fingerprint.ts";

const DAYS = 14;

/** `GET /console/peers`: who exchanges keys with us, and how that goes. */
export const peersPage: Handler = async (call) => {
  const { deps, visit } = call;
  const [view, statuses] = await Promise.all([deps.cache.fresh(), deps.peers()]);
  const peers = view.list("Peer");
  const isAdmin = mayAct(visit.session.role, "admin");
  const add = <a class="button" href="/console/peers/add">Add a peer</a>;
  return await pageAnswer(
    <Page
      visit={visit}
      title="Peers"
      at="/console/peers"
      lead="Servers of other authorities with which there is an agreement."
      actions={isAdmin ? add : undefined}
    >
      <JustDone call={call} />
      <section class="part card flush">
        <h2 class="hide">All peers</h2>
        {peers.length === 0
          ? (
            <Empty title="No peers yet">
              <p>Keys of travelers reach other authorities once there is an agreement.</p>
              {isAdmin ? add : null}
            </Empty>
          )
          : (
            <StackTable
              caption="Peers"
              columns={COLUMNS}
              rows={peers.map((peer) =>
                peerRow(peer, statuses.find((one) => one.name === peer.name), visit.now)
              )}
            />
          )}
      </section>
      <section class="part card">
        <h2>This server, as peers see it</h2>
        <Facts
          facts={[
            ["Server ID", <code>{deps.publicUrl}</code>],
            ["Public keys", <a href="/.well-known/jwks.json">/.well-known/jwks.json</a>],
          ]}
        />
      </section>
    </Page>,
  );
};

const COLUMNS = [
  { name: "Peer" },
  { name: "State" },
  { name: "Behind", number: true },
  { name: "In sync since" },
  { name: `Exchanged, ${DAYS} days` },
  { name: "Keys", number: true },
];

function peerRow(peer: Peer, status: PeerStatus | undefined, now: number): readonly Children[] {
  const today = Math.floor(now / 86_400);
  const perDay = Array.from(
    { length: DAYS },
    (_, index) =>
      (status?.days ?? []).filter((one) => one.day === today - DAYS + 1 + index)
        .reduce((sum, one) => sum + one.keys + one.revised, 0),
  );
  const total = perDay.reduce((sum, one) => sum + one, 0);
  const inSync = status?.pull?.inSyncSince;
  const standing = status?.pull ?? status?.push;
  return [
    <>
      <a href={resourcePath("Peer", peer.name)}>{peer.name}</a>
      <small>{peer.serverId}</small>
    </>,
    <PeerState peer={peer} status={status} />,
    behind(standing),
    inSync === undefined ? "–" : <Time at={inSync} now={now} />,
    total === 0 ? "" : <Spark values={perDay} />,
    count(total),
  ];
}

function behind(status: SyncStatus | undefined): Children {
  if (status === undefined) return "–";
  return (
    <>
      {status.lagSeconds === undefined ? "unknown" : length(status.lagSeconds)}
      <small>
        {status.lagKeys === undefined ? "keys unknown" : counted(status.lagKeys, "key")}
      </small>
    </>
  );
}

/** How a peer stands, as a word. */
function PeerState({ peer, status }: {
  readonly peer: Peer;
  readonly status: PeerStatus | undefined;
}): Html {
  const on = (["pull", "push"] as const).filter((direction) => peer[direction].enabled);
  const flows = peer.send.regions.length + peer.accept.regions.length > 0;
  if (on.length === 0) {
    return flows
      ? (
        <>
          <State tone="off">paused</State>
          <small>we call neither way; it may call us</small>
        </>
      )
      : (
        <>
          <State tone="off">draft</State>
          <small>nothing flows yet</small>
        </>
      );
  }
  const standing = on.flatMap((direction) => {
    const found = status?.[direction];
    return found === undefined ? [] : [{ direction, ...found }];
  });
  const worst =
    (["refused", "failing", "behind", "ok"] as const).flatMap((state) =>
      standing.filter((one) => one.state === state)
    )[0];
  if (worst === undefined) return <State tone="wait">not tried yet</State>;
  const tones = { refused: "bad", failing: "bad", behind: "wait", ok: "ok" } as const;
  return (
    <>
      <State tone={tones[worst.state]}>{worst.state}</State>
      <small>
        {worst.state === "ok"
          ? on.join(" and ")
          : `${worst.direction}${
            worst.failures === 0 ? "" : `, ${counted(worst.failures, "try", "tries")}`
          }`}
      </small>
    </>
  );
}

/** `GET /console/peers/add`: the address of a server to agree with. */
export const addPeerPage: Handler = async ({ visit }) =>
  await pageAnswer(<AddPeer visit={visit} url="" faults={{}} />);

type AddProps = {
  readonly visit: Parameters<typeof Page>[0]["visit"];
  readonly url: string;
  readonly faults: FieldFaults;
};

function AddPeer({ visit, url, faults }: AddProps): Html {
  return (
    <Page
      visit={visit}
      title={Object.keys(faults).length === 0 ? "Add a peer" : "Error: Add a peer"}
      at="/console/peers"
      crumbs={[{ name: "Peers", href: "/console/peers" }]}
      lead="First the address. Nothing flows before you have compared keys and switched it on."
    >
      <div class="stackv">
        <ErrorSummary faults={faults} />
        <Form csrf={visit.csrf} action="/console/peers/add" kind="card form">
          <Field
            name="url"
            label="Address of the other server"
            hint="Its server ID, as its operators told you. Like https://keys.sla.example."
            value={url}
            faults={faults}
          />
          <div class="actions">
            <button type="submit" class="button">Ask the server who it is</button>
            <a href="/console/peers">Leave without a change</a>
          </div>
        </Form>
      </div>
    </Page>
  );
}

/** `POST /console/peers/add`: asks the server who it is, and makes a draft in which everything is off. */
export const addPeer: Handler = async (call) => {
  const { deps, visit, form, request } = call;
  const url = (form.get("url") ?? "").trim();
  const drafted = await deps.draft(url, request.signal);
  const refused = (text: string): Promise<Response> =>
    pageAnswer(<AddPeer visit={visit} url={url} faults={{ url: text }} />, 422);
  if (!drafted.ok) return await refused(`${sentence(drafted.message)} Nothing was added.`);
  const { peer, publicKeys, protocols } = drafted.value;
  const known = (await deps.cache.fresh()).list("Peer").find((one) =>
    one.serverId === peer.serverId
  );
  if (known === undefined) {
    const outcome = await changeResources(deps.resources, deps.keys, {
      actor: visit.actor,
      puts: [peer],
      expectedVersion: 0,
    });
    if (!outcome.ok) return await refused(`There is a peer named ${peer.name} already.`);
    await deps.changed();
  }
  const { name } = known ?? peer;
  return await pageAnswer(
    <Page
      visit={visit}
      title="Compare the public keys"
      at="/console/peers"
      crumbs={[{ name: "Peers", href: "/console/peers" }, {
        name,
        href: resourcePath("Peer", name),
      }]}
      lead={`${name} is a draft now. Nothing flows yet.`}
    >
      <Notice tone="info">
        <p>
          Call its operators on a number that you know from elsewhere, and read the groups digit by
          digit. If they differ, somebody stands between you: delete the draft.
        </p>
      </Notice>
      <div class="part grid two">
        <Fingerprint
          title="Theirs: they read, you follow"
          groups={await fingerprintOf(publicKeys, deps.crypto)}
        />
        <Fingerprint
          title="Ours: you read, they follow"
          groups={await fingerprintOf(await deps.ownKeys(), deps.crypto)}
        />
        <section class="card">
          <h2>What it says of itself</h2>
          <Facts
            facts={[
              ["Server ID", <code>{peer.serverId}</code>],
              ["Protocols", protocols.join(", ")],
            ]}
          />
          <p>
            <a class="button" href={`${resourcePath("Peer", name)}/edit`}>Write the agreement</a>
          </p>
        </section>
      </div>
      <div class="part">
        <Code name="Its public keys" text={publicKeys || "It does not tell them."} />
      </div>
    </Page>,
  );
};

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The digits of a server's public keys, to be read aloud. */
function Fingerprint({ title, groups }: {
  readonly title: string;
  readonly groups: readonly string[] | undefined;
}): Html {
  return (
    <section class="card">
      <h2>{title}</h2>
      {groups === undefined
        ? <p class="muted">It does not tell its public keys: ask its operators for them.</p>
        : <ol class="finger">{groups.map((group) => <li>{group}</li>)}</ol>}
    </section>
  );
}

/** `POST /console/peers/:name/sync`: pulls and pushes now. */
export const syncPeer: Handler = async ({ deps, visit, param, request }) => {
  const name = param("name");
  await deps.audit.add(visit.actor, [{ action: "sync", kind: "Peer", name }]);
  const results = await deps.sync(name, request.signal).catch(() => [{ error: "failed" }]);
  const failed = results.some((one) => one.error !== undefined);
  return seeOther(`${resourcePath("Peer", name)}?done=${failed ? "failed" : "ran"}`);
};

/** `POST /console/peers/:name/pause`: switches pull and push off, or on again as the form says. */
export const pausePeer: Handler = async ({ deps, visit, form, param }) => {
  const peer = (await deps.cache.fresh()).get("Peer", param("name"));
  if (peer === undefined) return seeOther("/console/peers");
  const wanted = (form.get("on") ?? "").split(",");
  const outcome = await changeResources(deps.resources, deps.keys, {
    actor: visit.actor,
    puts: [{
      ...peer,
      pull: { ...peer.pull, enabled: wanted.includes("pull") },
      push: { ...peer.push, enabled: wanted.includes("push") },
    }],
  });
  await deps.changed();
  const done = !outcome.ok
    ? "same"
    : wanted.includes("pull") || wanted.includes("push")
    ? "resumed"
    : "paused";
  return seeOther(`${resourcePath("Peer", peer.name)}?done=${done}`);
};
