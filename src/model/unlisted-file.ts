const HOUR_SECONDS = 3600;

/**
 * From leaving the index to leaving the storage: the max-age of files, 24 h, and an hour for indexes that are being
 * written and for clocks that are put forward. A planned file counts from its plan, since no index names it yet.
 */
export const UNLISTED_FILE_SECONDS: number = 25 * HOUR_SECONDS;

/** How long after its plan a file may still be noted as written: two hours before retention may delete it. */
export const PLAN_NOTED_SECONDS: number = UNLISTED_FILE_SECONDS - 2 * HOUR_SECONDS;

/** How long a plan may be taken up again: whoever takes it up has eleven hours left to write and note its files. */
export const PLAN_TAKEN_UP_SECONDS: number = PLAN_NOTED_SECONDS - 11 * HOUR_SECONDS;
