/** An id that a caller and the log share for one request: 8 random bytes in hex, never taken from outside. */
export function newRequestId(crypto: Pick<Crypto, "getRandomValues">): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
