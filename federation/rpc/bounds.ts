import { type Refusal, refuse } from "../../src/errors.ts";

/** Field numbers of the messages within a message, and theirs. */
export type Nested = { readonly [field: number]: Nested };

/** How much a message may hold, counted before anything is made of it: two bytes are enough for an object. */
export type MessageBounds = {
  /** Fields at most, those of messages within it included. */
  readonly fields: number;
  readonly nested: Nested;
  /** Repeated messages, by field number and by name, of which there may be so many in all. */
  readonly elements?: {
    readonly of: { readonly [field: number]: string };
    readonly max: number;
    /** For example `keys in a batch`. */
    readonly what: string;
  };
};

/** What a caller is told whose message cannot be read. What a parser says may quote it, so it is not passed on. */
export const UNREADABLE: Refusal = refuse(
  "invalid_argument",
  "the message cannot be read as what this method takes",
);

/** In JSON each field or element has a comma or a bracket, and fields that are left out of proto3 may be there. */
const JSON_TOKENS_A_FIELD = 2;
const JSON_OTHER_OBJECTS = 100;
const [COMMA, BRACE, BRACKET] = [0x2c, 0x7b, 0x5b];

/** Why a protobuf message is too much: `limit_exceeded`; or broken: `invalid_argument`. */
export function faultOfProto(bytes: Uint8Array, bounds: MessageBounds): Refusal | undefined {
  let at = 0;
  let [fields, elements] = [0, 0];
  /** −1 past the end. */
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (let count = 0; count < 10; count++, scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) return -1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return -1;
  };
  const scan = (end: number, nested: Nested, top: boolean): Refusal | undefined => {
    /** Open groups of unknown fields, by field number. */
    const groups: number[] = [];
    while (at < end) {
      const tag = varint();
      if (tag < 0) return UNREADABLE;
      if (++fields > bounds.fields) return tooManyFields(bounds);
      const field = Math.floor(tag / 8);
      let within: Nested | undefined;
      let stop: number;
      switch (tag % 8) {
        case 0:
          if (varint() < 0) return UNREADABLE;
          stop = at;
          break;
        case 1:
          stop = at + 8;
          break;
        case 2: {
          const length = varint();
          if (length < 0) return UNREADABLE;
          stop = at + length;
          if (groups.length > 0) break;
          within = nested[field];
          if (top && bounds.elements?.of[field] !== undefined) elements += 1;
          if (bounds.elements && elements > bounds.elements.max) return tooManyElements(bounds);
          break;
        }
        case 3:
          groups.push(field);
          stop = at;
          break;
        case 4:
          if (groups.pop() !== field) return UNREADABLE;
          stop = at;
          break;
        case 5:
          stop = at + 4;
          break;
        default:
          return UNREADABLE;
      }
      if (stop > end) return UNREADABLE;
      const fault = within === undefined ? undefined : scan(stop, within, false);
      if (fault !== undefined) return fault;
      at = stop;
    }
    return at === end && groups.length === 0 ? undefined : UNREADABLE;
  };
  return scan(bytes.length, bounds.nested, true);
}

/** Why a JSON text is too much to be parsed; signs within strings count too. */
export function faultOfJsonText(text: Uint8Array, bounds: MessageBounds): Refusal | undefined {
  const mostObjects = (bounds.elements?.max ?? 0) + JSON_OTHER_OBJECTS;
  let [tokens, objects] = [0, 0];
  for (const byte of text) {
    if (byte !== COMMA && byte !== BRACE && byte !== BRACKET) continue;
    if (++tokens > bounds.fields * JSON_TOKENS_A_FIELD) return tooManyFields(bounds);
    if (byte === BRACE && ++objects > mostObjects) return tooManyElements(bounds);
  }
  return undefined;
}

/** Why a parsed JSON value is too much. */
export function faultOfJson(value: unknown, bounds: MessageBounds): Refusal | undefined {
  if (bounds.elements === undefined || typeof value !== "object" || value === null) {
    return undefined;
  }
  const names = new Set(Object.values(bounds.elements.of));
  const count = Object.entries(value).reduce(
    (sum, [name, list]) => sum + (names.has(name) && Array.isArray(list) ? list.length : 0),
    0,
  );
  return count > bounds.elements.max ? tooManyElements(bounds) : undefined;
}

const tooManyFields = ({ fields }: MessageBounds): Refusal =>
  refuse("limit_exceeded", `more than ${fields} fields in a message`);

const tooManyElements = ({ elements }: MessageBounds): Refusal =>
  refuse(
    "limit_exceeded",
    elements === undefined
      ? "too many messages within a message"
      : `more than ${elements.max} ${elements.what}`,
  );
