import { describe, expect, it } from "vitest";
import { readConfiguration } from "../../src/config/config.ts";

const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

describe("BACKUP_… settings", () => {
  it("make no backups unless told", () => {
    expect(readConfiguration({}).config.backup).toEqual({
      intervalMs: 0,
      keep: 7,
      bucket: "backups",
      recipients: [],
    });
  });

  it("take an interval and several recipients", () => {
    const { backup } = readConfiguration({
      BACKUP_SCHEDULE: "24h",
      BACKUP_TO: `${RECIPIENT}, ${RECIPIENT}`,
      BACKUP_KEEP: "3",
    }).config;
    expect(backup).toEqual({
      intervalMs: 86_400_000,
      keep: 3,
      bucket: "backups",
      recipients: [RECIPIENT, RECIPIENT],
    });
  });

  it.each([
    [{ BACKUP_SCHEDULE: "24h" }, "BACKUP_TO must be set with BACKUP_SCHEDULE"],
    [{ BACKUP_SCHEDULE: "1s", BACKUP_TO: RECIPIENT }, "BACKUP_SCHEDULE must be 0, or at least 1m"],
    [{ BACKUP_TO: "age1x" }, "BACKUP_TO must be age recipients"],
    [
      { BACKUP_SCHEDULE: "1h", BACKUP_TO: RECIPIENT, BACKUP_BUCKET: "exports" },
      "BACKUP_BUCKET must not be the bucket of the exports",
    ],
  ])("are refused: %o", (env, text) => {
    expect(() => readConfiguration(env)).toThrow(text);
  });
});
