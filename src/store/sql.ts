import type postgres from "postgres";

/** A pool of connections. Numbers are returned as `number` (bigint columns hold seconds and counts below 2^53). */
export type Sql = postgres.Sql<{ int8: number }>;
/** The connection of a transaction. */
export type Transaction = postgres.TransactionSql<{ int8: number }>;
