// Bundles the program for Node into dist/: a few files start three times as fast as hundreds. What is imported at first
// use has files of its own, which a command that does without them never reads.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const BUNDLE = join(ROOT, "dist", "wayfarer.mjs");
const SOURCES = ["src", "federation", "proto/gen", "build.mjs", "package.json"];

/** Whether the bundle holds the sources as they are now. */
export function isBuilt() {
  const built = statSync(BUNDLE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return SOURCES.every((name) => newest(join(ROOT, name)) <= built);
}

function newest(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const names = readdirSync(path);
  return Math.max(found.mtimeMs, ...names.map((name) => newest(join(path, name))));
}

/** Makes the bundle. Whoever runs the old one meanwhile is not disturbed: new files take their places whole. */
export async function build() {
  const { build: bundle } = await import("esbuild");
  const { outputFiles } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: ["src/main.ts"],
    outdir: "dist",
    entryNames: "wayfarer",
    chunkNames: "part-[hash]",
    outExtension: { ".js": ".mjs" },
    write: false,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // An addon that is there or not, loaded at first use.
    external: ["pkcs11js"],
    sourcemap: true,
    // Only places are looked up in the maps, and whoever starts pays for reading them.
    sourcesContent: false,
    minifySyntax: true,
    minifyWhitespace: true,
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    // Packages in the CommonJS form ask for Node's modules by require().
    banner: {
      js:
        "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: "warning",
  });
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  // Read at run time, from beside the file that reads them.
  const assets = ["style.css", "script.js"].map((name) => ({
    path: join(ROOT, "dist", name),
    contents: readFileSync(join(ROOT, "src", "console", name)),
  }));
  // The entry comes last: whoever starts it finds all its parts.
  const entryLast = outputFiles.toSorted((one, other) =>
    Number(one.path === BUNDLE) - Number(other.path === BUNDLE)
  );
  for (const { path, contents } of [...assets, ...entryLast]) {
    const part = `${path}.${process.pid}`;
    writeFileSync(part, contents);
    renameSync(part, path);
  }
  removeOldParts(new Set(outputFiles.map(({ path }) => path)));
}

/** Parts of earlier builds stay for a month: a server that runs since then may load one yet. */
function removeOldParts(current) {
  const folder = join(ROOT, "dist");
  const stale = Date.now() - 30 * 86_400_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.startsWith("part-") && !current.has(path) && statSync(path).mtimeMs < stale) {
      rmSync(path);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
