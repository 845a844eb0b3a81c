import { beforeEach, describe, expect, it } from "vitest";
import { auditLog } from "../../src/store/admin/audit.ts";
import { useDatabase } from "../support/database.ts";

const ACTOR = { subject: "s-1", name: "operator-1", via: "console", requestId: "r1" } as const;
const NOBODY = { who: undefined };

describe("auditLog()", () => {
  const database = useDatabase();
  beforeEach(() => database().clear());

  const filled = async (count: number) => {
    const log = auditLog(database());
    for (let index = 1; index <= count; index++) {
      await log.add(ACTOR, [{ action: "put", kind: "Peer", name: `p${index}`, after: { index } }]);
    }
    return log;
  };

  it("numbers rows without gaps, newest first, page by page", async () => {
    const log = await filled(3);
    const newest = await log.page(NOBODY, undefined, 2);
    expect(newest.map(({ number, name }) => [number, name])).toEqual([[3, "p3"], [2, "p2"]]);
    const [oldest] = await log.page(NOBODY, 2, 2);
    expect(oldest).toMatchObject({
      number: 1,
      subject: "s-1",
      actor: "operator-1",
      via: "console",
      requestId: "r1",
      after: { index: 1 },
      before: null,
    });
  });

  it("filters by user, kind, name and time, and takes wildcards literally", async () => {
    const log = await filled(2);
    const names = async (filter: Parameters<typeof log.page>[0]) =>
      (await log.page(filter, undefined, 10)).map((row) => row.name);
    expect(await names({ who: "OPERATOR" })).toEqual(["p2", "p1"]);
    expect(await names({ who: "%" })).toEqual([]);
    expect(await names({ kind: "Peer", name: "p1" })).toEqual(["p1"]);
    expect(await names({ kind: "Token" })).toEqual([]);
    expect(await names({ until: 1 })).toEqual([]);
    expect((await log.words()).kinds).toEqual(["Peer"]);
  });

  it("chains rows that an older version writes", async () => {
    const log = await filled(1);
    await database().sql`
      insert into audit_log (at, actor, action, kind, name) values (1, 'old', 'put', 'Peer', 'x')`;
    expect(await log.verify()).toEqual({ rows: 2, first: 1, last: 2 });
  });

  it("chains rows from concurrent writers", async () => {
    const log = await filled(0);
    await Promise.all(
      Array.from(
        { length: 20 },
        (_, index) => log.add(ACTOR, [{ action: "run", kind: "Job", name: `j${index}` }]),
      ),
    );
    expect(await log.verify()).toEqual({ rows: 20, first: 1, last: 20 });
  });

  it.each([
    ["update", "update audit_log set actor = 'somebody'"],
    ["delete", "delete from audit_log"],
    ["truncate", "truncate audit_log"],
  ])("refuses to %s rows", async (_, statement) => {
    await filled(1);
    await expect(database().sql.unsafe(statement)).rejects.toThrow(
      "the audit log can only be appended to",
    );
  });

  const tamper = async (statement: string): Promise<void> => {
    await database().sql.unsafe(
      `alter table audit_log disable trigger user; ${statement};
       alter table audit_log enable trigger user`,
    );
  };

  it.each([
    ["a changed row", "update audit_log set actor = 'somebody' where number = 2", 2],
    ["a missing row", "delete from audit_log where number = 2", 3],
    ["a missing end", "delete from audit_log where number = 4", 4],
    ["a missing beginning", "delete from audit_log where number = 1", 2],
  ])("finds %s", async (_, statement, brokenAt) => {
    const log = await filled(4);
    await tamper(statement);
    expect(await log.verify()).toMatchObject({ brokenAt });
  });

  it("deletes old rows, and the chain continues", async () => {
    const log = await filled(2);
    await tamper("update audit_log set at = 1 where number = 1");
    await tamper(
      "update audit_log set hash = audit_hash(audit_log) where number = 1;" +
        "update audit_log set previous_hash = (select hash from audit_log where number = 1) where number = 2;" +
        "update audit_log set hash = audit_hash(audit_log) where number = 2;" +
        "update audit_head set hash = (select hash from audit_log where number = 2)",
    );
    expect(await log.forget(86_400, 10)).toBe(1);
    await log.add(ACTOR, [{ action: "run", kind: "Job", name: "j" }]);
    expect(await log.verify()).toEqual({ rows: 2, first: 2, last: 3 });
  });
});
