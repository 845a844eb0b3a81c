// Writes proto/gen from the .proto files; with --check, compares and exits 1 when they differ.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const pbjs = join(here, "../node_modules/protobufjs-cli/bin/pbjs");

/** What each module is made of, and the parts of it that nothing uses. */
const MODULES = [
  { name: "export", sources: ["export.proto"], without: ["--no-convert"] },
  { name: "efgs", sources: ["efgs.proto"], without: ["--no-convert"] },
  { name: "revision", sources: ["revision.proto"], without: ["--no-convert"] },
  { name: "federation", sources: ["federation.proto", "wayfarer-federation.proto"], without: [] },
];
const OPTIONS = [
  ...["--target", "static-module", "--wrap", "esm", "--dependency", "protobufjs/minimal.js"],
  ...["--no-create", "--no-verify", "--no-delimited", "--no-service", "--no-typeurl"],
  ...["--force-number", "--dts", "--path", here],
];

/** Deno finds the types by the first line; 64-bit integers are numbers, as the types say. */
function tidyCode(name, code) {
  return `// @ts-self-types="./${name}.d.ts"\n` +
    code.replace(/^ *\/\*\*[^]*?\*\/\n/gm, "")
      .replace(/\$util\.Long \? \$util\.Long\.fromBits\(0,0,(?:true|false)\) : 0/g, "0")
      .replace(/reader\.(?:u?int|s?fixed)64\(\)/g, "$&.toNumber()")
      .replace(/\$util\.Long\.fromValue\([^()]*\)/g, "$&.toNumber()")
      .replace(/\n{3,}/g, "\n\n");
}

/** Without the names that are deprecated, and without a package that nothing needs. */
function tidyTypes(types) {
  return types.replace(/^import Long .*\n/m, "")
    .replace(
      /^ *\/\*\*(?:(?!\*\/)[^])*@deprecated(?:(?!\*\/)[^])*\*\/\n.*interface I\w+ [^]*?\n *}\n\n?/gm,
      "",
    )
    .replace(/\n{3,}/g, "\n\n");
}

/** [file name, text] of everything in proto/gen. */
function generate() {
  const folder = mkdtempSync(join(tmpdir(), "proto-"));
  try {
    return MODULES.flatMap(({ name, sources, without }) => {
      const out = join(folder, `${name}.js`);
      const files = sources.map((source) => join(here, source));
      execFileSync(process.execPath, [
        pbjs,
        ...OPTIONS,
        ...without,
        ...["--root", `wayfarer-${name}`, "--out", out],
        ...files,
      ]);
      const text = (file) => readFileSync(join(folder, file), "utf8");
      return [
        [`${name}.js`, tidyCode(name, text(`${name}.js`))],
        [`${name}.d.ts`, tidyTypes(text(`${name}.d.ts`))],
      ];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function current(file) {
  try {
    return readFileSync(join(here, "gen", file), "utf8");
  } catch {
    return undefined;
  }
}

const differing = generate().filter(([file, text]) => current(file) !== text);
if (process.argv.includes("--check")) {
  for (const [file] of differing) {
    process.stderr.write(`proto/gen/${file} is not what proto/*.proto says: npm run proto\n`);
  }
  process.exitCode = differing.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of differing) writeFileSync(join(here, "gen", file), text);
}
