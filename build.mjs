// Bundles the program for Node into dist/wayfarer.mjs: one file starts three times as fast as hundreds.
import { build } from "esbuild";

await build({
  entryPoints: ["src/main.ts"],
  outfile: "dist/wayfarer.mjs",
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
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
