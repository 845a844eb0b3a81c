import { calculateJwkThumbprint } from "jose";
import * as z from "zod";
import { encodeHex } from "../../src/bytes/base64.ts";

const GROUPS = 12;
const GROUP_DIGITS = 5;
const DIGITS = GROUPS * GROUP_DIGITS;

const keySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string() })).min(1).max(50),
});

/**
 * A server's public keys as twelve groups of five digits, to be read aloud: SHA-256 over the keys' thumbprints
 * (RFC 7638), sorted and joined by newlines, as a number modulo 10^60. `text` is a key set (RFC 7517); undefined for
 * anything else.
 */
export async function fingerprintOf(
  text: string,
  crypto: Crypto,
): Promise<readonly string[] | undefined> {
  const parsed = keySet.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  try {
    const thumbprints = await Promise.all(
      parsed.data.keys.map((key) => calculateJwkThumbprint(key, "sha256")),
    );
    const bytes = new TextEncoder().encode(thumbprints.sort().join("\n"));
    const digest = encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
    const digits = String(BigInt(`0x${digest}`) % 10n ** BigInt(DIGITS)).padStart(DIGITS, "0");
    return Array.from(
      { length: GROUPS },
      (_, group) => digits.slice(group * GROUP_DIGITS, (group + 1) * GROUP_DIGITS),
    );
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
