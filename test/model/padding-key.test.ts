import { expect, test } from "vitest";
import { paddingKeys, type PaddingModel } from "../../src/model/padding-key.ts";
import { randomOf } from "../support/random.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
/** 12:00 to 16:00 of a day. */
const WINDOW = { startsAt: 1_700_006_400 - 1_700_006_400 % DAY + 12 * HOUR, endsAt: 0 };
WINDOW.endsAt = WINDOW.startsAt + 4 * HOUR;

const FILE_KEYS = 1000;
const MOST_UPLOADS = 30;

type Numbers = (below: number) => number;
const seededNumbers = (seed: number): Numbers => {
  const random = randomOf(seed);
  return (below) => Math.floor(random() * below);
};

/** What one person's phone publishes `daysBefore` the window, at its time of day: whole days, and part of that day. */
function upload(daysBefore: number, below: Numbers, partDays: boolean): readonly PaddingModel[] {
  const createdAt = WINDOW.startsAt - daysBefore * DAY + below(4) * HOUR;
  const today = Math.floor(createdAt / DAY);
  const onset = below(10);
  const whole = Array.from({ length: 5 + below(9) }, (_, index) => ({
    createdAt,
    ...{ intervalNumber: (today - index - 1) * 144, intervalCount: 144 },
    daysSinceOnset: onset - index - 1,
  }));
  if (!partDays) return whole;
  const part = {
    intervalNumber: today * 144,
    intervalCount: Math.floor(createdAt % DAY / 600) - below(6),
  };
  return [...whole, { createdAt, ...part, daysSinceOnset: onset }];
}

type Service = {
  readonly uploads: number;
  readonly file: readonly Omit<PaddingModel, "createdAt">[];
};
type Padding = (
  history: readonly PaddingModel[],
  real: readonly PaddingModel[],
  below: Numbers,
) => readonly Omit<PaddingModel, "createdAt">[];

const drawn: Padding = (history, real, below) =>
  paddingKeys([...history, ...real], WINDOW, FILE_KEYS + below(101) - real.length, below);
/** Padding as it must not be: copies of what the window alone holds. */
const copied: Padding = (_, real, below) =>
  Array.from({ length: FILE_KEYS + below(101) - real.length }, () => real[below(real.length)])
    .flatMap((key) => key === undefined ? [] : [key]);

function service(below: Numbers, days: number, partDays: boolean, padding: Padding): Service {
  const uploads = 1 + below(MOST_UPLOADS);
  const many = (count: number, daysBefore: number) =>
    Array.from({ length: count }, () => upload(daysBefore, below, partDays)).flat();
  const history = Array.from({ length: days }, (_, day) => many(1 + below(MOST_UPLOADS), day + 1));
  const real = many(uploads, 0);
  return { uploads, file: [...real, ...padding(history.flat(), real, below)] };
}

/** What somebody who has the file can count in it, each a number. */
function countsOf(file: Service["file"]): readonly number[] {
  const tuples = new Map<number, number>();
  const partTuples = new Set<number>();
  const periods = new Set<number>();
  const onsets = new Set<number>();
  let partKeys = 0;
  for (const { intervalNumber, intervalCount, daysSinceOnset = 0 } of file) {
    const tuple = (intervalNumber * 200 + intervalCount) * 64 + daysSinceOnset;
    tuples.set(tuple, (tuples.get(tuple) ?? 0) + 1);
    onsets.add(daysSinceOnset - Math.floor(intervalNumber / 144));
    if (intervalCount === 144) continue;
    partKeys++;
    partTuples.add(tuple);
    periods.add(intervalCount);
  }
  const often = [...tuples.values()];
  const once = often.filter((count) => count === 1).length;
  const most = Math.max(...often);
  return [tuples.size, partTuples.size, partKeys, periods.size, onsets.size, once, most];
}

const isNear = (guess: number, truth: number): boolean => Math.abs(guess - truth) <= truth / 4;
const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * The attacker runs the same service 150 times and learns which counts go with how many uploads, then guesses in 200
 * windows. Answers the share of guesses within 25 %, by the best count, and without looking at the file.
 */
function attack(days: number, partDays: boolean, padding: Padding) {
  const numbers = seededNumbers(7);
  const run = (count: number) =>
    Array.from({ length: count }, () => {
      const { uploads, file } = service(numbers, days, partDays, padding);
      return { uploads, counts: countsOf(file) };
    });
  const [learned, attacked] = [run(150), run(200)];
  const share = (guess: (counts: readonly number[]) => number): number =>
    attacked.filter(({ uploads, counts }) => isNear(guess(counts), uploads)).length /
    attacked.length;
  const looking = countsOf([]).map((_, which) =>
    share((counts) => {
      const away = (one: { readonly counts: readonly number[] }): number =>
        Math.abs((one.counts[which] ?? 0) - (counts[which] ?? 0));
      const near = learned.toSorted((one, other) => away(one) - away(other)).slice(0, 15);
      return middle(near.map(({ uploads }) => uploads));
    })
  );
  const blind = Array.from({ length: MOST_UPLOADS }, (_, guess) => share(() => guess + 1));
  return { looking: Math.max(...looking), blind: Math.max(...blind) };
}

/** Three standard deviations of a share among 200. */
const CHANCE = 0.1;

test.each([
  ["a running service", 6, true],
  ["a service in its first window", 0, true],
  ["a running service whose keys are all of whole days", 6, false],
])("the number of uploads can't be told from the file of %s", (_, days, partDays) => {
  const { looking, blind } = attack(days, partDays, drawn);
  expect(looking).toBeLessThan(blind + CHANCE);
});

test("the attack works on padding that copies its own window", () => {
  expect(attack(6, true, copied).looking).toBeGreaterThan(0.6);
});

test("no key is valid beyond the window", () => {
  const numbers = seededNumbers(3);
  for (let round = 0; round < 20; round++) {
    const models = [upload(0, numbers, true), upload(5, numbers, true)].flat();
    for (const key of paddingKeys(models, WINDOW, 500, numbers)) {
      expect((key.intervalNumber + key.intervalCount) * 600).toBeLessThanOrEqual(WINDOW.endsAt);
      expect(key.intervalCount).toBeGreaterThan(0);
      expect(key.intervalCount).toBeLessThanOrEqual(144);
    }
  }
});
