/** Most bytes that WebCrypto gives at once. Source: Web Cryptography API, getRandomValues. */
const AT_ONCE = 65_536;

/** Random bytes, as many as are asked for. */
export function randomBytesOf(
  crypto: Pick<Crypto, "getRandomValues">,
): (length: number) => Uint8Array<ArrayBuffer> {
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += AT_ONCE) {
      crypto.getRandomValues(bytes.subarray(at, at + AT_ONCE));
    }
    return bytes;
  };
}
