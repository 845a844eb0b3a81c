import process from "node:process";
import { configDefaults, defineConfig } from "vitest/config";

/** Tests that need programs from outside npm (SoftHSM 2, moto): `npm run test:foreign-keys` where they are. */
const FOREIGN_KEYS = "test/foreign-keys/**";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      ...(process.env["FOREIGN_KEYS"] === undefined ? [FOREIGN_KEYS] : []),
    ],
    globalSetup: ["test/support/postgres-cluster.ts"],
    pool: "forks",
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
