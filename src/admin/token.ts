/** A check of `Authorization: Bearer`. `token` is asked each time, so that a mounted secret may change. */
export function bearerCheck(
  token: () => Promise<string | undefined>,
  crypto: Crypto,
): (request: Request) => Promise<boolean> {
  const digest = async (text: string): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return async (request) => {
    const expected = await token();
    const [, shown] = /^Bearer (\S{1,1000})$/.exec(request.headers.get("authorization") ?? "") ??
      [];
    if (expected === undefined || shown === undefined) return false;
    // Comparing digests takes the same time wherever the texts differ.
    const [left, right] = await Promise.all([digest(expected), digest(shown)]);
    return left.reduce((different, byte, index) => different | (byte ^ (right[index] ?? 0)), 0) ===
      0;
  };
}
