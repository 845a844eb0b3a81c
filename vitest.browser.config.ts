import { defineConfig } from "vitest/config";

/** Tests in a real browser: `npm run test:browser`, with Chromium at /usr/bin/chromium or where CHROMIUM says. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.browser.ts"],
    globalSetup: ["test/support/postgres-cluster.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
