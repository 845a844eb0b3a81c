import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EfgsKey, writeBatch } from "../../../../federation/efgs/wire/batch.ts";
import { useDatabase } from "../../../support/database.ts";
import { openTestClient, type TestClient } from "../client-world.ts";
import { backEnd, certificateOf, keyOf, NOW, signatureOf } from "../gateway/world.ts";

const IE = backEnd("IE");
const DE = backEnd("DE");
const DAY = 86_400;
const dateOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
const tagOf = (seconds: number, number: number) =>
  `${dateOf(seconds).replaceAll("-", "")}-${number}`;

/** A batch that a gateway holds. */
type Held = { readonly keys: readonly EfgsKey[]; readonly next?: string };

describe("a download", () => {
  const database = useDatabase();
  let client: TestClient;
  let held: Map<string, Held>;
  let asked: string[];
  let first: string | undefined;
  let audit: () => Response;
  let status: number | undefined;

  const answer = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    const tag = request.headers.get("batchtag") ?? undefined;
    if (pathname.includes("/audit/")) return audit();
    expect(request.headers.get("accept")).toBe("application/protobuf; version=1.0");
    const date = pathname.split("/").at(-1) ?? "";
    asked.push(tag === undefined ? date : `${date} ${tag}`);
    if (status !== undefined) return new Response(null, { status });
    const wanted = tag ?? first;
    const batch = wanted === undefined ? undefined : held.get(wanted);
    if (wanted === undefined || batch === undefined) return new Response(null, { status: 404 });
    return new Response(writeBatch(batch.keys, "protobuf"), {
      headers: { BATCHTAG: wanted, NextBatchTag: batch.next ?? "null" },
    });
  };
  const stored = async () =>
    (await database().sql<{ count: number }[]>`select count(*) as count from exposure`)[0]?.count;

  beforeAll(async () => {
    client = await openTestClient(IE, database(), answer);
  });
  beforeEach(async () => {
    await database().clear();
    await client.setTime(NOW);
    client.agree();
    held = new Map();
    [asked, first, status] = [[], undefined, undefined];
    audit = () => new Response("[]");
  });

  it("begins as far back as the gateway goes, and is well when there is nothing yet", async () => {
    expect(await client.sync("pull")).toMatchObject({ counts: { keys: 0 }, state: "ok" });
    expect(asked).toEqual([dateOf(NOW - 2 * DAY)]);
  });

  it("follows links across midnight and through empty batches, and reads the last one again for its link alone", async () => {
    const tags = [tagOf(NOW - DAY, 1), tagOf(NOW - DAY, 2), tagOf(NOW, 1)];
    first = tags[0];
    held.set(tags[0] ?? "", { keys: [keyOf("DE", 1)], next: tags[1] ?? "" });
    held.set(tags[1] ?? "", { keys: [], next: tags[2] ?? "" });
    held.set(tags[2] ?? "", { keys: [keyOf("DE", 2)] });
    expect(await client.sync("pull")).toMatchObject({ counts: { stored: 2 }, state: "ok" });
    held.set(tags[2] ?? "", { keys: [keyOf("DE", 2)], next: tagOf(NOW, 2) });
    held.set(tagOf(NOW, 2), { keys: [keyOf("DE", 3)] });
    asked = [];
    expect(await client.sync("pull")).toMatchObject({
      counts: { keys: 1, stored: 1 },
      state: "ok",
    });
    expect(asked).toEqual([`${dateOf(NOW)} ${tags[2]}`, `${dateOf(NOW)} ${tagOf(NOW, 2)}`]);
  });

  it("never loops on a next tag that was seen", async () => {
    first = tagOf(NOW, 1);
    held.set(tagOf(NOW, 1), { keys: [keyOf("DE", 1)], next: tagOf(NOW, 2) });
    held.set(tagOf(NOW, 2), { keys: [keyOf("DE", 2)], next: tagOf(NOW, 1) });
    expect(await client.sync("pull")).toMatchObject({
      counts: { stored: 2 },
      state: "failing",
      error: expect.stringContaining("lead in a circle"),
    });
    expect(asked).toHaveLength(2);
  });

  it("begins anew when its batch is gone, and tells of a gap", async () => {
    first = tagOf(NOW, 1);
    held.set(tagOf(NOW, 1), { keys: [keyOf("DE", 1)] });
    await client.sync("pull");
    const later = NOW + 5 * DAY;
    await client.setTime(later);
    held = new Map([[tagOf(later, 1), { keys: [keyOf("DE", 2)] }]]);
    first = tagOf(later, 1);
    expect(await client.sync("pull")).toMatchObject({ counts: { stored: 1, gap: 1 }, state: "ok" });
    expect(client.logged.join("\n")).toContain("efgs-gap");
  });

  it("keeps its place when the gateway fails", async () => {
    first = tagOf(NOW, 1);
    held.set(first, { keys: [keyOf("DE", 1)] });
    await client.sync("pull");
    status = 503;
    expect(await client.sync("pull")).toMatchObject({ state: "failing" });
    status = 403;
    expect(await client.sync("pull")).toMatchObject({ state: "refused" });
    status = undefined;
    expect(await client.sync("pull")).toMatchObject({ counts: { keys: 0 }, state: "ok" });
    expect(await stored()).toBe(1);
  });

  it("skips bad keys with their reasons, and takes the others", async () => {
    first = tagOf(NOW, 1);
    held.set(first, {
      keys: [
        keyOf("DE", 1),
        keyOf("DE", 1, { transmissionRisk: 5 }),
        keyOf("IE", 2),
        keyOf("PL", 3),
        keyOf("DE", 4, { visitedCountries: ["FR"] }),
        keyOf("DE", 5, { reportType: 0 }),
        keyOf("DE", 6, { rollingPeriod: 0 }),
        keyOf("DE", 7, { keyData: new Uint8Array(15) }),
        keyOf("DE", 8, { transmissionRisk: 2_147_483_647, daysSinceOnset: 99_999 }),
        keyOf("DE", 9, { reportType: 5 }),
        keyOf("DE", 10, { reportType: 3 }),
        keyOf("FR", 1, { keyData: keyOf("DE", 1).keyData }),
      ],
    });
    expect((await client.sync("pull")).counts).toEqual({
      keys: 12,
      stored: 2,
      duplicate: 2,
      home: 1,
      region: 1,
      not_traveler: 1,
      report_type: 1,
      interval_count: 1,
      key_length: 1,
      revoked: 1,
      self_report: 1,
    });
    expect(await client.parts.batches.last("gateway", 9)).toHaveLength(4);
  });

  it("revokes a key that came from that origin", async () => {
    first = tagOf(NOW, 1);
    held.set(first, {
      keys: [keyOf("DE", 1, { reportType: 2 }), keyOf("FR", 2, { reportType: 2 })],
      next: tagOf(NOW, 2),
    });
    held.set(tagOf(NOW, 2), {
      keys: [
        keyOf("DE", 1, { reportType: 5 }),
        keyOf("DE", 2, { keyData: keyOf("FR", 2).keyData, reportType: 5 }),
      ],
    });
    expect((await client.sync("pull")).counts).toMatchObject({ revised: 1, other_source: 1 });
  });

  it("takes Greece as EL and GR, and with the Swiss gateway only keys of CH", async () => {
    client.agree({ accept: { regions: ["GR", "CH"] } }, {
      countries: { IE: "IE", GREECE: "GR", SWITZERLAND: "CH" },
    });
    first = tagOf(NOW, 1);
    held.set(first, { keys: [keyOf("EL", 1), keyOf("GR", 2), keyOf("CH", 3)] });
    expect((await client.sync("pull")).counts).toMatchObject({ stored: 3 });
    await database().clear();
    client.agree({ accept: { regions: ["GR", "CH"] } }, {
      countries: { IE: "IE", GREECE: "GR", SWITZERLAND: "CH" },
      chgs: true,
    });
    expect((await client.sync("pull")).counts).toMatchObject({ stored: 1, region: 2 });
  });

  it("drops days since onset but plain ones where that is agreed", async () => {
    client.agree({}, { dsos: "drop" });
    first = tagOf(NOW, 1);
    held.set(first, {
      keys: [keyOf("DE", 1, { daysSinceOnset: 0 }), keyOf("DE", 2, { daysSinceOnset: 3996 })],
    });
    await client.sync("pull");
    expect(await database().sql`select days_since_onset from exposure order by key`)
      .toEqual([{ days_since_onset: 0 }, { days_since_onset: null }]);
  });

  describe("with signatures", () => {
    const signed = async (keys: readonly EfgsKey[], changes: Record<string, unknown> = {}) => ({
      country: keys[0]?.origin ?? "",
      uploaderSigningThumbprint: certificateOf(DE.signing).thumbprint,
      signingCertificate: DE.signing.cert,
      signingCertificateOperatorSignature: null,
      amount: keys.length,
      batchSignature: await signatureOf(keys, DE.signing),
      ...changes,
    });
    const [k1, k2, k3] = [keyOf("DE", 1), keyOf("DE", 2), keyOf("DE", 3)];
    const signers = [certificateOf(DE.signing).thumbprint];
    const one = tagOf(NOW, 1);

    beforeEach(() => {
      client.agree({}, { verifySignatures: "require", signers });
      first = one;
      held.set(one, { keys: [k2, k1, k3] });
    });

    it("takes the keys of good uploads in their order", async () => {
      const entries = [await signed([k2, k1]), await signed([k3])];
      audit = () => Response.json(entries);
      expect((await client.sync("pull")).counts).toEqual({ keys: 3, stored: 3 });
    });

    it.each([
      [
        "does not add up",
        async () => [await signed([k2, k1])],
        3,
        "names 2 keys where the batch has 3",
      ],
      [
        "has a signature over other keys",
        async () => [await signed([k2]), await signed([k3, keyOf("DE", 9)])],
        2,
        "is over other keys",
      ],
      [
        "has null in place of a certificate",
        async () => [
          await signed([k2, k1, k3], { uploaderSigningThumbprint: null, signingCertificate: null }),
        ],
        3,
        "the audit names another signer",
      ],
      ["is empty", () => Promise.resolve([]), 3, "names 0 keys"],
    ])("refuses keys whose audit %s, and tells", async (_, entries, refused, fault) => {
      const list = await entries();
      audit = () => Response.json(list);
      const { counts, state } = await client.sync("pull");
      expect([counts["signature"], state]).toEqual([refused, "ok"]);
      expect(await stored()).toBe(3 - refused);
      const [record] = await client.parts.batches.last("gateway", 1);
      expect(record).toMatchObject({ signature: "failed", fault: expect.stringContaining(fault) });
      expect(client.logged.at(-1)).toContain("efgs-signature");
    });

    it("only warns where that is agreed", async () => {
      client.agree({}, { verifySignatures: "warn", signers: [] });
      expect((await client.sync("pull")).counts).toEqual({ keys: 3, stored: 3 });
      expect(client.logged.at(-1)).toContain("efgs-signature");
    });

    it("keeps its place while the audit cannot be had", async () => {
      audit = () => new Response(null, { status: 500 });
      expect(await client.sync("pull")).toMatchObject({ counts: { keys: 0 }, state: "failing" });
      expect(await stored()).toBe(0);
    });
  });
});
