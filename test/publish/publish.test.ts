import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { publishRoute } from "../../src/publish/route.ts";
import type { PublishSettings } from "../../src/publish/settings.ts";
import { useDatabase } from "../support/database.ts";
import {
  type CertificateOptions,
  makeWorld,
  NOON,
  NOW_INTERVAL,
  post,
  read,
  type SentTek,
  tek,
  TODAY,
  type World,
} from "./world.ts";

describe("publish()", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
  });

  const send = async (
    keys: readonly SentTek[],
    members: Readonly<Record<string, unknown>> = {},
    options: CertificateOptions = {},
    settings: Partial<PublishSettings> = {},
  ) => {
    const here = Object.keys(settings).length === 0 ? world : await makeWorld(database(), settings);
    return await read(await publishRoute(here.deps)(post(await here.body(keys, members, options))));
  };
  type Row = {
    key: Uint8Array;
    interval_number: number;
    interval_count: number;
    transmission_risk: number;
    report_type: string;
    days_since_onset: number;
    regions: string[];
    traveler: boolean;
    created_at: number;
    health_authority: string;
    issuer: string;
    source: string;
    hops: number;
  };
  const rows = async () => [
    ...await database().sql<Row[]>`select * from exposure order by interval_number desc`,
  ];

  it("stores keys with everything that is known of them, in the window of the database's clock", async () => {
    const key = tek(1, { rollingPeriod: 100, transmissionRisk: 7 });
    await database().setClock(NOON + 1234);
    const { status, json } = await send([key], { traveler: true });
    expect([status, json.insertedExposures, json.error, json.code]).toEqual([
      200,
      1,
      undefined,
      undefined,
    ]);
    const [row] = await rows();
    expect({ ...row, key: Buffer.from(row?.key ?? []).toString("base64") }).toMatchObject({
      key: key.key,
      interval_number: TODAY - 144,
      interval_count: 100,
      transmission_risk: 7,
      report_type: "confirmed",
      days_since_onset: 1,
      regions: ["MAG"],
      traveler: true,
      created_at: NOON,
      health_authority: "mag",
      issuer: "mag-verification",
      source: "local",
      hops: 0,
      revised_at: null,
    });
  });

  it("writes keys in their own order, so that nothing tells in which they were sent", async () => {
    const keys = Array.from({ length: 10 }, (_, day) => tek(day + 1));
    await send(keys.reverse());
    const rows = await database().sql<
      { key: Uint8Array }[]
    >`select key from exposure order by ctid`;
    const hexes = rows.map((row) => Buffer.from(row.key).toString("hex"));
    expect(hexes).toEqual([...hexes].sort());
  });

  it("takes every form of base64", async () => {
    const bytes = Buffer.from("fbfffefdfcfbfaf9f8f7f6f5f4f3f2f1", "hex");
    const texts = [
      bytes.toString("base64"),
      bytes.toString("base64").replace(/=+$/, ""),
      `${bytes.toString("base64url")}==`,
      bytes.toString("base64url"),
    ];
    for (const text of texts) {
      await database().clear();
      expect((await send([tek(1, { key: text })])).status, text).toBe(200);
      const [row] = await rows();
      expect(Buffer.from(row?.key ?? []).toString("hex")).toBe(bytes.toString("hex"));
    }
  });

  it.each([
    ["confirmed", 2],
    ["likely", 4],
    ["user-report", 5],
  ])(
    "stores %s with transmission risk %i when the app lets the server choose",
    async (type, risk) => {
      await send([tek()], {}, { reportType: type });
      expect(await rows()).toMatchObject([{ report_type: type, transmission_risk: risk }]);
    },
  );

  it("does not store a revocation of what it never had", async () => {
    const { status, json } = await send([tek()], {}, { reportType: "negative" });
    expect([status, json.insertedExposures]).toEqual([200, undefined]);
    expect(await rows()).toEqual([]);
  });

  it("counts the same key twice in a request once", async () => {
    const key = tek();
    const { status, json } = await send([key, key]);
    expect([status, json.insertedExposures]).toEqual([200, 1]);
    const differing = await send([tek(3), { ...tek(3), key: key.key }]);
    expect(differing.status).toBe(400);
  });

  describe("embargo", () => {
    const embargoed = (TODAY + 144) * 600 + 3600;

    it("holds a key back until its validity and one window are over", async () => {
      await send([tek(0), tek(1)]);
      expect((await rows()).map((row) => row.created_at)).toEqual([embargoed, NOON]);
    });

    it("ends with the last second of validity, by the database's clock", async () => {
      const key = tek(0, { rollingPeriod: 72 });
      await send([key]);
      expect(await rows()).toMatchObject([{ created_at: NOON }]);
      await database().clear();
      await database().setClock(NOON - 1);
      await send([key]);
      expect(await rows()).toMatchObject([{ created_at: NOON + 3600 }]);
    });

    it("truncates to windows of any length", async () => {
      const key = tek(0, { rollingPeriod: 73 });
      await send([key], {}, {}, { windowSeconds: 3600 });
      expect(await rows()).toMatchObject([{ created_at: NOON + 3600 }]);
      await database().clear();
      await send([key], {}, {}, { windowSeconds: 300 });
      expect(await rows()).toMatchObject([{ created_at: NOON + 900 }]);
    });

    it("is off with DEBUG_RELEASE_SAME_DAY_KEYS", async () => {
      await send([tek(0)], {}, {}, { releaseSameDayKeys: true });
      expect(await rows()).toMatchObject([{ created_at: NOON }]);
    });

    it("never writes below the floor of closed windows", async () => {
      await database().sql`update window_floor set next_closed_through = ${NOON + 7200}`;
      await send([tek(1), tek(0, { rollingPeriod: 73 })]);
      expect((await rows()).map((row) => row.created_at)).toEqual([NOON + 7200, NOON + 7200]);
    });
  });

  describe("refused keys", () => {
    it("answers 400 when all are", async () => {
      const { status, json } = await send([
        tek(1, { rollingPeriod: 0 }),
        tek(1, { key: "AAAA" }),
      ]);
      expect([status, json.code, json.error]).toEqual([
        400,
        "bad_request",
        "key 0 cannot be imported: rollingPeriod 0 must be 1 to 144; " +
        "key 1 cannot be imported: key must be base64 of 16 bytes",
      ]);
      expect(await rows()).toEqual([]);
    });

    it("lets the others go on, names each and answers partial_failure", async () => {
      const { status, json } = await send([
        tek(3),
        tek(2, { transmissionRisk: 9 }),
        tek(1),
        tek(0, { rollingStartNumber: NOW_INTERVAL + 1 }),
        tek(4, { key: "A".repeat(23) }),
      ]);
      expect([status, json.code, json.insertedExposures]).toEqual([200, "partial_failure", 2]);
      expect(json.error).toBe(
        "key 1 cannot be imported: transmissionRisk 9 must be 0 to 8; " +
          `key 3 cannot be imported: rollingStartNumber ${NOW_INTERVAL + 1} lies in the future: ` +
          `the current interval is ${NOW_INTERVAL}; ` +
          "key 4 cannot be imported: key must be base64 of 16 bytes",
      );
      expect(json.revisionToken).toBeDefined();
      expect(await rows()).toHaveLength(2);
    });
  });

  describe("the set", () => {
    it("may overlap where keys start together", async () => {
      const { status } = await send([tek(1), tek(1, { rollingPeriod: 50 }), tek(1), tek(2)]);
      expect(status).toBe(200);
    });

    it.each<[string, () => SentTek[], string]>([
      [
        "too many start together",
        () => [tek(1), tek(1), tek(1), tek(1)],
        `more than 3 keys start at interval ${TODAY - 144}`,
      ],
      [
        "other keys overlap",
        () => [tek(2), tek(1, { rollingStartNumber: TODAY - 145 })],
        `key 1 starts at interval ${TODAY - 145}, before the end ${
          TODAY - 144
        } of a key that starts at ${
          TODAY - 288
        }: keys that overlap must start at the same interval`,
      ],
      [
        "a key comes twice",
        () => {
          const one = tek(1);
          return [one, { ...one, rollingStartNumber: TODAY - 288 }];
        },
        "key 1 is the same as key 0",
      ],
    ])("is refused when %s", async (_, keys, error) => {
      const { status, json } = await send(keys());
      expect([status, json.code, json.error]).toEqual([400, "bad_request", error]);
      expect(await rows()).toEqual([]);
    });
  });

  describe("onset", () => {
    it("leaves a key out that is too far from it, with a warning", async () => {
      const keys = [tek(0, { rollingPeriod: 1 }), tek(1)];
      const { status, json } = await send(keys, { symptomOnsetInterval: TODAY - 22 * 144 });
      expect([status, json.insertedExposures, json.code, json.error]).toEqual([
        200,
        1,
        undefined,
        undefined,
      ]);
      expect(json.warnings).toEqual([
        "key 0 is left out: 22 days from the onset of symptoms, more than 21",
      ]);
      expect(await rows()).toMatchObject([{ days_since_onset: 21 }]);
    });

    it("answers 200 when all are left out", async () => {
      const { status, json } = await send([tek(0)], { symptomOnsetInterval: TODAY - 25 * 144 });
      expect([status, json.insertedExposures, json.warnings?.length]).toEqual([200, undefined, 1]);
      expect(json.revisionToken).toBeDefined();
      expect(await rows()).toEqual([]);
    });

    it.each<[string, unknown, unknown, number]>([
      ["the app's", TODAY - 144, TODAY - 3 * 144, 0],
      ["the certificate's", 0, TODAY - 3 * 144, 2],
      ["the certificate's without the app's", null, TODAY - 3 * 144, 2],
      ["the default", NOW_INTERVAL, NOW_INTERVAL, 3],
      ["the default when the certificate's is no integer", null, 1.5, 3],
    ])("is %s", async (_, app, certificate, days) => {
      await send([tek(1)], { symptomOnsetInterval: app }, {
        claims: { symptomOnsetInterval: certificate },
      });
      expect(await rows()).toMatchObject([{ days_since_onset: days }]);
    });
  });
});
