import { parse, stringify } from "yaml";
import { parseResources } from "../../../admin/documents.ts";
import type { Fault } from "../../../admin/fault.ts";
import type { Kind, Resource } from "../../../model/resource/kinds.ts";
import type { FieldFaults } from "../../parts/form.tsx";
import { RESOURCE_FIELDS, type ResourceField } from "./fields.ts";

/** Typed values by the field's path; a flag that is on is `on`. */
export type FormValues = Readonly<Record<string, string>>;

/** A resource that was typed, or what is wrong with it, by field. */
export type TypedResource =
  | { readonly ok: true; readonly resource: Resource }
  | { readonly ok: false; readonly faults: FieldFaults };

const fieldsOf = (kind: Kind): readonly ResourceField[] =>
  RESOURCE_FIELDS[kind].flatMap((group) => group.fields);

/** What a form for a new resource begins with. */
export function initialValues(kind: Kind): FormValues {
  return Object.fromEntries(fieldsOf(kind).map(({ path, initial = "" }) => [path, initial]));
}

/** What a form for a resource shows. */
export function valuesOf(resource: Resource): FormValues {
  return Object.fromEntries(
    fieldsOf(resource.kind).map((field) => [field.path, shown(field, at(resource, field.path))]),
  );
}

/** The values that somebody typed. */
export function typedValues(kind: Kind, form: URLSearchParams): FormValues {
  return Object.fromEntries(
    fieldsOf(kind).map(({ path }) => [path, (form.get(path) ?? "").replaceAll("\r\n", "\n")]),
  );
}

/** Makes a resource of what somebody typed, with the same checks as `apply`. */
export function typedResource(kind: Kind, name: string, values: FormValues): TypedResource {
  const value: Record<string, unknown> = { kind, name };
  const faults: Record<string, string> = {};
  for (const field of fieldsOf(kind)) {
    const read = readField(field, values[field.path] ?? "");
    if (read.ok) {
      if (read.value !== undefined) put(value, field.path.split("."), read.value);
    } else faults[field.path] = read.fault;
  }
  if (Object.keys(faults).length > 0) return { ok: false, faults };
  const parsed = parseResources([value], "form");
  if (!parsed.ok) return { ok: false, faults: fieldFaults(kind, parsed.faults) };
  const [resource] = parsed.resources;
  return resource === undefined ? { ok: false, faults } : { ok: true, resource };
}

/** Faults of the use case, each at the field that it is about; others at the name. */
export function fieldFaults(kind: Kind, faults: readonly Fault[]): FieldFaults {
  const fields = fieldsOf(kind);
  const found: Record<string, string> = {};
  for (const { path, message } of faults) {
    const member = path.split(": ")[1] ?? "";
    const field = fields.find((one) => member === one.path || member.startsWith(`${one.path}.`)) ??
      fields.find((one) => one.path.startsWith(`${member}.`));
    const label = field?.label ?? "Name";
    found[field?.path ?? "name"] ??= `${label} ${message}.`;
  }
  return found;
}

type ReadField =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: string };

function readField({ kind, label }: ResourceField, text: string): ReadField {
  const trimmed = text.trim();
  switch (kind) {
    case "flag":
      return { ok: true, value: text === "on" };
    case "list":
      return { ok: true, value: trimmed.split(/[\s,]+/).filter((word) => word !== "") };
    case "number":
      if (trimmed === "") return { ok: true, value: undefined };
      return /^\d{1,12}$/.test(trimmed)
        ? { ok: true, value: Number(trimmed) }
        : { ok: false, fault: `${label} must be a whole number.` };
    case "yaml":
      return readYaml(label, trimmed);
    case "text":
    case "choice":
      return { ok: true, value: trimmed === "" ? undefined : trimmed };
  }
}

function readYaml(label: string, text: string): ReadField {
  if (text === "") return { ok: true, value: undefined };
  try {
    const value: unknown = parse(text, { maxAliasCount: 20, uniqueKeys: true });
    return { ok: true, value: value ?? undefined };
  } catch {
    return { ok: false, fault: `${label} is not YAML: check the indentation and the colons.` };
  }
}

function shown({ kind }: ResourceField, value: unknown): string {
  if (value === undefined || value === null) return "";
  switch (kind) {
    case "flag":
      return value === true ? "on" : "";
    case "list":
      return Array.isArray(value) ? value.join(", ") : "";
    case "yaml": {
      const empty = typeof value === "object" && Object.keys(value).length === 0;
      return empty ? "" : stringify(value, { lineWidth: 0 }).trimEnd();
    }
    case "text":
    case "number":
    case "choice":
      return String(value);
  }
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (found, member) =>
      typeof found === "object" && found !== null
        ? Object.entries(found).find(([name]) => name === member)?.[1]
        : undefined,
    value,
  );
}

function put(
  target: Record<string, unknown>,
  [member = "", ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) {
    target[member] = value;
    return;
  }
  const known = target[member];
  const inner: Record<string, unknown> = typeof known === "object" && known !== null
    ? { ...known }
    : {};
  put(inner, rest, value);
  target[member] = inner;
}
