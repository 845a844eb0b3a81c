import { isMap, LineCounter, parseAllDocuments } from "yaml";
import { isKind, KIND_NAMES, KINDS, type Resource } from "../model/resource/kinds.ts";
import { type Fault, faultsOf } from "./fault.ts";

/** Members that answers carry and requests may send back unread. */
const READ_ONLY = ["publicKeyPem", "status"] as const;
/** Bounds on what may be sent at once. */
export const MAX_DOCUMENT_BYTES: number = 1_048_576;
const MAX_ALIASES = 20;

/** Resources, or every fault there is. */
export type ParsedResources =
  | { readonly ok: true; readonly resources: readonly Resource[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Reads resources from YAML (documents divided by `---`) or JSON (an object, or an array of them). `name` tells
 * in faults where the text came from.
 */
export function parseDocuments(text: string, name: string): ParsedResources {
  if (new TextEncoder().encode(text).byteLength > MAX_DOCUMENT_BYTES) {
    return { ok: false, faults: [{ path: name, message: "is larger than 1 MiB" }] };
  }
  const lines = new LineCounter();
  const values: unknown[] = [];
  const faults: Fault[] = [];
  for (const document of parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true })) {
    const [error] = document.errors;
    if (error !== undefined) {
      const line = lines.linePos(error.pos[0]).line;
      faults.push({ path: `${name} line ${line}`, message: `is not YAML: ${error.code}` });
      continue;
    }
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    if (value === null) continue;
    values.push(...(isMap(document.contents) || !Array.isArray(value) ? [value] : value));
  }
  if (faults.length > 0) return { ok: false, faults };
  return parseResources(values, name);
}

/** Checks values one by one against the schema of their kind. */
export function parseResources(values: readonly unknown[], name: string): ParsedResources {
  const resources: Resource[] = [];
  const faults: Fault[] = [];
  values.forEach((value, index) => {
    const label = labelOf(value) ?? `${name} document ${index + 1}`;
    const kind = memberOf(value, "kind");
    if (kind === undefined || !isKind(kind)) {
      faults.push({ path: `${label}: kind`, message: `must be one of ${KIND_NAMES.join(", ")}` });
      return;
    }
    const parsed = KINDS[kind].schema.safeParse(withoutReadOnly(value));
    if (parsed.success) resources.push(parsed.data);
    else faults.push(...faultsOf(parsed.error, label));
  });
  return faults.length > 0 ? { ok: false, faults } : { ok: true, resources };
}

function withoutReadOnly(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([member]) => !READ_ONLY.some((name) => name === member)),
  );
}

function labelOf(value: unknown): string | undefined {
  const kind = memberOf(value, "kind");
  const name = memberOf(value, "name");
  return kind === undefined || name === undefined ? undefined : `${kind}/${name}`.slice(0, 150);
}

function memberOf(value: unknown, member: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = Object.entries(value).find(([name]) => name === member)?.[1];
  return typeof found === "string" ? found : undefined;
}
