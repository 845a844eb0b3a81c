import type { BatchFormat } from "./batch.ts";

/** The version of the protocol that is spoken here. */
export const PROTOCOL_VERSION: string = "1.0";
const MAJOR_MINOR = [1, 0] as const;

/** The media type of each form, with the version that every caller must name. */
export const MEDIA_TYPES: Readonly<Record<BatchFormat, string>> = {
  protobuf: `application/protobuf; version=${PROTOCOL_VERSION}`,
  json: `application/json; version=${PROTOCOL_VERSION}`,
};

/** What a caller names as its media type. `type`: another type; `version`: none, malformed, or another one. */
export type NamedFormat =
  | { readonly ok: true; readonly format: BatchFormat }
  | { readonly ok: false; readonly fault: "type" | "no-version" | "malformed" | "version" };

const FORMATS: Readonly<Record<string, BatchFormat>> = {
  "application/protobuf": "protobuf",
  "application/json": "json",
};

/** The form that a Content-Type names. Types and parameter names are compared without case; the version is not quoted. */
export function formatOfContentType(text: string | null): NamedFormat {
  const [type = "", ...parameters] = (text ?? "").split(";").map((part) => part.trim());
  const format = Object.hasOwn(FORMATS, type.toLowerCase())
    ? FORMATS[type.toLowerCase()]
    : undefined;
  if (format === undefined) return { ok: false, fault: "type" };
  const version = parameters.map((parameter) => /^version\s*=\s*(.*)$/i.exec(parameter)?.[1])
    .find((value) => value !== undefined);
  if (version === undefined || version === "") return { ok: false, fault: "no-version" };
  const numbers = /^(\d{1,9})\.(\d{1,9})$/.exec(version);
  if (numbers === null) return { ok: false, fault: "malformed" };
  const same = Number(numbers[1]) === MAJOR_MINOR[0] && Number(numbers[2]) === MAJOR_MINOR[1];
  return same ? { ok: true, format } : { ok: false, fault: "version" };
}

const MAX_ACCEPTED = 20;

/**
 * The form that an Accept header asks for: the one with the highest `q`, else the first. A wildcard asks for every
 * form but names no version, so it is refused with `no-version`, also beside a good type.
 */
export function formatOfAccept(text: string | null): NamedFormat {
  const ranges = (text ?? "*/*").split(",", MAX_ACCEPTED).map((range) => range.trim());
  if (ranges.some((range) => /^(\*|application)\/\*\s*(;|$)/.test(range))) {
    return { ok: false, fault: "no-version" };
  }
  const named = ranges.map((range) => ({
    quality: qualityOf(range),
    is: formatOfContentType(range),
  }))
    .filter(({ is }) => is.ok || is.fault !== "type")
    .sort((left, right) => right.quality - left.quality);
  return named[0]?.is ?? { ok: false, fault: "type" };
}

/** Whether an Accept header takes JSON, whatever its version says. */
export function acceptsJson(text: string | null): boolean {
  return (text ?? "*/*").split(",", MAX_ACCEPTED)
    .some((range) => /^\s*(\*\/\*|application\/\*|application\/json)\s*(;|$)/i.test(range));
}

function qualityOf(range: string): number {
  const quality = /;\s*q\s*=\s*([01](?:\.\d{1,3})?)\s*(?:;|$)/.exec(range)?.[1];
  return quality === undefined ? 1 : Number(quality);
}
