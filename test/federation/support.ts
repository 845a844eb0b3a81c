import {
  asRegion,
  asSeconds,
  asServerId,
  type Region,
  type Seconds,
  type ServerId,
} from "../../src/model/ids.ts";
import { type Peer, peerSchema } from "../../src/model/resource/peer.ts";
import type { Credential } from "../../src/cloud/credential.ts";
import type { ReceivedKey } from "../../federation/policy/acceptance.ts";

/** A fixed moment, 2023-11-14T22:00:00Z, the start of a window. */
export const NOW: Seconds = asSeconds(1_700_000_000 - (1_700_000_000 % 3600));
/** 360h. */
export const MAX_AGE_SECONDS = 1_296_000;
export const HOME: ServerId = asServerId("https://keys.home.example");

/** `R0`, `R1`, … */
export function regionNames(count: number, prefix = "R"): Region[] {
  return Array.from({ length: count }, (_, index) => asRegion(`${prefix}${index}`));
}

/** What calls show: what `get` gives, and nothing else when that is refused. */
export const showing = (get: () => Promise<string>): Credential<string> => ({
  get,
  refused: () => false,
});

type PeerInput = Omit<Partial<Peer>, "send" | "accept" | "pull" | "push"> & {
  readonly send?: Partial<Peer["send"]>;
  readonly accept?: Partial<Peer["accept"]>;
  readonly pull?: Partial<Peer["pull"]>;
  readonly push?: Partial<Peer["push"]>;
};

/** A peer as the schema makes it. */
export function peerOf(input: PeerInput = {}): Peer {
  return peerSchema.parse({
    kind: "Peer",
    name: "sla",
    serverId: "https://keys.sla.example",
    ...input,
  });
}

/** 16 bytes that tell the number. */
export function keyBytes(number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return bytes;
}

/** A key that any agreement takes which takes region `R0`. */
export function receivedKey(input: Partial<ReceivedKey> = {}): ReceivedKey {
  return {
    key: keyBytes(1),
    transmissionRisk: 2,
    intervalNumber: Math.floor(NOW / 600) - 288,
    intervalCount: 144,
    reportType: 1,
    daysSinceOnset: 3,
    traveler: true,
    regions: ["R0"],
    homeServer: "",
    hops: 0,
    ...input,
  };
}
