import { Buffer } from "node:buffer";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { ReportType } from "../../src/model/report-type.ts";
import { TRANSITIONS } from "../../src/model/revision.ts";
import { AppError } from "../../src/errors.ts";
import { publishRoute, type PublishRouteDependencies } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import {
  type Answer,
  makeWorld,
  NOON,
  post,
  read,
  type SentTek,
  tek,
  type World,
} from "./world.ts";

const TYPES: readonly ReportType[] = ["confirmed", "likely", "user-report", "negative"];
const PHONES = 3;
const KEYS = 5;

/**
 * One step: a phone publishes some of the keys with a type, with its token or without, perhaps twice; an answer may be
 * lost after the commit, and then the phone goes on with the token that it has.
 */
const step = fc.record({
  phone: fc.nat(PHONES - 1),
  keys: fc.uniqueArray(fc.nat(KEYS - 1), { minLength: 1, maxLength: 3 }),
  type: fc.constantFrom(...TYPES),
  token: fc.boolean(),
  retries: fc.nat(1),
  lost: fc.boolean(),
});

/** What the specification says, in a few lines: keys by number, and what each phone's token covers. */
class Model {
  readonly stored = new Map<number, { type: ReportType; revised?: ReportType }>();
  readonly tokens: (Set<number> | undefined)[] = [];
  /** Entries of the statistics. */
  counted = 0;

  publish(
    phone: number,
    keys: readonly number[],
    to: ReportType,
    withToken: boolean,
    lost: boolean,
  ): string {
    const token = withToken ? this.tokens[phone] : undefined;
    for (const key of keys) {
      const is = this.stored.get(key);
      if (is === undefined) continue;
      if (token === undefined) return "missing_revision_token";
      if (!token.has(key)) return "invalid_revision_token";
      if (to === is.type || to === is.revised) continue;
      if (is.revised !== undefined) return "key_already_revised";
      if (!TRANSITIONS[is.type].includes(to)) return "invalid_report_type_transition";
    }
    const known = new Set(this.stored.keys());
    const fresh = keys.filter((key) => !this.stored.has(key) && to !== "negative");
    const revised = keys.flatMap((key) => this.stored.get(key) ?? [])
      .filter((is) => to !== is.type && to !== is.revised);
    for (const is of revised) is.revised = to;
    for (const key of fresh) this.stored.set(key, { type: to });
    const unheardOf = keys.every((key) => !known.has(key));
    if (fresh.length + revised.length > 0 || unheardOf) this.counted++;
    if (!lost) this.tokens[phone] = new Set([...(token ?? []), ...fresh]);
    return "ok";
  }
}

describe("publishes, revisions and retries", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
  });

  const send = async (
    keys: readonly SentTek[],
    type: ReportType,
    revisionToken?: string,
    deps = world.deps,
  ) =>
    await read(
      await publishRoute(deps)(
        post(await world.body(keys, { revisionToken }, { reportType: type })),
      ),
    );
  /** The line breaks after whatever the store did. */
  const answerLost = (): PublishRouteDependencies => {
    const { store } = world.deps;
    const lose = () => Promise.reject(new AppError("database_unavailable"));
    return {
      ...world.deps,
      store: {
        ...store,
        insertAll: async (...given) => await store.insertAll(...given) && await lose(),
        revise: (...given) => store.revise(...given).then(lose),
      },
    };
  };
  const state = async (teks: readonly SentTek[]) => {
    const rows = await database().sql<
      { key: Uint8Array; type: ReportType; revised: ReportType | null }[]
    >`
      select key, report_type as type, revised_report_type as revised from exposure`;
    return new Map(rows.map(({ key, type, revised }) => [
      teks.findIndex((one) => one.key === Buffer.from(key).toString("base64")),
      revised === null ? { type } : { type, revised },
    ]));
  };

  it("one after the other do what the model does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        await database().sql`truncate exposure, publish_stat_entry`;
        const model = new Model();
        const teks = Array.from({ length: KEYS }, (_, day) => tek(day + 1));
        const tokens: (string | undefined)[] = [];
        for (const { phone, keys, type, token, retries, lost } of steps) {
          for (let time = 0; time <= retries; time++) {
            const expected = model.publish(phone, keys, type, token, lost);
            const sent = keys.map((key) => teks[key] ?? tek());
            const shown = token ? tokens[phone] : undefined;
            const { status, json } = await send(
              sent,
              type,
              shown,
              lost ? answerLost() : world.deps,
            );
            if (lost) {
              expect([status, json.code]).toEqual([503, "database_unavailable"]);
              continue;
            }
            expect(json.code ?? "ok").toBe(expected);
            expect(status).toBe(expected === "ok" ? 200 : 400);
            if (expected === "ok") tokens[phone] = json.revisionToken;
          }
        }
        expect(await state(teks)).toEqual(model.stored);
        const entries = await database().sql`select from publish_stat_entry`;
        expect(entries).toHaveLength(model.counted);
      }),
      { numRuns: 60, seed: 11 },
    );
  }, 120_000);

  it("at the same time: exactly one inserts a key, one revises it, nobody gets a 5xx", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 16, maxLength: 16 }),
        async (steps) => {
          await database().sql`truncate exposure`;
          const teks = Array.from({ length: KEYS }, (_, day) => tek(day + 1));
          const token = await (await world.deps.tokens.maker())(teks.map((one) => ({
            hex: Buffer.from(one.key, "base64").toString("hex"),
            intervalNumber: one.rollingStartNumber,
            intervalCount: one.rollingPeriod,
          })));
          const answers = await Promise.all(steps.map(async ({ keys, type, token: withToken }) => {
            const sent = keys.map((key) => teks[key] ?? tek());
            return await send(sent, type, withToken ? token : undefined);
          }));
          expect(world.failures).toEqual([]);
          expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
          const inserted = (answer: { json: Answer }) => answer.json.insertedExposures ?? 0;
          const total = answers.reduce((sum, answer) => sum + inserted(answer), 0);
          const after = await state(teks);
          expect(total).toBe(after.size);
          for (
            const { type, revised } of after.values() as Iterable<
              { type: ReportType; revised?: ReportType }
            >
          ) {
            if (revised !== undefined) expect(TRANSITIONS[type]).toContain(revised);
          }
        },
      ),
      { numRuns: 25, seed: 13 },
    );
  }, 120_000);
});
