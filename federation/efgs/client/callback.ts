import { createHash } from "node:crypto";
import * as z from "zod";
import { encodeHex } from "../../../src/bytes/base64.ts";
import { DAY_SECONDS } from "../../../src/model/interval.ts";
import type { Peer } from "../../../src/model/resource/peer.ts";
import type { Handler } from "../../../src/runtime/runtime.ts";
import { MEDIA_TYPES } from "../wire/media-type.ts";
import { answerFault } from "./answer-fault.ts";
import type { GatewayConnection } from "./gateway-connection.ts";
import { type GatewayPeer, isGatewayPeer } from "./incoming-key.ts";

/** What seeing to a subscription needs. */
export type SubscriptionDependencies = {
  readonly state: {
    /** Seconds since the subscription was last looked at, and what it was then; undefined: never. */
    checked(peer: string): Promise<{ readonly secondsAgo: number } | undefined>;
    noteChecked(peer: string): Promise<void>;
  };
  /** Told that a subscription could not be looked at or made; public text. */
  readonly onFault: (peer: string, message: string) => void;
};

const subscriptionsSchema = z.array(z.object({
  callbackId: z.string(),
  url: z.string(),
  failedAt: z.string().optional(),
})).max(1000);

/**
 * Looks once a day whether the gateway still has our subscription, and makes it anew when not: a gateway drops it
 * without a word. Nothing rests on callbacks, so a fault is told and no more.
 */
export async function keepSubscribed(
  peer: GatewayPeer,
  { send }: GatewayConnection,
  { state, onFault }: SubscriptionDependencies,
  signal: AbortSignal,
): Promise<void> {
  const { callback } = peer.efgs;
  if (callback === undefined) return;
  const checked = await state.checked(peer.name);
  if (checked !== undefined && checked.secondsAgo < DAY_SECONDS) return;
  const path = "/diagnosiskeys/callback";
  const headers = { accept: MEDIA_TYPES.json };
  const list = await send({ method: "GET", path, headers, signal });
  if (!list.ok) return onFault(peer.name, list.message);
  if (list.value.status !== 200) return onFault(peer.name, answerFault(list.value).message);
  if (!hasSubscription(list.value.bytes, callback)) {
    const query = new URLSearchParams({ url: callback.url });
    const put = await send({
      method: "PUT",
      path: `${path}/${encodeURIComponent(callback.id)}?${query}`,
      headers,
      signal,
    });
    if (!put.ok) return onFault(peer.name, put.message);
    if (put.value.status !== 200) return onFault(peer.name, answerFault(put.value).message);
  }
  await state.noteChecked(peer.name);
}

function hasSubscription(
  bytes: Uint8Array,
  { id, url }: { readonly id: string; readonly url: string },
): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const list = subscriptionsSchema.safeParse(value);
    return list.success &&
      list.data.some((one) =>
        one.callbackId === id && one.url === url && one.failedAt === undefined
      );
  } catch {
    return false;
  }
}

/** What answering callbacks needs. */
export type CallbackDependencies = {
  readonly peers: () => Promise<readonly Peer[]>;
  /** Notes the call and makes the next download due. */
  readonly wake: (peer: string, tag: string) => Promise<void>;
};

/**
 * `GET /efgs/callback/NAME?batchTag=…&date=…`: a gateway tells of a new batch. Whatever it names, only the download from
 * the configured gateway begins sooner. 403 for whoever does not show the certificate of the agreement.
 */
export function callbackReceiver({ peers, wake }: CallbackDependencies): Handler {
  return async (request, { clientCertificate }) => {
    const url = new URL(request.url);
    const name = /^\/efgs\/callback\/([^/]{1,300})$/.exec(url.pathname)?.[1];
    const peer = (await peers()).find((one) => encodeURIComponent(one.name) === name);
    const callback = peer !== undefined && isGatewayPeer(peer) ? peer.efgs.callback : undefined;
    const shown = clientCertificate === undefined
      ? undefined
      : encodeHex(createHash("sha256").update(clientCertificate).digest());
    if (peer === undefined || callback === undefined || shown !== callback.certificateFingerprint) {
      return new Response(null, { status: 403 });
    }
    const tag = url.searchParams.get("batchTag") ?? "";
    if (!/^[\x21-\x7e]{1,64}$/.test(tag)) return new Response(null, { status: 400 });
    await wake(peer.name, tag);
    return new Response(null, { status: 200 });
  };
}
