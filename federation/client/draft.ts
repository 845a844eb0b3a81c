import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { asServerId } from "../../src/model/ids.ts";
import { type Peer, peerSchema } from "../../src/model/resource/peer.ts";
import { peerClient, type Transports } from "./peer-client.ts";

/** A draft, and what the other server says of itself. */
export type PeerDraft = {
  /** Everything is off: nothing flows until both sides have switched it on. */
  readonly peer: Peer;
  /** Its public keys as JSON text (RFC 7517), to compare by another way; empty when it does not tell. */
  readonly publicKeys: string;
  readonly protocols: readonly string[];
};

/** What a server answers over Connect that does not speak it. */
const SPEAKS_OTHERWISE: readonly string[] = [
  "unimplemented",
  "not_found",
  "fetch_failed",
  "connection_failed",
  "wrong_protocol",
];
/** What a deployed server answers over native gRPC, as it does not know Describe. */
const DEPLOYED: readonly string[] = ["unimplemented", "unauthenticated"];

/**
 * Reads what the server at `url` says of itself, and makes a draft of an agreement with it. One that does not know
 * Describe is taken for a deployed server, which speaks native gRPC. Refuses when nobody answers, or the server
 * calls itself by another name.
 */
export async function draftPeer(
  url: string,
  transports: Transports,
  signal: AbortSignal,
): Promise<Outcome<PeerDraft>> {
  const input = { kind: "Peer", name: nameOf(url), serverId: url };
  const drafted = peerSchema.safeParse(input);
  if (!drafted.success) {
    return refuse(
      "invalid_argument",
      "the address must be a URL such as https://keys.other.example",
    );
  }
  const { data: draft } = drafted;
  const answer = await peerClient(transports.connect(draft.serverId)).describe({}, signal);
  if (!answer.ok) {
    if (!SPEAKS_OTHERWISE.includes(answer.code)) return answer;
    const native = await peerClient(transports.grpc(draft.serverId)).describe({}, signal);
    if (native.ok || !DEPLOYED.includes(native.code)) return answer;
    const peer = peerSchema.parse({ ...input, compatibility: "reference" });
    return accept({ peer, publicKeys: "", protocols: ["grpc"] });
  }
  const { serverId, publicKeys, protocols } = answer.value;
  if (!URL.canParse(serverId) || asServerId(serverId) !== draft.serverId) {
    const named = /^https?:\/\/[\w.:/~-]{1,200}$/.test(serverId)
      ? `calls itself ${serverId}`
      : "has another name";
    return refuse("invalid_argument", `the server there ${named}: add it by that URL`);
  }
  return accept({ peer: draft, publicKeys: publicKeys.slice(0, 65_536), protocols });
}

function nameOf(url: string): string {
  return URL.canParse(url)
    ? new URL(url).host.replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-|-$/g, "")
    : "";
}
