import { isMap, LineCounter, parseAllDocuments, YAMLParseError } from "yaml";
import { isKind, KIND_NAMES, KINDS, type Resource } from "../model/resource/kinds.ts";
import { type Fault, faultsOf } from "./fault.ts";
import { ownWords } from "../model/schema-words.ts";
import { textFaultsIn } from "./text-rule.ts";
import { yamlFaultText } from "./yaml-words.ts";

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
  const read = readYaml(text, name);
  return "faults" in read ? { ok: false, faults: read.faults } : parseResources(read.values, name);
}

type Read = { readonly values: readonly unknown[] } | { readonly faults: readonly Fault[] };

function readYaml(text: string, name: string): Read {
  const lines = new LineCounter();
  const values: unknown[] = [];
  const faults: Fault[] = [];
  for (const document of documentsOf(text, lines)) {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      const path = `${name} line ${line}, column ${col}`;
      faults.push({ path, message: yamlFaultText(error.code) });
      continue;
    }
    const value = valueOf(document);
    if (value === undefined) {
      faults.push({ path: name, message: "has too many aliases (*name): write the values out" });
    }
    if (value === undefined || value === null) continue;
    values.push(...(isMap(document.contents) || !Array.isArray(value) ? [value] : value));
  }
  return faults.length > 0 ? { faults } : { values };
}

/** Text nested so deep that the parser gives up is one document with one error. */
function documentsOf(text: string, lines: LineCounter) {
  try {
    return [
      ...parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, logLevel: "silent" }),
    ];
  } catch {
    const error = new YAMLParseError([0, 0], "RESOURCE_EXHAUSTION", "");
    return [{ errors: [error], contents: null, toJS: (): unknown => undefined }];
  }
}

/** Undefined when its aliases stand for more than {@link MAX_ALIASES} copies. */
function valueOf(
  document: { toJS(options: { readonly maxAliasCount: number }): unknown },
): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    return undefined;
  }
}

/** Checks values one by one against the schema of their kind. */
export function parseResources(values: readonly unknown[], name: string): ParsedResources {
  const resources: Resource[] = [];
  const faults: Fault[] = [];
  values.forEach((value, index) => {
    const label = labelOf(value) ?? `${name} document ${index + 1}`;
    const kind = memberOf(value, "kind");
    if (kind === undefined || !isKind(kind)) {
      const path = typeof value === "object" && value !== null ? `${label}: kind` : label;
      faults.push({ path, message: kindText(value) });
      return;
    }
    const badTexts = textFaultsIn(value, label);
    if (badTexts.length > 0) {
      faults.push(...badTexts);
      return;
    }
    const parsed = KINDS[kind].schema.safeParse(withoutReadOnly(value), { error: ownWords });
    if (parsed.success) resources.push(parsed.data);
    else faults.push(...faultsOf(parsed.error, label));
  });
  return faults.length > 0 ? { ok: false, faults } : { ok: true, resources };
}

function kindText(value: unknown): string {
  return typeof value === "object" && value !== null
    ? `must be one of ${KIND_NAMES.join(", ")}`
    : `is no resource: write its members as "kind: ${KIND_NAMES[0]}" and so on, one a line`;
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
