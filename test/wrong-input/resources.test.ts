import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { parseResources } from "../../src/admin/documents.ts";
import { KIND_NAMES, KINDS } from "../../src/model/resource/kinds.ts";
import { admin, ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { type WholeResource, wholeResources } from "./whole-resources.ts";
import {
  FOREIGN_WORDS,
  jsonWith,
  type Path,
  placesIn,
  valueAt,
  wrongValues,
} from "./wrong-values.ts";

type Refused = {
  readonly error: string;
  readonly code: string;
  readonly faults?: readonly { readonly path: string; readonly message: string }[];
};

/** Members that are kept in one form: compared below without what the form changes. */
const FORMS: Readonly<Record<string, (text: string) => string>> = {
  serverId: (text) => new URL(text).href.replace(/\/+$/, ""),
  publicKeyPem: (text) => text.replaceAll(/-----END PUBLIC KEY-----[^]*$/g, "").trim(),
  certificateFingerprint: (text) => text.replaceAll(":", "").toLowerCase(),
};
const RESOURCES = wholeResources();

/** The last member that a path names. */
const memberOf = (path: Path): string =>
  String(path.findLast((name) => typeof name === "string") ?? "");

/** Whether a value was kept as it was sent: texts in one case, lists as sets, and more members than were sent. */
function isKept(sent: unknown, stored: unknown, member: string): boolean {
  if (typeof sent === "string" && typeof stored === "string") {
    const form = FORMS[member] ?? ((text: string) => text);
    return form(sent).toLowerCase() === form(stored).toLowerCase();
  }
  if (Array.isArray(sent) && Array.isArray(stored)) {
    return sent.every((item) => stored.some((other) => isKept(item, other, member))) &&
      stored.every((item) => sent.some((other) => isKept(other, item, member)));
  }
  if (typeof sent !== "object" || sent === null || typeof stored !== "object" || stored === null) {
    return Object.is(sent, stored) || sent === stored;
  }
  return Object.entries(sent).every(([name, value]) =>
    Object.entries(stored).some(([other, kept]) =>
      name.toLowerCase() === other.toLowerCase() && isKept(value, kept, name)
    )
  );
}

/** Some members of an object, those that it has. */
const valuesOf = (value: unknown, names: readonly string[]): object =>
  Object.fromEntries(
    names.flatMap((name) => {
      const found = valueAt(value, [name]);
      return found === undefined ? [] : [[name, found]];
    }),
  );

/** Paths of a JSON Schema, numbers of items as 0. */
function pathsOf(schema: unknown, path: readonly string[] = []): readonly string[] {
  const at = (name: string): unknown => valueAt(schema, [name]);
  const variants = [at("anyOf"), at("oneOf")].flatMap((all) => Array.isArray(all) ? all : []);
  const members = Object.entries(at("properties") ?? {}).flatMap(([name, inner]) => [
    [...path, name].join("."),
    ...pathsOf(inner, [...path, name]),
  ]);
  const items = at("items") === undefined ? [] : pathsOf(at("items"), [...path, "0"]);
  return [...members, ...items, ...variants.flatMap((one) => pathsOf(one, path))];
}

describe("each member of each kind of resource", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeAll(async () => {
    app = await openTestApp(database(), { ATTESTATION_DEVELOPMENT: "true" });
    for (const resource of RESOURCES) {
      const answer = await admin(app, "PUT", addressOf(resource), resource.members);
      expect([resource.kind, answer.status, await answer.text()]).toContain(
        answer.status === 200 ? 200 : 201,
      );
    }
  });
  afterAll(() => app.close());

  const addressOf = ({ kind, name }: WholeResource): string => `/${KINDS[kind].plural}/${name}`;
  const put = (resource: WholeResource, body: string) =>
    app.fetch(`/admin/api/v1${addressOf(resource)}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      body,
    });

  it("is in the examples", () => {
    for (const kind of KIND_NAMES) {
      const given = RESOURCES.filter((one) => one.kind === kind)
        .flatMap(({ members }) => placesIn(members)).map((path) => path.join("."));
      const schema = z.toJSONSchema(KINDS[kind].schema, { io: "input", unrepresentable: "any" });
      const wanted = pathsOf(schema).filter((path) => path !== "kind" && path !== "name");
      expect(wanted.filter((path) => !given.includes(path)), kind).toEqual([]);
    }
  });

  /** What is wrong with the answer to a wrong value; undefined when nothing is. */
  async function faultIn(answer: Response, path: Path): Promise<string | undefined> {
    const text = await answer.text();
    if (answer.status >= 500 || answer.status < 400) return `${answer.status} ${text}`;
    const { code, error, faults = [] }: Refused = JSON.parse(text);
    if (FOREIGN_WORDS.test(text)) return `foreign words: ${text}`;
    if (text.length > 20_000) return `${text.length} characters: ${text.slice(0, 500)}`;
    if (code === "bad_request") return error.includes("the body") ? undefined : text;
    if (code !== "invalid_resource") return text;
    const here = path.join(".");
    const names = faults.some(({ path: at, message }) => {
      const named = at.split(": ").at(-1) ?? "";
      return here === named || here.startsWith(`${named}.`) || named.startsWith(`${here}.`) ||
        message.includes(memberOf(path)) || named.split(".").includes(memberOf(path));
    });
    return names ? undefined : `does not name ${here}: ${text}`;
  }

  /** What is wrong with how an accepted value is kept. */
  async function faultKept(
    path: Path,
    sent: unknown,
    answer: Response,
  ): Promise<string | undefined> {
    const text = await answer.text();
    const read: unknown = JSON.parse(text);
    const again = parseResources([read], "answer");
    if (!again.ok) return `cannot be sent back: ${text}`;
    const [once] = again.resources;
    const told = JSON.stringify({ ...once, ...valuesOf(read, ["status", "publicKeyPem"]) });
    if (!isKept(JSON.parse(told), read, "") || !isKept(read, JSON.parse(told), "")) {
      return `changes when it is sent back: ${told}`;
    }
    const isItem = typeof path.at(-1) === "number";
    const [mine, place] = isItem ? [[sent], path.slice(0, -1)] : [sent, path];
    const stored = valueAt(read, place);
    // The other items of a list stay.
    const theirs = isItem && Array.isArray(stored)
      ? stored.filter((item) => isKept(sent, item, memberOf(path)))
      : stored;
    return isKept(mine, theirs, memberOf(path))
      ? undefined
      : `is kept as ${JSON.stringify(theirs)?.slice(0, 200)}`;
  }

  /** Places of each resource that no earlier variant of its kind has. */
  const rows = RESOURCES.map((resource, index) => {
    const places = ({ kind, name, members }: WholeResource): readonly Path[] =>
      placesIn({ kind, name, ...members });
    const before = new Set(
      RESOURCES.slice(0, index).filter(({ kind }) => kind === resource.kind)
        .flatMap((one) => places(one).map((path) => path.join("."))),
    );
    const own = places(resource).filter((path) => !before.has(path.join(".")));
    return [`${resource.kind} ${resource.variant ?? ""}`.trim(), resource, own] as const;
  });

  it.each(rows)(
    "of %s is refused by name, or kept as it was sent",
    async (_, resource, places) => {
      const wrong: string[] = [];
      const { kind, name } = resource;
      const members = { kind, name, ...resource.members };
      await put(resource, JSON.stringify(resource.members));
      for (const path of places) {
        for (const raw of wrongValues(valueAt(members, path))) {
          const answer = await put(resource, jsonWith(members, path, raw));
          const fault = answer.status === 200 || answer.status === 201
            ? await faultKept(path, JSON.parse(raw), answer)
            : await faultIn(answer, path);
          if (fault !== undefined) {
            wrong.push(
              `${path.join(".")} = ${raw.slice(0, 60)} (${raw.length}): ${fault.slice(0, 500)}`,
            );
          }
        }
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});
