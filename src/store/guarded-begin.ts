import { setImmediate } from "node:timers/promises";
import type { Sql, Transaction } from "./sql.ts";

type Work = (transaction: Transaction) => unknown;

/**
 * Makes the transactions of a pool safe when a connection is lost. The driver would still write `rollback`, `commit` or
 * the next statement to the lost connection. That ends the process or, after a reconnect, runs the statement outside
 * any transaction. So once the connection is lost, no statement follows: the transaction rejects with the driver's
 * `CONNECTION_CLOSED` after its work has settled. `prelude`: SQL that starts each transaction.
 */
export function guardTransactions(pool: Sql, prelude?: string): Sql {
  const begin = pool.begin.bind(pool);
  async function guardedBegin(...[first, second]: [string, Work] | [Work]): Promise<unknown> {
    const [options, work] = typeof first === "string" ? [first, second] : ["", first];
    if (work === undefined) throw new TypeError("a transaction needs work to do");
    const connection = new Connection();
    let rest: Promise<unknown> = Promise.resolve();
    // During the work, this rejects only when the connection is lost.
    const transaction = begin(options, (sql) => {
      const done = begun(sql, prelude).then(() => perform(sql, work, connection));
      rest = done.catch(() => {});
      return heldBack(done, connection);
    });
    transaction.catch(connection.lose);
    try {
      return await transaction;
    } catch (error) {
      await rest;
      throw error;
    }
  }
  return Object.assign(pool, { begin: guardedBegin });
}

/** Whether the connection of a transaction is still open. */
class Connection {
  lost = false;
  /** Rejects with the driver's error once it is lost. */
  readonly whenLost: Promise<never>;
  readonly lose: (cause: unknown) => void;

  constructor() {
    const { promise, reject } = withReject();
    this.whenLost = promise;
    this.lose = (cause) => {
      this.lost = true;
      reject(cause);
    };
  }
}

function withReject(): { promise: Promise<never>; reject: (cause: unknown) => void } {
  let reject: (cause: unknown) => void = () => {};
  const promise = new Promise<never>((_, tell) => {
    reject = tell;
  });
  promise.catch(() => {});
  return { promise, reject };
}

async function begun(sql: Transaction, prelude: string | undefined): Promise<void> {
  if (prelude !== undefined) await sql.unsafe(prelude).simple();
}

async function perform(sql: Transaction, work: Work, connection: Connection): Promise<unknown> {
  const result = await work(guarded(sql, connection));
  return Array.isArray(result) ? await Promise.all(result) : result;
}

/** Settles like the work, but never if the connection is lost, so that the driver adds no statement. */
async function heldBack(done: Promise<unknown>, connection: Connection): Promise<unknown> {
  const [outcome] = await Promise.allSettled([done]);
  if (outcome.status === "rejected") {
    // A socket reports its error before its end. After two turns of the event loop, the end is known.
    await setImmediate();
    await setImmediate();
  }
  if (connection.lost) return await new Promise(() => {});
  return await done;
}

/** Wraps the transaction to refuse statements once its connection is lost. */
function guarded(sql: Transaction, connection: Connection): Transaction {
  const requireConnection = (): void => {
    if (connection.lost) throw closed();
  };
  return new Proxy(sql, {
    apply: (target, self, values) => {
      requireConnection();
      return Reflect.apply(target, self, values);
    },
    get: (target, property) => {
      requireConnection();
      if (property !== "savepoint") return Reflect.get(target, property);
      return async (...values: [string, Work] | [Work]): Promise<unknown> => {
        const work = values.at(-1);
        const name = typeof values[0] === "string" ? [values[0]] : [];
        if (typeof work !== "function") throw new TypeError("a savepoint needs work to do");
        const savepoint = Reflect.apply(target.savepoint, target, [
          ...name,
          (inner: Transaction) => heldBack(perform(inner, work, connection), connection),
        ]);
        return await Promise.race([savepoint, connection.whenLost]);
      };
    },
  });
}

/** The same error as the driver's. */
function closed(): Error {
  return Object.assign(new Error("the connection of the transaction was lost"), {
    code: "CONNECTION_CLOSED",
  });
}
