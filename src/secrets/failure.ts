import { clockNote, describe } from "../cloud/failure.ts";
import type { ServiceAnswer } from "../cloud/service-call.ts";
import { AppError } from "../errors.ts";

/** A secret's name as messages show it: quoted, at most 80 characters. */
const shown = (name: string): string =>
  JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);

/** `secret_unavailable` for a secret that is not there or cannot be read: what to mend, never what was found. */
export function unavailable(name: string, what: string, cause?: unknown): AppError {
  const text = `the secret ${shown(name)} ${what}`;
  return cause === undefined
    ? new AppError("secret_unavailable", text)
    : new AppError("secret_unavailable", text, { cause: new Error(describe(cause)) });
}

/** Waits for an answer of a manager. */
export async function reach(
  title: string,
  name: string,
  settings: string,
  use: () => Promise<ServiceAnswer>,
): Promise<ServiceAnswer> {
  try {
    return await use();
  } catch (cause) {
    const cure = cause instanceof AppError ? cause.message : `check ${settings} and the network`;
    throw unavailable(name, `cannot be read: ${title} cannot be asked: ${cure}`, cause);
  }
}

/** What an answer other than 200 means. */
export function refusal(
  title: string,
  name: string,
  answer: ServiceAnswer,
  missing = false,
): AppError {
  const { status } = answer;
  if (status === 404 || missing) return unavailable(name, `is not in ${title}: check its name`);
  const cure = status === 401 || status === 403 || status === 400
    ? "allow this server to read it, and check the name"
    : "it is tried again later";
  return unavailable(
    name,
    `cannot be read: ${title} answered ${status}: ${cure}${clockNote(answer)}`,
  );
}
