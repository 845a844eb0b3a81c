import { beforeEach, describe, expect, it } from "vitest";
import { goOnRevoking, parseRevocation, revokeKeys } from "../../src/incidents/revoke.ts";
import { auditLog } from "../../src/store/admin/audit.ts";
import { revocations } from "../../src/store/exposure/revocation.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";

const ACTOR = { subject: "oidc:1", name: "admin-1", via: "console" } as const;
const NOW = 1_800_000_000;
const HOUR = 3600;

describe("revoking in bulk", () => {
  const database = useDatabase();
  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOW);
    await database().sql`update window_floor set closed_through = ${
      NOW - HOUR
    }, next_closed_through = ${NOW - HOUR}`;
    const row = (first: number, created_at: number, more: object = {}) => ({
      key: new Uint8Array(16).fill(first),
      created_at,
      ...more,
    });
    await insertExposures(database(), [
      row(1, NOW - 5 * HOUR),
      row(2, NOW - 4 * HOUR),
      row(3, NOW - 3 * HOUR, { revised_at: NOW - 2 * HOUR, revised_report_type: "confirmed" }),
      row(4, NOW + HOUR),
      row(5, NOW - 3 * HOUR, { source: "peer", source_name: "sla" }),
      row(6, NOW - 30 * HOUR),
    ]);
    await database().sql`update exposure set issuer = 'leaked' where source = 'local'`;
  });

  const deps = () => ({
    revocations: revocations(database(), HOUR),
    audit: auditLog(database()),
  });
  const query = { issuer: "leaked", since: NOW - 10 * HOUR };
  const begin = async () => {
    const request = { query, reason: "stolen key", confirm: "4 leaked" };
    const outcome = await revokeKeys(deps(), ACTOR, request);
    if (!outcome.ok) throw new Error(outcome.message);
    return outcome.value.id ?? 0;
  };
  const types = async () =>
    Object.fromEntries(
      (await database().sql<{ first: number; type: string | null; at: number | null }[]>`
        select get_byte(key, 0) as first, revised_report_type as type, revised_at as at
        from exposure order by key`).map(({ first, type, at }) => [first, type && [type, at]]),
    );

  it("tells in a dry run what would happen, and changes nothing", async () => {
    const before = await types();
    const outcome = await revokeKeys(deps(), ACTOR, { query, reason: "stolen key" });
    expect(outcome).toMatchObject({
      ok: true,
      value: { confirm: "4 leaked", preview: { total: 4, neverLeft: 1 } },
    });
    expect(await types()).toEqual(before);
    expect(await deps().audit.page({}, undefined, 5)).toMatchObject([
      { action: "preview", kind: "Revocation", name: "4 leaked", detail: { reason: "stolen key" } },
    ]);
  });

  it("refuses another text than the dry run's", async () => {
    const request = { query, reason: "stolen key", confirm: "5 leaked" };
    expect(await revokeKeys(deps(), ACTOR, request)).toMatchObject({
      ok: false,
      code: "invalid_argument",
      message: 'nothing was revoked: type "4 leaked", which is what there is now, to revoke it',
    });
  });

  it("revokes what went out, in a window that is open, and deletes what never left", async () => {
    await begin();
    expect(await goOnRevoking(deps().revocations, new AbortController().signal)).toEqual({
      keys: 4,
    });
    const revoked = ["negative", Math.floor(NOW / HOUR) * HOUR];
    expect(await types()).toEqual({ 1: revoked, 2: revoked, 3: revoked, 5: null, 6: null });
    expect(await deps().revocations.list(1)).toMatchObject([
      { state: "done", revoked: 3, deleted: 1, expected: 4, madeBy: "admin-1" },
    ]);
    expect(await goOnRevoking(deps().revocations, new AbortController().signal)).toEqual({
      keys: 0,
    });
  });

  it("stops where somebody stops it, and goes on from there", async () => {
    const id = await begin();
    expect(await deps().revocations.step(id, 2)).toBe(2);
    expect(await deps().revocations.turn(ACTOR, id, "stopped")).toBe(true);
    expect(await deps().revocations.turn(ACTOR, id, "stopped")).toBe(false);
    expect(await goOnRevoking(deps().revocations, new AbortController().signal)).toEqual({
      keys: 0,
    });
    expect(await deps().revocations.list(1)).toMatchObject([{ state: "stopped", revoked: 2 }]);
    expect(await deps().revocations.turn(ACTOR, id, "running")).toBe(true);
    expect(await goOnRevoking(deps().revocations, new AbortController().signal, 1))
      .toEqual({ keys: 2 });
    expect(await deps().revocations.list(1)).toMatchObject([{
      state: "done",
      revoked: 3,
      deleted: 1,
    }]);
    const actions = (await deps().audit.page({}, undefined, 9)).map((row) => row.action);
    expect(actions).toEqual(["continue", "stop", "revoke"]);
  });

  it.each([
    [{ reason: "x" }, "say which keys"],
    [{ issuer: "x" }, "reason:"],
    [{ reason: " ", issuer: "x" }, "reason: must say why"],
    [{ reason: "x", since: "yesterday" }, "since: must be a time"],
    [{ reason: "x", keys: ["AA"] }, "keys.0: must be 32 lower-case hex digits"],
    [
      { reason: "x", everything: true },
      'the request: has members that it does not know: leave out "everything"',
    ],
  ])("refuses %j", (value, message) => {
    const parsed = parseRevocation(value);
    expect(parsed).toMatchObject({ ok: false, code: "invalid_argument" });
    expect(parsed.ok ? "" : parsed.message).toContain(message);
  });
});
