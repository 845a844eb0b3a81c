import { encode } from "cborg";
import { beforeAll, describe, expect, it } from "vitest";
import { concatBytes } from "../../src/keys/pem.ts";
import { assertion, newPhoneKey } from "./phone.ts";
import { authorityOf, judged, makeVendors, refused, type Vendors } from "./specimens.ts";
import { base64 } from "./world.ts";

/** One check: an input that only it refuses, and the reason. Without the check the row fails. */
type Row = readonly [check: string, reason: string, input: () => Promise<Uint8Array>];

let vendors: Vendors;
beforeAll(async () => {
  vendors = await makeVendors();
});

const byte = (value: number) => (bytes: Uint8Array) => concatBytes(bytes, Uint8Array.of(value));

describe("an assertion of a registered key", () => {
  const asserted = async (wish: Parameters<typeof assertion>[2] = {}) =>
    await assertion(vendors.phone.key, vendors.hash, wish);
  const judgedAs = async (bytes: Uint8Array, keyId = vendors.phone.keyId, deps = vendors.deps) =>
    await judged(deps, authorityOf(vendors, "appattest"), `${keyId}.${base64(bytes)}`);
  const signature = Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1);

  it("is accepted when nothing is wrong", async () => {
    expect(await judgedAs(await asserted())).toMatchObject({ ok: true });
  });

  it.each<Row>([
    ["a map", "malformed", () => Promise.resolve(encode([1]))],
    [
      "a signature",
      "malformed",
      () => Promise.resolve(encode({ authenticatorData: new Uint8Array(37) })),
    ],
    ["authenticator data", "malformed", () => Promise.resolve(encode({ signature }))],
    [
      "all of the head",
      "malformed",
      () => Promise.resolve(encode({ signature, authenticatorData: new Uint8Array(36) })),
    ],
    ["a signature in DER", "malformed", () => asserted({ der: () => new Uint8Array(8) })],
    ["a signature in strict DER", "malformed", () => asserted({ der: byte(0) })],
    [
      "a signature by the key",
      "signature",
      async () => await assertion(await newPhoneKey(), vendors.hash),
    ],
    [
      "a signature over this publish",
      "signature",
      async () => await assertion(vendors.phone.key, new Uint8Array(32)),
    ],
    ["this app", "app", () => asserted({ teamId: "ZZZZZZZZZZ" })],
    ["an accepted category", "environment", () => asserted({ category: 1 })],
    ["a counter that rises", "counter", () => asserted({ counter: 0 })],
  ])("must have %s: %s", async (_, reason, input) => {
    expect(await judgedAs(await input())).toEqual(refused(reason));
  });

  it("must be of a key that is known", async () => {
    expect(await judgedAs(await asserted(), base64(new Uint8Array(32))))
      .toEqual(refused("unknown_key"));
  });

  it("must not have been used before", async () => {
    const raised: number[] = [];
    const deps = {
      ...vendors.deps,
      used: { has: () => Promise.resolve(true) },
      keys: {
        ...vendors.deps.keys,
        raiseCounter: (_id: Uint8Array, counter: number) => {
          raised.push(counter);
          return Promise.resolve(true);
        },
      },
    };
    expect(await judgedAs(await asserted(), vendors.phone.keyId, deps))
      .toEqual(refused("replayed"));
    expect(raised).toEqual([]);
  });

  it("is of no kind where keys are not registered", async () => {
    const authority = authorityOf(vendors, "appattest", { registration: false });
    const payload = `${vendors.phone.keyId}.${base64(await asserted())}`;
    expect(await judged(vendors.deps, authority, payload)).toEqual(refused("wrong_kind"));
  });
});
