import { fingerprintOf } from "../../federation/auth/fingerprint.ts";
import { changeResources } from "../admin/change.ts";
import { faultsText } from "../admin/fault.ts";
import type { App } from "../app.ts";
import type { Foundation } from "../app/foundation.ts";
import { AppError } from "../errors.ts";
import type { Peer } from "../model/resource/peer.ts";
import { stringify } from "yaml";
import { commandActor } from "./actor.ts";
import type { Command, CommandIo } from "./command.ts";
import { openWhole, withFoundation } from "./open.ts";
import { parseOptions } from "./options.ts";
import { peerStatusLines } from "./peer-status-lines.ts";
import { printable } from "./printable.ts";

const USAGE = `wayfarer peer add URL
wayfarer peer list
wayfarer peer status [NAME]
wayfarer peer sync NAME
wayfarer peer batches NAME
wayfarer peer revoke NAME

add      asks the server at URL what it is and writes a draft agreement with everything off:
         nothing flows until both sides have switched it on with "wayfarer apply"
list     the agreements: what is sent, what is accepted, what is switched on
status   how each direction stands: state, lag, next try, last pages, keys a day, verdicts
sync     pulls from and pushes to a peer now, also before its turn
batches  what came from which country, or went out, in which batch of a European gateway
revoke   ends an agreement: from now on neither side gets anything through it

Example:
  wayfarer peer add https://keys.other.example`;

type Action = (io: CommandIo, parts: Parts, subject: string) => Promise<0 | 1>;
type Parts = { readonly foundation: Foundation; readonly app: App };

/** Which actions there are, and whether each must be told of what. */
const ACTIONS: Readonly<Record<string, { readonly needs?: string; readonly run: Action }>> = {
  add: { needs: "the URL of a server", run: add },
  list: { run: list },
  status: { run: status },
  sync: { needs: "the name of a peer", run: sync },
  batches: { needs: "the name of a peer", run: batches },
  revoke: { needs: "the name of a peer", run: revoke },
};

/** `wayfarer peer`. */
export const peerCommand: Command = {
  name: "peer",
  summary: "federation: adds, shows, syncs and revokes peers",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {}, {
      positionals: "some",
      what: "add, list, sync, status or revoke",
    });
    if (!options.ok) throw new AppError(options.code, options.message);
    const [verb = "", subject = ""] = options.value.positionals;
    const action = Object.hasOwn(ACTIONS, verb) ? ACTIONS[verb] : undefined;
    if (action === undefined) {
      throw new AppError(
        "usage",
        `peer ${verb}: must be one of ${Object.keys(ACTIONS).join(", ")}`,
      );
    }
    if (action.needs !== undefined && subject === "") {
      throw new AppError("usage", `peer ${verb}: give ${action.needs}`);
    }
    return await withFoundation(io, async (foundation) => {
      const app = await openWhole(foundation, io.runtime);
      return await action.run(io, { foundation, app }, subject);
    });
  },
};

async function batches(io: CommandIo, { app }: Parts, name: string): Promise<0> {
  const records = await app.federation.batches(name);
  if (io.json) io.out(JSON.stringify(records));
  for (const record of io.json ? [] : records) {
    const verdicts = Object.entries(record.verdicts).map(([verdict, count]) =>
      `${verdict} ${count}`
    );
    const fault = record.fault === undefined ? "" : ` (${record.fault})`;
    io.out(
      `${new Date(record.at * 1000).toISOString()} ${record.direction} ${printable(record.tag)} ` +
        `${record.origin}: ${record.keys} keys, signature ${record.signature}${fault}  ${
          verdicts.join(", ")
        }`,
    );
  }
  return 0;
}

async function add(io: CommandIo, { foundation, app }: Parts, url: string): Promise<0> {
  const drafted = await app.federation.draft(url, io.signal);
  if (!drafted.ok) throw new AppError(drafted.code, drafted.message);
  const { peer, publicKeys, protocols } = drafted.value;
  const { resources, keys } = foundation;
  const { resources: known } = await resources.all();
  const same = known.find(({ resource }) =>
    resource.kind === "Peer" && resource.serverId === peer.serverId
  );
  if (same !== undefined) {
    throw new AppError("usage", `there is an agreement with it already: ${same.resource.name}`);
  }
  const outcome = await changeResources(resources, keys, {
    actor: commandActor(),
    puts: [peer],
    expectedVersion: 0,
  });
  if (!outcome.ok) {
    throw new AppError(
      "invalid_resource",
      outcome.reason === "faults" ? faultsText(outcome.faults) : `${peer.name} exists`,
    );
  }
  if (io.json) io.out(JSON.stringify({ peer, publicKeys, protocols }));
  else {
    io.out(stringify(peer).trimEnd());
    io.err(
      `it speaks ${
        protocols.map((one) => printable(one)).join(", ")
      }; everything is off: set send, accept,`,
    );
    io.err(`pull and push, and apply that. Compare its public keys by another way:`);
    io.err(printable(publicKeys));
    const theirs = await fingerprintOf(publicKeys, io.runtime.crypto);
    const ours = await fingerprintOf(
      await (await app.federation.signer.jwks()).text(),
      io.runtime.crypto,
    );
    if (theirs !== undefined) {
      io.err(`its fingerprint, for its operators to read: ${theirs.join(" ")}`);
    }
    if (ours !== undefined) {
      io.err(`ours, for you to read:                        ${ours.join(" ")}`);
    }
  }
  return 0;
}

async function list(io: CommandIo, { foundation }: Parts): Promise<0> {
  const peers = (await foundation.cache.fresh()).list("Peer");
  if (io.json) io.out(JSON.stringify(peers));
  for (const peer of io.json ? [] : peers) {
    const on = (["pull", "push"] as const).filter((direction) => peer[direction].enabled);
    io.out(
      `${peer.name}  ${peer.serverId}  ${peer.protocol}  sends ${
        peer.send.regions.join(",") || "-"
      }` +
        `  accepts ${peer.accept.regions.join(",") || "-"}  on: ${on.join(",") || "nothing"}`,
    );
  }
  return 0;
}

async function status(io: CommandIo, { foundation, app }: Parts, name: string): Promise<0> {
  const found = (await app.federation.status()).filter((peer) => name === "" || peer.name === name);
  if (name !== "" && found.length === 0) throw unknownPeer(name);
  if (io.json) io.out(JSON.stringify(found));
  const agreements = (await foundation.cache.fresh()).list("Peer");
  for (const peer of io.json ? [] : found) {
    const agreement = agreements.find((one) => one.name === peer.name);
    if (agreement !== undefined) peerStatusLines(peer, agreement, nowSeconds()).forEach(io.out);
  }
  return 0;
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

async function sync(io: CommandIo, { foundation, app }: Parts, name: string): Promise<0 | 1> {
  await peerNamed(foundation, name);
  const results = await app.federation.sync(name, io.signal);
  if (io.json) io.out(JSON.stringify(results));
  for (const { direction, counts, error } of io.json ? [] : results) {
    const done = Object.entries(counts).map(([what, count]) => `${what} ${count}`).join(", ");
    io.out(`${direction}: ${error ?? (done || "nothing new")}`);
  }
  if (results.length === 0) io.err("neither pull nor push is switched on for this peer");
  return results.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function revoke(io: CommandIo, { foundation }: Parts, name: string): Promise<0> {
  const peer = await peerNamed(foundation, name);
  const outcome = await changeResources(foundation.resources, foundation.keys, {
    actor: commandActor(),
    puts: [],
    removals: [{ kind: "Peer", name: peer.name }],
  });
  if (!outcome.ok) throw new AppError("invalid_resource");
  io.out(`- Peer/${peer.name}`);
  return 0;
}

async function peerNamed({ cache }: Foundation, name: string): Promise<Peer> {
  const peer = (await cache.fresh()).get("Peer", name);
  if (peer === undefined) throw unknownPeer(name);
  return peer;
}

function unknownPeer(name: string): AppError {
  return new AppError("not_found", `there is no peer named ${name}: "wayfarer peer list"`);
}
