import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { beforeEach, describe, expect, it } from "vitest";
import { checkBackup } from "../../src/backup/restore.ts";
import { opened } from "../../src/backup/seal.ts";
import { type StoredBackups, storedBackups } from "../../src/backup/stored.ts";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import { backupPart } from "../../src/app/backup.ts";
import { useDatabase } from "../support/database.ts";
import { testFoundation } from "../support/foundation.ts";

const BEGIN = Date.UTC(2026, 10, 29, 3);
const HOUR_MS = 3_600_000;

async function* bytes(length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += 7) {
    yield await Promise.resolve(new Uint8Array(Math.min(7, length - at)).fill(at & 0xff));
  }
}

async function lengthOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  return length;
}

describe("backups in a blob store", () => {
  const store = memoryBlobStore();
  const backups = storedBackups(store, "backups", 100);
  const write = (at: number, length: number) =>
    backups.write(at, bytes(length), new AbortController().signal);
  const blobs = async (): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const name of store.list("backups", "")) names.push(name);
    return names;
  };

  it("come back as they were, in pieces, and the newest comes first", async () => {
    await write(1_000_000, 250);
    await write(2_000_000, 100);
    expect(await backups.list()).toEqual([
      { name: "1970-01-24T03-33-20Z", at: 2_000_000 },
      { name: "1970-01-12T13-46-40Z", at: 1_000_000 },
    ]);
    expect(await blobs()).toHaveLength(4 + 2);
    expect(await lengthOf(backups.read("1970-01-12T13-46-40Z"))).toBe(250);
  });

  it("do not count while a piece is missing", async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield* bytes(200);
      throw new Error("the database is gone");
    };
    await expect(backups.write(3_000_000, broken(), new AbortController().signal))
      .rejects.toThrow("the database is gone");
    expect((await backups.list())[0]?.at).toBe(2_000_000);
    await expect(lengthOf(backups.read("1970-02-04T17-20-00Z"))).rejects.toMatchObject({
      code: "not_found",
    });
  });

  it("are removed but for the newest, with what was never finished before them", async () => {
    await write(4_000_000, 10);
    await write(5_000_000, 10);
    expect(await backups.prune(2)).toBe(2);
    expect((await backups.list()).map(({ at }) => at)).toEqual([5_000_000, 4_000_000]);
    expect(await blobs()).toHaveLength(2 * 2);
  });
});

describe("the job backup", () => {
  const database = useDatabase();
  const blobs = memoryBlobStore();
  const stored: StoredBackups = storedBackups(blobs, "backups");
  let nowMs = BEGIN;
  let identity = "";
  beforeEach(async () => {
    identity = await generateX25519Identity();
    await database().bulk`insert into fact (name, value) values ('x', 'y') on conflict do nothing`;
  });

  const part = async (recipients: readonly string[]) =>
    await backupPart(
      await testFoundation(database(), {
        config: {
          backup: { intervalMs: HOUR_MS, keep: 2, bucket: "backups", recipients },
        },
        overrides: { blobs, clock: { now: () => nowMs, monotonic: () => nowMs } },
      }),
    );

  it("stores an encrypted backup when the newest is older than BACKUP_SCHEDULE, and keeps BACKUP_KEEP", async () => {
    const { jobs, standing } = await part([await identityToRecipient(identity)]);
    const run = async () => await jobs[0]?.run(new AbortController().signal, () => {});
    expect(await standing()).toEqual({ intervalSeconds: 3600 });
    expect(await run()).toMatchObject({ backups: 1, removed: 0 });
    expect(await run()).toEqual({ backups: 0, rows: 0, removed: 0 });
    for (let hour = 1; hour <= 3; hour++) {
      nowMs = BEGIN + hour * HOUR_MS;
      expect(await run()).toMatchObject({ backups: 1, removed: hour >= 2 ? 1 : 0 });
    }
    expect(await standing()).toEqual({ intervalSeconds: 3600, newestAt: nowMs / 1000 });
    const [newest] = await stored.list();
    expect(newest?.name).toBe("2026-11-29T06-00-00Z");
    const contents = await checkBackup(
      opened(stored.read(newest?.name ?? ""), { identities: [identity] }),
    );
    expect(contents.keys.facts.get("x")).toBe("y");
  });

  it("makes one now when it is asked to, and none beside another process", async () => {
    const { jobs } = await part([await identityToRecipient(identity)]);
    nowMs += 1000;
    const now = () => jobs[0]?.runNow?.(new AbortController().signal, () => {});
    expect(await now()).toMatchObject({ backups: 1 });
    nowMs += 1000;
    await database().bulk`
      insert into lease (name, holder, expires_at) values ('backup', 'another', wayfarer_now() + 60)
      on conflict (name) do update set holder = 'another', expires_at = excluded.expires_at`;
    expect(await now()).toMatchObject({ backups: 0 });
  });

  it("refuses the start with a recipient that is mistyped", async () => {
    const mistyped = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8q";
    await expect(part([mistyped])).rejects.toMatchObject({
      code: "invalid_configuration",
      message: expect.stringContaining("BACKUP_TO"),
    });
  });
});
