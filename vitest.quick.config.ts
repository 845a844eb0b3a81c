import { defineConfig } from "vitest/config";
import { quickTests } from "./test/support/quick-tests.ts";

/** `npm run test:quick`: what needs neither a database nor another process. */
export default defineConfig({
  test: {
    include: [...quickTests(import.meta.dirname)],
    pool: "threads",
    maxWorkers: 2,
    isolate: false,
  },
});
