import { describe, expect, it, onTestFinished } from "vitest";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { tek } from "../publish/world.ts";
import { openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { startSilentProxy } from "../support/silent-proxy.ts";

const BOUND_MS = 300;
/** The bound, the second of grace, and time for a check and a busy machine. */
const LATEST_MS = BOUND_MS + 1000 + 3000;

describe("a database that stops answering", () => {
  const database = useDatabase();

  const throughProxy = async (): Promise<
    { behind: Database; silence: (whose: "open" | "all") => void }
  > => {
    const proxy = await startSilentProxy(database().address);
    const behind = openDatabase({ address: proxy.address, statementTimeoutMs: BOUND_MS });
    onTestFinished(() => behind.close(0));
    return { behind, silence: proxy.silence };
  };

  it("loses its connections, and the next statement uses a new one", async () => {
    const { behind, silence } = await throughProxy();
    const ask = async () => await behind.sql`select 1 as one`;
    await Promise.all([ask(), ask(), behind.sql.begin((sql) => sql`select 1`)]);
    expect(behind.connections().requests).toEqual({ open: expect.any(Number), busy: 0 });
    silence("open");
    const from = performance.now();
    const lost = { code: "CONNECTION_CLOSED" };
    await Promise.all([
      expect(ask()).rejects.toMatchObject(lost),
      expect(behind.sql.begin((sql) => sql`select 2`)).rejects.toMatchObject(lost),
    ]);
    expect(performance.now() - from).toBeLessThan(LATEST_MS);
    expect(await ask()).toEqual([{ one: 1 }]);
  });

  it("keeps a connection that is idle or answers within its bound", async () => {
    const { behind } = await throughProxy();
    const pid = async () =>
      (await behind.sql<{ pid: number }[]>`select pg_backend_pid() as pid`)[0];
    const first = await pid();
    await behind.bulk`select pg_sleep(${(BOUND_MS + 1500) / 1000})`;
    expect(await pid()).toEqual(first);
  });

  it("makes /readyz fail within two seconds and publishes answer 503 within their bound", async () => {
    const proxy = await startSilentProxy(database().address);
    let laterMs = 0;
    const app: TestApp = await openTestApp(
      { ...database(), address: proxy.address },
      { WINDOW_GRACE: "1s" },
      { now: Date.now, monotonic: () => performance.now() + laterMs },
    );
    onTestFinished(() => app.close());
    expect((await app.fetch("/readyz")).status).toBe(200);
    proxy.silence("all");
    // The cached configuration is too old to refuse a request.
    laterMs = 1000;
    const timed = async (path: string, init?: RequestInit) => {
      const from = performance.now();
      const answer = await app.fetch(path, init);
      const body: { code?: string } = await answer.json();
      return { status: answer.status, code: body.code, ms: performance.now() - from };
    };
    const upload = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        temporaryExposureKeys: [tek()],
        healthAuthorityID: "mag",
        verificationPayload: "a.b.c",
        hmacKey: Buffer.alloc(32).toString("base64"),
      }),
    };
    const [publish] = await Promise.all([timed("/v1/publish", upload)]);
    expect(publish).toMatchObject({ status: 503, code: "database_unavailable" });
    expect(publish.ms).toBeLessThan(500 + 1000 + 3000);
    const ready = await timed("/readyz");
    expect(ready.status).toBe(503);
    expect(ready.ms).toBeLessThan(3000);
  });
});
