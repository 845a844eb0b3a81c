import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What makes a test slow: a database, or a process beside the test's own. */
const SLOW_IMPORTS: ReadonlySet<string> = new Set([
  "node:child_process",
  "test/support/database.ts",
]);

/** Long by nature, although they need nothing: mutated input in great number. */
const LONG = /fuzz/;

/**
 * The test files, relative to the root, that need neither a database nor another process: those that reach none of
 * {@link SLOW_IMPORTS} through the imports of test files. Computed, so that no list has to be kept.
 */
export function quickTests(root: string): readonly string[] {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => join("test", file)).filter((file) => file.endsWith(".test.ts"));
  return files.filter((file) => !LONG.test(file) && !isSlow(root, file, new Set()));
}

function isSlow(root: string, file: string, seen: Set<string>): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].some(([, target = ""]) => {
    const name = target.startsWith(".") ? normalize(join(dirname(file), target)) : target;
    return SLOW_IMPORTS.has(name) || (name.startsWith("test/") && isSlow(root, name, seen));
  });
}
