#!/usr/bin/env node
// Starts the program. In a checkout whose sources are newer than its bundle, it makes the bundle first.
import { existsSync } from "node:fs";
import process from "node:process";

const sources = new URL("../src/main.ts", import.meta.url);
const bundle = new URL("../dist/wayfarer.mjs", import.meta.url);

if (existsSync(sources)) {
  const { build, isBuilt } = await import("../build.mjs");
  if (!isBuilt()) await build().catch(explain);
}
process.setSourceMapsEnabled(true);
await import(bundle);

/** A folder that cannot be written runs what was built last. */
function explain(error) {
  const [reason] = String(error instanceof Error ? error.message : error).split("\n");
  if (existsSync(bundle)) {
    process.stderr.write(
      `wayfarer: the sources are newer than dist/ and cannot be built (${reason}): this is the program as it was built last. Run "npm run build" as the owner of this folder.\n`,
    );
    return;
  }
  process.stderr.write(
    `wayfarer: there is no dist/ and it cannot be built (${reason}). Run "npm ci" as the owner of this folder.\n`,
  );
  process.exit(1);
}
