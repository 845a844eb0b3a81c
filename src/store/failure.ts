import { TimeoutError } from "../bounds/deadline.ts";
import { AppError } from "../errors.ts";
import { sqlState } from "./database.ts";

/** SQLSTATEs, or their first two characters, that mean "try again later": the cause is outside the statement. */
const PASSING = ["08", "53", "57", "58", "55P03", "40", "25P03", "25006"] as const;

/** SQLSTATE of a database whose disk is full. */
const DISK_FULL = "53100";

/**
 * Converts a failed statement: to `database_unavailable` when the database is unreachable, shutting down, full,
 * read-only or too slow. Anything else is a broken invariant and is returned unchanged.
 */
export function storeFailure(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (error instanceof TimeoutError) return unavailable(error);
  const state = sqlState(error);
  if (state === DISK_FULL) return unavailable(error, "the disk of the database is full");
  const passing = state === undefined
    ? isConnectionError(error)
    : PASSING.some((prefix) => state.startsWith(prefix));
  return passing ? unavailable(error) : error;
}

function unavailable(cause: unknown, text?: string): AppError {
  return new AppError("database_unavailable", text, { cause });
}

/** Whether an error is caused, at any depth, by a full disk of the database. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (sqlState(at) === DISK_FULL) return true;
  }
  return false;
}

/**
 * Errors of the driver and of sockets have a code in capitals: CONNECTION_CLOSED, CONNECT_TIMEOUT, ECONNREFUSED,
 * ENOENT.
 */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    /^(CONNECT|E[A-Z]{3,})/.test(error.code);
}
