import type { Database } from "../database.ts";

/** How many publishes of one hour were answered like this. `hour`: UTC seconds at its start. */
export type AnswerCount = {
  readonly hour: number;
  readonly kind: string;
  readonly code: string;
  readonly count: number;
};

/** Counts of one UTC day (since 1970-01-01). */
export type AnswerDay = Omit<AnswerCount, "hour"> & { readonly day: number };

/** Answers to publishes, added up by hour. */
export type AnswerCounts = {
  add(counts: readonly AnswerCount[]): Promise<void>;
  /** Sums of the newest `days` days. */
  perDay(days: number): Promise<readonly AnswerDay[]>;
  /** Forgets hours older than that; answers how many rows. */
  forget(olderThanSeconds: number): Promise<number>;
};

/** Answers in the database. */
export function answerCounts({ bulk: sql }: Database): AnswerCounts {
  return {
    add: async (counts) => {
      if (counts.length === 0) return;
      await sql`
        insert into publish_answer (hour, kind, code, count)
        select hour, kind, code, count from jsonb_to_recordset(${
        JSON.stringify(counts)
      }::text::jsonb) as added (hour bigint, kind text, code text, count bigint)
        order by hour, kind, code
        on conflict (hour, kind, code) do update
        set count = publish_answer.count + excluded.count`;
    },
    perDay: (days) =>
      sql<AnswerDay[]>`
        select (hour / 86400)::int as day, kind, code, sum(count)::bigint as count
        from publish_answer where hour >= (wayfarer_now() / 86400 - ${days}::int + 1) * 86400
        group by day, kind, code order by day`,
    forget: async (olderThanSeconds) =>
      (await sql`
        delete from publish_answer where hour < wayfarer_now() - ${olderThanSeconds}::bigint`)
        .count,
  };
}
