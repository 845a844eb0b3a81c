import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readBatch } from "../../../../federation/efgs/wire/batch.ts";
import { MEDIA_TYPES } from "../../../../federation/efgs/wire/media-type.ts";
import { useDatabase } from "../../../support/database.ts";
import {
  backEnd,
  certificateOf,
  countryOf,
  keyOf,
  NOW,
  openTestGateway,
  type TestGateway,
} from "./world.ts";

const IE = backEnd("IE");
const DE = backEnd("DE");
const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
const TODAY = day(NOW);
const TAG = TODAY.replaceAll("-", "");

describe("the gateway", () => {
  const database = useDatabase();
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await openTestGateway(database());
  });
  beforeEach(async () => {
    await database().clear();
    await gateway.setTime(NOW);
    expect((await gateway.enroll(countryOf(IE), countryOf(DE))).status).toBe(201);
  });
  afterAll(() => gateway.close());

  const download = (from: typeof IE, date = TODAY, headers: Record<string, string> = {}) =>
    gateway.ask(from, `/diagnosiskeys/download/${date}`, {
      headers: { accept: MEDIA_TYPES.protobuf, ...headers },
    });
  const keysOf = async (answer: Response) => {
    const read = readBatch(new Uint8Array(await answer.arrayBuffer()), "protobuf");
    return read.ok ? read.value : [];
  };

  it("hands a country the others' keys in the order of upload, and links batches", async () => {
    const first = [keyOf("IE", 2), keyOf("IE", 1)];
    expect((await gateway.upload(IE, first, { tag: "ie-1" })).status).toBe(201);
    expect((await gateway.upload(DE, [keyOf("DE", 1)])).status).toBe(201);
    await gateway.makeBatches();
    expect((await gateway.upload(IE, [keyOf("IE", 3)], { format: "json" })).status).toBe(201);
    await gateway.makeBatches();

    const one = await download(DE);
    expect(one.status).toBe(200);
    expect(one.headers.get("batchtag")).toBe(`${TAG}-1`);
    expect(one.headers.get("nextbatchtag")).toBe(`${TAG}-2`);
    expect(one.headers.get("content-type")).toBe(MEDIA_TYPES.protobuf);
    expect(await keysOf(one)).toEqual(first);
    const two = await download(DE, TODAY, { batchTag: `${TAG}-2` });
    expect(two.headers.get("nextbatchtag")).toBe("null");
    expect(await keysOf(two)).toEqual([keyOf("IE", 3)]);
    const json = await download(IE, TODAY, { accept: MEDIA_TYPES.json });
    expect(json.headers.get("content-type")).toBe(MEDIA_TYPES.json);
    expect(readBatch(new Uint8Array(await json.arrayBuffer()), "json")).toEqual({
      ok: true,
      value: [keyOf("DE", 1)],
    });
    expect(await (await download(IE, TODAY, { batchTag: `${TAG}-2` })).text()).toBe("");
  });

  it("answers an upload with its tag and nothing else", async () => {
    const answer = await gateway.upload(IE, [keyOf("IE", 1)], { tag: "ie-1" });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("batchtag")).toBe("ie-1");
    expect(await answer.text()).toBe("");
  });

  it("tells of known keys with 207 and stores nothing then, so that the tag stays free", async () => {
    const [k1, k2, k3, k4] = [1, 2, 3, 4].map((number) => keyOf("IE", number));
    if (!k1 || !k2 || !k3 || !k4) throw new Error();
    await gateway.upload(IE, [k2, k4]);
    const again = await gateway.upload(IE, [k1, k2, k3, k4], { tag: "t" });
    expect(again.status).toBe(207);
    expect(await again.json()).toEqual({ 201: [0, 2], 409: [1, 3], 500: [] });
    const twice = await gateway.upload(IE, [k1, k1, k2], { tag: "t" });
    expect(await twice.json()).toEqual({ 201: [0], 409: [1, 2], 500: [] });
    expect((await gateway.upload(IE, [k1, k3], { tag: "t" })).status).toBe(201);
    const changed = keyOf("IE", 1, { transmissionRisk: 5 });
    expect((await gateway.upload(IE, [changed])).status).toBe(201);
  });

  it("takes a tag once, without case, by whomever", async () => {
    expect((await gateway.upload(IE, [keyOf("IE", 1)], { tag: "Tag-A" })).status).toBe(201);
    const answer = await gateway.upload(DE, [keyOf("DE", 1)], { tag: "tag-a", signature: "AAAA" });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ status: 409, detail: "batchTag already exists" });
  });

  it("lets one of two uploads with one tag at once through, and answers 409 to the other", async () => {
    const answers = await Promise.all([
      gateway.upload(IE, [keyOf("IE", 1)], { tag: "t" }),
      gateway.upload(DE, [keyOf("DE", 1)], { tag: "T" }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const keys = [keyOf("IE", 2), keyOf("IE", 3)];
    const same = await Promise.all([1, 2, 3].map(() => gateway.upload(IE, keys, { tag: "u" })));
    expect(same.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  it("makes batches of whole uploads of at most 5,000 keys", async () => {
    const some = (from: number, count: number) =>
      Array.from({ length: count }, (_, at) => keyOf("IE", from + at));
    for (const [from, count] of [[0, 3000], [3000, 2000], [5000, 1], [6000, 5000]] as const) {
      expect((await gateway.upload(IE, some(from, count))).status).toBe(201);
    }
    await gateway.makeBatches();
    const counts = await database().sql`
      select efgs_batch.tag, sum(key_count)::int as keys from efgs_upload
      join efgs_batch on efgs_batch.id = batch group by efgs_batch.id, efgs_batch.tag order by efgs_batch.id`;
    expect(counts.map(({ keys }) => keys)).toEqual([5000, 1, 5000]);
    expect(counts.map(({ tag }) => tag)).toEqual([1, 2, 3].map((number) => `${TAG}-${number}`));
  }, 60_000);

  it("goes on with tags that ascend across midnight and a clock that is put back", async () => {
    for (const [number, seconds] of [NOW, NOW + 86_400, NOW].entries()) {
      await gateway.setTime(seconds);
      await gateway.upload(IE, [keyOf("IE", number)]);
      await gateway.makeBatches();
    }
    const tomorrow = day(NOW + 86_400).replaceAll("-", "");
    const tags = await database().sql<{ tag: string; next_tag: string | null }[]>`
      select tag, next_tag from efgs_batch order by id`;
    expect(tags.map(({ tag, next_tag }) => [tag, next_tag])).toEqual([
      [`${TAG}-1`, `${tomorrow}-1`],
      [`${tomorrow}-1`, `${tomorrow}-2`],
      [`${tomorrow}-2`, null],
    ]);
    const answer = await download(DE, day(NOW + 86_400));
    expect(answer.headers.get("batchtag")).toBe(`${tomorrow}-1`);
  });

  it("sets an upload aside that a smaller limit leaves no room for, and tells the operator", async () => {
    const keys = [1, 2, 3].map((number) => keyOf("IE", number));
    await gateway.upload(IE, keys);
    await gateway.upload(IE, [keyOf("IE", 4)]);
    const small = await openTestGateway(database(), { EFGS_MAX_BATCH_KEYS: "2" });
    await small.makeBatches();
    expect(await keysOf(await download(DE))).toEqual([keyOf("IE", 4)]);
    expect(small.logged.join("\n")).toContain("raise EFGS_MAX_BATCH_KEYS");
    await small.close();
    await gateway.makeBatches();
    expect(await keysOf(await download(DE, TODAY, { batchTag: `${TAG}-2` }))).toEqual(keys);
  });

  it("tells in the audit who uploaded and signed what, and marks revoked certificates", async () => {
    const keys = [keyOf("IE", 1), keyOf("IE", 2)];
    await gateway.upload(IE, keys, { tag: "ie-1" });
    await gateway.upload(DE, [keyOf("DE", 1)]);
    await gateway.makeBatches();
    const revokedAt = new Date((NOW - 3600) * 1000).toISOString().replace(".000", "");
    const ie = countryOf(IE);
    await gateway.enroll(
      {
        ...ie,
        certificates: ie.certificates.map((one) =>
          one.type === "SIGNING" ? { ...one, revokedAt } : one
        ),
      } as typeof ie,
    );
    const path = `/diagnosiskeys/audit/download/${TODAY}/${TAG}-1`;
    const answer = await gateway.ask(DE, path, { headers: { accept: "application/json" } });
    expect(answer.status).toBe(200);
    const [first, second] = await answer.json();
    expect(first).toMatchObject({
      country: "IE",
      uploadedTime: `${TODAY}T12:00:00Z`,
      uploaderCertificate: IE.authentication.cert,
      uploaderThumbprint: certificateOf(IE.authentication).thumbprint,
      uploaderOperatorSignature: null,
      signingCertificate: IE.signing.cert,
      uploaderSigningThumbprint: certificateOf(IE.signing).thumbprint,
      amount: 2,
      signingCertificateRevoked: revokedAt,
    });
    expect(first).not.toHaveProperty("uploaderCertificateRevoked");
    expect(second).toMatchObject({ country: "DE", amount: 1 });
    const yesterday = path.replace(TODAY, day(NOW - 86_400));
    expect((await gateway.ask(DE, yesterday)).status).toBe(404);
  });

  it("keeps keys for two days, their hashes longer, and every link", async () => {
    await gateway.upload(IE, [keyOf("IE", 1)], { tag: "ie-1" });
    await gateway.makeBatches();
    await gateway.setTime(NOW + 3 * 86_400);
    await gateway.makeBatches();
    expect((await download(DE)).status).toBe(410);
    expect(await database().sql`select 1 from efgs_upload where keys is not null`).toHaveLength(0);
    const late = await gateway.upload(IE, [keyOf("IE", 1)]);
    expect(await late.json()).toMatchObject({ 409: [0] });
    expect((await gateway.upload(IE, [keyOf("IE", 2)], { tag: "IE-1" })).status).toBe(409);
  });
});
