// Runs Azurite's blob service until its input ends: `node azurite.mjs --blobPort 0 …`; prints where it listens.
import { createRequire } from "node:module";

process.stdin.on("end", () => process.exit()).resume();
createRequire(import.meta.url)("azurite/dist/src/blob/main.js");
