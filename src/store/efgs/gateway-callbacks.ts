import type { CallbackTask, GatewayCallbacks } from "../../model/efgs-gateway.ts";
import type { Database } from "../database.ts";

/** Subscriptions in the database. */
export function gatewayCallbacks({ sql, bulk }: Database): GatewayCallbacks {
  return {
    list: async (country) => {
      const rows = await sql<
        { id: string; url: string; failed_at: number | null; failure: string | null }[]
      >`select id, url, failed_at, failure from efgs_callback where country = ${country} order by id`;
      return rows.map(({ id, url, failed_at, failure }) => ({
        id,
        url,
        ...(failed_at === null ? {} : { failedAt: failed_at }),
        ...(failure === null ? {} : { failure }),
      }));
    },
    put: async (country, id, url, limit) => {
      const put = await sql`
        insert into efgs_callback (country, id, url)
        select ${country}, ${id}, ${url}
        where (select count(*) from efgs_callback where country = ${country} and id <> ${id}) < ${limit}
        on conflict (country, id) do update
        set url = excluded.url, failed_at = null, failure = null`;
      return put.count === 1;
    },
    remove: async (country, id) => {
      const gone = await sql`delete from efgs_callback where country = ${country} and id = ${id}`;
      return gone.count === 1;
    },
    due: async () =>
      await bulk<CallbackTask[]>`
        select first.id, first.country, first.callback, url, tag, day, tries
        from (select distinct on (country, callback) * from efgs_callback_task
              order by country, callback, id) as first
        join efgs_callback as subscription
          on subscription.country = first.country and subscription.id = first.callback
        where next_try_at <= wayfarer_now() order by first.id limit 1000`,
    done: async (task) => {
      await bulk`delete from efgs_callback_task where id = ${task}`;
    },
    again: async (task, waitSeconds) => {
      await bulk`
        update efgs_callback_task
        set tries = tries + 1, next_try_at = wayfarer_now() + ${waitSeconds}::bigint
        where id = ${task}`;
    },
    fail: async (country, id, failure) => {
      await bulk.begin(async (transaction) => {
        await transaction`
          update efgs_callback set failed_at = wayfarer_now(), failure = ${failure}
          where country = ${country} and id = ${id}`;
        await transaction`
          delete from efgs_callback_task where country = ${country} and callback = ${id}`;
      });
    },
  };
}
