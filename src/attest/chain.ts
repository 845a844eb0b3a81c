import { recentMap } from "../bounds/recent.ts";
import { encodeHex } from "../bytes/base64.ts";
import { pemToDer } from "../keys/pem.ts";
import { type Certificate, parseCertificate } from "../keys/x509.ts";

import { equalBytes } from "../keys/crypto.ts";

/** One certificate of a chain has at most so many bytes. */
const MAX_CERTIFICATE_BYTES = 4096;
/** Intermediate certificates that are remembered to be signed by an anchor: all phones show one of few. */
const MAX_REMEMBERED = 16;

/** Checks that a certificate chain ends at an anchor. */
export type ChainCheck = (
  chain: readonly Uint8Array[],
  anchorsPem: readonly string[],
  nowMs: number,
) => Promise<Certificate | undefined>;

/**
 * A check of chains whose leaf comes first: every certificate but the leaf is an authority and the leaf is none, each
 * is signed by the next and names it, the last is an anchor or signed by one, and all are valid now. Answers the leaf;
 * undefined when anything is amiss.
 */
export function chainCheck(crypto: Crypto): ChainCheck {
  const verified = recentMap<string, true>({ maxSize: MAX_REMEMBERED });

  /** Signatures by anchors are checked once, as they are the same for all phones; names and times each time. */
  const isAnchored = async (last: Certificate, anchor: Certificate): Promise<boolean> => {
    if (!equalBytes(last.issuer, anchor.subject)) return false;
    const name = `${encodeHex(last.der)} ${encodeHex(anchor.der)}`;
    if (verified.get(name) === true) return true;
    if (!await last.isSignedBy(anchor)) return false;
    verified.set(name, true);
    return true;
  };

  const authorities = recentMap<string, Certificate | undefined>({ maxSize: MAX_REMEMBERED });
  /** All phones show the same few authorities. */
  const authority = (der: Uint8Array): Certificate | undefined =>
    authorities.getOrCreate(encodeHex(der), () => parseCertificate(crypto, der));

  return async (chain, anchorsPem, nowMs) => {
    const parse = (
      der: Uint8Array | undefined,
      read = authority,
    ): Certificate | undefined => {
      if (der === undefined || der.length > MAX_CERTIFICATE_BYTES) return undefined;
      const certificate = read(der);
      const isValid = certificate !== undefined && certificate.notBefore <= nowMs &&
        nowMs <= certificate.notAfter;
      return isValid ? certificate : undefined;
    };
    const anchors = anchorsPem.map((pem) => parse(pemToDer(pem, "CERTIFICATE")))
      .filter((anchor) => anchor?.isAuthority === true);
    let current = parse(chain[0], (der) => parseCertificate(crypto, der));
    const leaf = current;
    if (leaf === undefined || leaf.isAuthority) return undefined;
    for (const der of chain.slice(1)) {
      const next = parse(der);
      if (current === undefined || next === undefined || !next.isAuthority) return undefined;
      if (!equalBytes(current.issuer, next.subject)) return undefined;
      if (!await current.isSignedBy(next)) return undefined;
      current = next;
    }
    for (const anchor of anchors) {
      if (current === undefined || anchor === undefined) continue;
      if (equalBytes(current.der, anchor.der) || await isAnchored(current, anchor)) return leaf;
    }
    return undefined;
  };
}
