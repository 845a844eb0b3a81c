import { DAY_SECONDS, dayAt, INTERVAL_SECONDS, INTERVALS_PER_DAY } from "./interval.ts";
import type { IntervalSpan } from "./exposure.ts";

/**
 * How keys are made up that fill a file: so that whoever reads the file learns neither how many people published in its
 * window nor which keys are real.
 */

/** What is read of a real key whose metadata others are to have. */
export type PaddingModel = IntervalSpan & {
  /** The window of its publish, UTC seconds. */
  readonly createdAt: number;
  readonly daysSinceOnset?: number | undefined;
};

/** A half-open span of UTC seconds, a day at most. */
export type PaddingWindow = { readonly startsAt: number; readonly endsAt: number };

/** What a key that is made up has of its own; the rest is that of the model at this place. */
export type PaddingKey = IntervalSpan & {
  readonly model: number;
  readonly daysSinceOnset?: number | undefined;
};

/** Whole numbers from 0 below a bound, each equally likely. */
export type UniformBelow = (bound: number) => number;

/**
 * Imagined keys that count beside the models: while there are few of those, what they have in common would tell how few
 * people they are of.
 */
const IMAGINED_KEYS = 200;
/** How much longer or shorter a rolling period becomes that is not a whole day's: as it is, it would mark a person. */
const PERIOD_BLUR_INTERVALS = 12;
/** Ages in days of keys that an app publishes. */
const AGES = 14;
/** Days from the onset of symptoms to the publish. */
const ONSET_DAYS = 10;

/**
 * Makes up keys as if they were published in the window: each as a model, moved by whole days, or, the fewer models
 * there are the more often, as a person might have that nobody is. None is valid beyond the window that its model was not.
 */
export function paddingKeys(
  models: readonly PaddingModel[],
  window: PaddingWindow,
  count: number,
  below: UniformBelow,
): readonly PaddingKey[] {
  const moved = models.map((model) => movedInto(window, model));
  const withPartDays = models.some(({ intervalCount }) => intervalCount !== INTERVALS_PER_DAY);
  return Array.from({ length: count }, (): PaddingKey => {
    const place = below(models.length);
    const model = moved[place] ?? { intervalNumber: 1, intervalCount: INTERVALS_PER_DAY };
    const lent = below(models.length + IMAGINED_KEYS) < models.length;
    const made = lent
      ? blurred(model, window, below)
      : imagined(model, window, withPartDays, below);
    return { ...made, model: place };
  });
}

/** The model as it would be had it been published as many whole days later as there are up to the window. */
function movedInto({ endsAt }: PaddingWindow, model: PaddingModel): Omit<PaddingKey, "model"> {
  const days = Math.floor((endsAt - 1 - model.createdAt) / DAY_SECONDS);
  return {
    intervalNumber: model.intervalNumber + days * INTERVALS_PER_DAY,
    intervalCount: model.intervalCount,
    daysSinceOnset: model.daysSinceOnset,
  };
}

function blurred(
  key: Omit<PaddingKey, "model">,
  { endsAt }: PaddingWindow,
  below: UniformBelow,
): Omit<PaddingKey, "model"> {
  if (key.intervalCount === INTERVALS_PER_DAY) return key;
  const room = Math.floor(endsAt / INTERVAL_SECONDS) - key.intervalNumber;
  const most = Math.min(
    INTERVALS_PER_DAY - 1,
    Math.max(room, key.intervalCount),
    key.intervalCount + PERIOD_BLUR_INTERVALS,
  );
  const least = Math.max(1, key.intervalCount - PERIOD_BLUR_INTERVALS);
  return { ...key, intervalCount: least + below(most - least + 1) };
}

function imagined(
  { daysSinceOnset }: Omit<PaddingKey, "model">,
  { startsAt, endsAt }: PaddingWindow,
  withPartDays: boolean,
  below: UniformBelow,
): Omit<PaddingKey, "model"> {
  const today = dayAt(endsAt - 1);
  const from = Math.max(Math.floor(startsAt / INTERVAL_SECONDS), today * INTERVALS_PER_DAY);
  const room = Math.floor(endsAt / INTERVAL_SECONDS) - from;
  const age = below(AGES);
  const partDay = age === 0 && withPartDays && room > 0;
  const days = partDay ? 0 : Math.max(1, age);
  const intervalNumber = (today - days) * INTERVALS_PER_DAY;
  const published = from + 1 + (partDay ? below(room) : 0) - intervalNumber;
  return {
    intervalNumber,
    intervalCount: partDay ? Math.min(INTERVALS_PER_DAY - 1, published) : INTERVALS_PER_DAY,
    daysSinceOnset: daysSinceOnset === undefined ? undefined : below(ONSET_DAYS) - days,
  };
}
