import { AppError } from "../errors.ts";

/** From the most to the least urgent. */
export const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];
export type LogLevel = "error" | "warn" | "info" | "debug";

/** The fields of a log line: names and numbers. Never a TEK, token, certificate, key, address or user agent. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A log; `event` is a stable name in kebab case. */
export type Log = Readonly<Record<LogLevel, (event: string, fields?: LogFields) => void>>;

/** Writes one JSON object per line. `clockMs` returns milliseconds since the epoch. */
export function jsonLog(
  level: LogLevel,
  write: (line: string) => void,
  clockMs: () => number,
): Log {
  const at = (own: LogLevel) =>
    LOG_LEVELS.indexOf(own) > LOG_LEVELS.indexOf(level)
      ? () => {}
      : (event: string, fields: LogFields = {}) =>
        write(
          JSON.stringify({ time: new Date(clockMs()).toISOString(), level: own, event, ...fields }),
        );
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}

const MAX_CAUSES = 4;
const MAX_FRAMES = 6;

/**
 * The loggable parts of a thrown value: its code, the names and codes of its causes, and where in our code it was
 * thrown. Texts of foreign errors are left out, because a database quotes row values in them.
 */
export function errorFields(error: unknown): LogFields {
  const chain: string[] = [];
  let frames = "";
  for (
    let at = error;
    at instanceof Error && chain.length < MAX_CAUSES;
    at = at.cause
  ) {
    chain.push(describe(at));
    frames = stackPlaces(at) || frames;
  }
  const first = error instanceof AppError ? { code: error.code, message: error.message } : {};
  return { ...first, causes: chain.join(" < ") || typeof error, at: frames };
}

function describe(error: Error): string {
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  return `${error.name}${code.slice(0, 60)}`;
}

function stackPlaces(error: Error): string {
  const places = [...(error.stack ?? "").matchAll(/([A-Za-z0-9_.-]+\.[cm]?[tj]s:\d+):\d+/g)];
  return places.slice(0, MAX_FRAMES).map((place) => place[1]).join(" ");
}
