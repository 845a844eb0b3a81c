import { asServerId } from "../../src/model/ids.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import type { TestDatabase } from "../support/database.ts";
import { NOW, peerOf, regionNames } from "./support.ts";
import { newWorld, type Server, type World } from "./world.ts";

/** Two servers, of which `a` has an agreement with `b` about the regions R0 and R1. */
export type Pair = {
  readonly world: World;
  readonly a: Server;
  readonly b: Server;
  /** Serves calls to `a`. */
  readonly handler: Handler;
};

/** Makes a pair on two databases, which it empties. */
export async function newPair(
  [first, second]: readonly [TestDatabase, TestDatabase],
): Promise<Pair> {
  await Promise.all([first.clear(), second.clear()]);
  const [idA, idB] = [asServerId("https://a.example"), asServerId("https://b.example")];
  const world = newWorld(NOW + 60);
  const a = await world.server(idA, first);
  const b = await world.server(idB, second);
  const regions = regionNames(2);
  a.agreements.push(peerOf({
    name: "b",
    serverId: idB,
    send: { regions, onlyTravelers: false },
    accept: { regions },
  }));
  return { world, a, b, handler: world.handlers.get(idA) ?? (() => new Response()) };
}
