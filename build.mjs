// Bundles the program for Node into dist/wayfarer.mjs: one file starts three times as fast as hundreds.
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
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

/** Makes the bundle. Whoever runs the old one meanwhile is not disturbed: the new one takes its place whole. */
export async function build() {
  const { build: bundle } = await import("esbuild");
  const { outputFiles } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: ["src/main.ts"],
    outfile: "dist/wayfarer.mjs",
    write: false,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // An addon that is there or not, loaded at first use.
    external: ["pkcs11js"],
    sourcemap: true,
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
  for (const { path, contents } of [...assets, ...outputFiles]) {
    const part = `${path}.${process.pid}`;
    writeFileSync(part, contents);
    renameSync(part, path);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
