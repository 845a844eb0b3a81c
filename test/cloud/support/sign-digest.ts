import { createECDH, type KeyObject, randomBytes } from "node:crypto";

/** The order of P-256 (FIPS 186-4, D.1.2.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const scalar = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, "0"), "hex");

/** r ‖ s of ECDSA P-256 over a digest that is made already, as key managers sign it; Node would hash it again. */
export function signDigest(digest: Uint8Array, key: KeyObject): Buffer {
  const d = number(Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"));
  const secret = number(randomBytes(40)) % (N - 1n) + 1n;
  const point = createECDH("prime256v1");
  point.setPrivateKey(scalar(secret));
  const r = number(point.getPublicKey().subarray(1, 33)) % N;
  const s = power(secret, N - 2n) * (number(digest) + r * d) % N;
  return Buffer.concat([scalar(r), scalar(s)]);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % N, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = result * square % N;
    square = square * square % N;
  }
  return result;
}
