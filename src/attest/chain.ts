import { recentMap } from "../bounds/recent.ts";
import { encodeHex } from "../bytes/base64.ts";
import { equalBytes } from "../keys/crypto.ts";
import { pemToDer } from "../keys/pem.ts";
import { type Certificate, parseCertificate } from "../keys/x509.ts";

/** One certificate of a chain has at most so many bytes. */
const MAX_CERTIFICATE_BYTES = 4096;
/** So many authorities are remembered, and as many anchors. */
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
  const options = { maxSize: MAX_REMEMBERED };
  const authorities = recentMap<string, Certificate | undefined>(options);
  /** All phones show the same few authorities. */
  const authority = (der: Uint8Array): Certificate | undefined =>
    authorities.getOrCreate(encodeHex(der), () => parseCertificate(crypto, der));

  const anchorsByPem = recentMap<string, Certificate | undefined>(options);
  const anchorIn = (pem: string): Certificate | undefined =>
    anchorsByPem.getOrCreate(pem, () => {
      const der = pemToDer(pem, "CERTIFICATE");
      const anchor = der === undefined ? undefined : parseCertificate(crypto, der);
      return anchor?.isAuthority === true ? anchor : undefined;
    });

  const anchoredBy = new WeakMap<Certificate, WeakSet<Certificate>>();
  /** Signatures by anchors are checked once, as they are the same for all phones; names and times each time. */
  const isAnchored = async (last: Certificate, anchor: Certificate): Promise<boolean> => {
    if (!equalBytes(last.issuer, anchor.subject)) return false;
    const verified = anchoredBy.get(anchor) ?? new WeakSet();
    if (verified.has(last)) return true;
    if (!await last.isSignedBy(anchor)) return false;
    anchoredBy.set(anchor, verified.add(last));
    return true;
  };

  return async (chain, anchorsPem, nowMs) => {
    const isValid = ({ notBefore, notAfter }: Certificate): boolean =>
      notBefore <= nowMs && nowMs <= notAfter;
    const [first, ...others] = chain;
    if (first === undefined || chain.some(({ length }) => length > MAX_CERTIFICATE_BYTES)) {
      return undefined;
    }
    const leaf = parseCertificate(crypto, first);
    if (leaf === undefined || leaf.isAuthority || !isValid(leaf)) return undefined;
    let current = leaf;
    for (const der of others) {
      const next = authority(der);
      if (next === undefined || !next.isAuthority || !isValid(next)) return undefined;
      if (!equalBytes(current.issuer, next.subject)) return undefined;
      if (!await current.isSignedBy(next)) return undefined;
      current = next;
    }
    for (const anchor of anchorsPem.map(anchorIn)) {
      if (anchor === undefined || !isValid(anchor)) continue;
      if (equalBytes(current.der, anchor.der) || await isAnchored(current, anchor)) return leaf;
    }
    return undefined;
  };
}
