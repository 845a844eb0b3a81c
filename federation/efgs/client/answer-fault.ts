import { type ErrorCode, type Refusal, refuse } from "../../../src/errors.ts";
import type { GatewayAnswer } from "./gateway-connection.ts";

/** Characters of a gateway's text that are shown. */
const MAX_TEXT = 1024;
/** Where gateways put their text, the most telling first. */
const TEXTS = ["detail", "title", "message", "error"] as const;

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: "invalid_argument",
  401: "unauthenticated",
  403: "permission_denied",
  404: "not_found",
  429: "resource_exhausted",
};

/**
 * A gateway's error for the operator: the status and the first text that there is, of HTML the status alone. Codes of
 * the table in src/errors.ts; `unavailable` for 5xx, `fetch_failed` for what should not come.
 */
export function answerFault(answer: Pick<GatewayAnswer, "status" | "bytes">): Refusal {
  const { status } = answer;
  const code = status >= 500 ? "unavailable" : CODES[status] ?? "fetch_failed";
  const text = answerText(answer);
  const told = text === undefined ? "" : `: ${text}`;
  return refuse(code, `the gateway answered ${status}${told}`);
}

/** The text of an error, when its body is JSON and has one. */
export function answerText({ bytes }: Pick<GatewayAnswer, "bytes">): string | undefined {
  const body = jsonOf(bytes);
  for (const name of TEXTS) {
    const text = body?.[name];
    if (typeof text === "string" && text !== "") return printable(text).slice(0, MAX_TEXT);
  }
  return undefined;
}

/** Whether an error is that of the key check, by which a batch can be searched for the bad key. */
export function isKeyFault({ status, bytes }: Pick<GatewayAnswer, "status" | "bytes">): boolean {
  return status === 400 && typeof jsonOf(bytes)?.["message"] === "string";
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\uffff]+/g, " ");

function jsonOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
