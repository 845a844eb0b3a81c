import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

/** Areas by level: an area may import from lower levels, and within its own area; features not from each other. */
const LEVELS: readonly (readonly string[])[] = [
  ["src/errors.ts", "src/model", "src/bytes", "package.json"],
  ["src/bounds"],
  [
    "proto",
    "src/export-file",
    "src/store",
    "src/blob",
    "src/keys",
    "src/cloud",
    "src/secrets",
    "src/observe",
    "src/http",
    "src/runtime",
  ],
  [
    "src/publish",
    "src/attest",
    "src/export",
    "src/upstream",
    "src/retention",
    "src/admin",
    "src/incidents",
    "src/backup",
    "src/device",
    "federation",
  ],
  ["src/console"],
  ["src/config", "src/app.ts", "src/app", "src/jobs.ts", "src/openapi", "src/cli", "src/main.ts"],
];

/** What only one area may import. */
const RESERVED: readonly { readonly module: RegExp; readonly areas: readonly string[] }[] = [
  { module: /^postgres$/, areas: ["src/store"] },
  { module: /^(node:(http|https|http2|tls)|@hono\/node-server)$/, areas: ["src/runtime"] },
  // The store makes the sockets that its driver speaks on.
  { module: /^node:net$/, areas: ["src/runtime", "src/store"] },
];

type Import = { readonly file: string; readonly target: string; readonly relative: boolean };

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.endsWith(".d.ts"));
}

async function importsOf(file: string): Promise<Import[]> {
  const text = await readFile(file, "utf8");
  const found = text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g);
  return [...found].map(([, target = ""]) => {
    const relative = target.startsWith(".");
    return { file, target: relative ? normalize(join(dirname(file), target)) : target, relative };
  });
}

function areaOf(file: string): string | undefined {
  return LEVELS.flat().find((area) => file === area || file.startsWith(`${area}/`));
}

const levelOf = (area: string): number => LEVELS.findIndex((level) => level.includes(area));
const FEATURES = 3;

function broken({ file, target }: Import): string | undefined {
  const from = areaOf(file);
  const to = areaOf(target);
  if (from === undefined) return `${file} is in no area`;
  if (to === undefined) return `${file} imports ${target}, which is in no area`;
  if (from === to || levelOf(from) > levelOf(to)) return undefined;
  const sideways = levelOf(from) === levelOf(to) && levelOf(from) !== FEATURES;
  return sideways ? undefined : `${file} must not import ${target}`;
}

/** Groups of files that reach each other by imports, type-only ones included (Tarjan's strongly connected components). */
function circles(edges: readonly Pick<Import, "file" | "target">[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { file, target } of edges) {
    targets.set(file, [...targets.get(file) ?? [], target]);
  }
  const found: string[][] = [];
  const order = new Map<string, number>();
  const path: string[] = [];
  const visit = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    path.push(file);
    let lowest = own;
    for (const target of targets.get(file) ?? []) {
      const known = order.get(target);
      if (known === undefined) lowest = Math.min(lowest, visit(target));
      else if (path.includes(target)) lowest = Math.min(lowest, known);
    }
    if (lowest === own) {
      const component = path.splice(path.indexOf(file)).sort();
      if (component.length > 1) found.push(component);
    }
    return lowest;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return found;
}

describe("the checks themselves", () => {
  const edge = (file: string, target: string) => ({ file, target, relative: true });

  it("find a circle of two and of three, and no other", () => {
    const pair = [edge("a.ts", "b.ts"), edge("b.ts", "a.ts")];
    const three = [edge("c.ts", "d.ts"), edge("d.ts", "e.ts"), edge("e.ts", "c.ts")];
    const straight = [edge("b.ts", "c.ts"), edge("a.ts", "f.ts"), edge("e.ts", "f.ts")];
    expect(circles([...pair, ...three, ...straight])).toEqual([
      ["c.ts", "d.ts", "e.ts"],
      ["a.ts", "b.ts"],
    ]);
    expect(circles(straight)).toEqual([]);
  });

  it("find an import upward, and one between features", () => {
    expect(broken(edge("src/runtime/edge.ts", "src/publish/route.ts"))).toBeDefined();
    expect(broken(edge("src/export/run.ts", "src/publish/route.ts"))).toBeDefined();
    expect(broken(edge("src/publish/route.ts", "src/runtime/edge.ts"))).toBeUndefined();
  });
});

describe("the import rule", async () => {
  const files = [...await sources("src"), ...await sources("federation")];
  const imports = (await Promise.all(files.map(importsOf))).flat();

  it("finds the sources and their imports", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(imports.length).toBeGreaterThan(100);
  });

  it("holds for every relative import: downwards only, features never from each other", () => {
    expect(imports.filter((one) => one.relative).map(broken).filter(Boolean)).toEqual([]);
  });

  it("has no circle", () => {
    expect(circles(imports.filter((one) => one.relative))).toEqual([]);
  });

  it("keeps the database driver in src/store and the runtimes' modules in src/runtime", () => {
    const strayed = imports.filter((one) => !one.relative).flatMap(({ file, target }) =>
      RESERVED.filter(({ module, areas }) =>
        module.test(target) && !areas.some((area) => file.startsWith(`${area}/`))
      ).map(() => `${file} must not import ${target}`)
    );
    expect(strayed).toEqual([]);
  });

  it("keeps the table exposure in src/store/exposure", async () => {
    const homes = ["src/store/exposure/", "src/store/migrations/"];
    const naming = await Promise.all(
      files.filter((file) => !homes.some((home) => file.startsWith(home))).map(async (file) =>
        /\b(from|into|update|join|table) exposure\b/.test(await readFile(file, "utf8"))
          ? file
          : undefined
      ),
    );
    expect(naming.filter(Boolean)).toEqual([]);
  });

  it("keeps the name of Deno in src/runtime", async () => {
    const naming = await Promise.all(
      files.filter((file) => !file.startsWith("src/runtime/")).map(async (file) =>
        /\bDeno\./.test(await readFile(file, "utf8")) ? file : undefined
      ),
    );
    expect(naming.filter(Boolean)).toEqual([]);
  });
});
