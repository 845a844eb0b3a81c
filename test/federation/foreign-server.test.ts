import { writeFile } from "node:fs/promises";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { asRegion, asServerId } from "../../src/model/ids.ts";
import { AUTHORITY, SERVER } from "../runtime/certificates.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { temporaryFolder } from "../support/program.ts";
import { answering, key, last, ourSide, state } from "./foreign/our-side.ts";
import { foreignServer, hasForeignPeers } from "./foreign/python.ts";
import { keyBytes, NOW, regionNames } from "./support.ts";

const US = asServerId("https://us.example");
const HOUR = 3600;
const MINUTE = 60;

/** gRPC's C core with Google's protobuf, by way of Python: nothing of it is ours, nor JavaScript. */
describe.runIf(hasForeignPeers())("a foreign server", () => {
  const { agree, database, stored, storedNumbers, us, world } = ourSide();

  it("is read page by page, its state echoed as it came, in gzip, with fields nobody has heard of", async () => {
    const token = "opaque ✓ \u0007 token";
    const server = await answering(
      {
        page: {
          keys: [key(1, { reportType: "CONFIRMED_CLINICAL_DIAGNOSIS" }), key(2)],
          partialResponse: true,
          nextFetchState: state(NOW - HOUR, token),
        },
        gzip: true,
      },
      {
        page: {
          keys: [key(3)],
          revisedKeys: [key(1, { reportType: "REVOKED" })],
          partialResponse: true,
          nextFetchState: state(NOW, "", token),
        },
        unknown: true,
      },
      { ...last([key(4)]), gzip: true, unknown: true },
    );
    const { status, counts } = await agree(server, { accept: { acceptClinical: true } })();
    expect(status).toMatchObject({ state: "ok", failures: 0 });
    expect(counts).toEqual({ keys: 5, stored: 4, revised: 1 });
    expect(await storedNumbers()).toEqual([1, 2, 3, 4]);
    const calls = await server.finish();
    expect(calls.map(({ echoed }) => echoed)).toEqual([undefined, true, true]);
    for (const { patience = 0 } of calls) {
      expect(patience).toBeGreaterThan(0);
      expect(patience).toBeLessThanOrEqual(20);
    }
    expect(calls[0]?.request).toEqual({
      includeRegions: ["R0"],
      onlyTravelers: true,
      maxExposureKeys: 10,
    });
  });

  it("is told who calls: a token of ours, of its own for every call", async () => {
    const server = await answering(
      { page: { keys: [key(1)], partialResponse: true, nextFetchState: state(NOW, "x") } },
      last([]),
    );
    await agree(server)();
    const handler = world().handlers.get(US);
    const published = await handler?.(new Request(`${US}/.well-known/jwks.json`), {});
    const keys = createLocalJWKSet(await published?.json());
    const ids = new Set<unknown>();
    for (const { metadata = {} } of await server.finish()) {
      expect(metadata).toMatchObject({ "authorization": expect.stringMatching(/^Bearer \S+$/) });
      const token = metadata["authorization"]?.slice("Bearer ".length) ?? "";
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: "ES256", typ: "JWT" });
      const { payload } = await jwtVerify(token, keys, {
        issuer: US,
        subject: US,
        audience: server.url,
        currentDate: new Date(world().clock.ms),
      });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
      ids.add(payload.jti);
    }
    expect(ids.size).toBe(2);
  });

  it("is shown a token of another provider when the agreement says so, and the next one when it is not accepted", async () => {
    const path = `${await temporaryFolder()}/token`;
    const jwt = async (number: number) => {
      const exp = NOW + HOUR;
      return await new SignJWT({ aud: "their-audience", number, exp })
        .setProtectedHeader({ alg: "HS256" }).sign(new Uint8Array(32));
    };
    await writeFile(path, await jwt(1));
    const server = await answering({ status: "UNAUTHENTICATED" }, last([key(1)]));
    const pull = agree(server, {
      call: { audience: "their-audience", tokenFile: `file:${path}` },
    });
    expect((await pull()).status).toMatchObject({ state: "refused" });
    await writeFile(path, await jwt(2));
    await world().setTime(NOW + MINUTE + 60);
    expect((await pull()).status).toMatchObject({ state: "ok" });
    const shown = (await server.finish()).map(({ metadata = {} }) => metadata["authorization"]);
    expect(shown).toEqual([`Bearer ${await jwt(1)}`, `Bearer ${await jwt(2)}`]);
  });

  it("may speak TLS, as deployed ones do, and must show a certificate that holds", async () => {
    const { port } = await foreignServer({ tls: SERVER, answers: [last([key(1)])] });
    const url = `https://localhost:${port}`;
    expect((await agree({ url }, {}, { ca: AUTHORITY })()).status).toMatchObject({ state: "ok" });
    us().agreements.length = 0;
    await world().setTime(NOW + HOUR);
    expect((await agree({ url })()).status).toMatchObject({
      state: "failing",
      error: expect.stringMatching(/^certificate_untrusted: localhost:\d+ shows a certificate /),
    });
    expect(await storedNumbers()).toEqual([1]);
  });

  it("is found to speak native gRPC when the agreement does not say what it speaks", async () => {
    const server = await answering(last([key(1)]));
    const { status } = await agree(server, { protocol: "auto" })();
    expect(status).toMatchObject({ state: "ok" });
    expect(await storedNumbers()).toEqual([1]);
  });

  it("has its bad keys counted by reason, and the rest taken", async () => {
    const server = await answering(last([
      key(1),
      key(2, { reportType: "UNKNOWN" }),
      key(3, { reportType: "RECURSIVE" }),
      key(4, { reportType: 77 }),
      key(5, { reportType: "SELF_REPORT" }),
      key(6, { reportType: "CONFIRMED_CLINICAL_DIAGNOSIS" }),
      key(7, { reportType: "REVOKED" }),
      key(8, { regions: [] }),
      key(9, { traveler: false }),
      key(10, { intervalCount: 145 }),
      key(11, { transmissionRisk: -1 }),
      key(12, { exposureKey: Buffer.alloc(15).toString("base64") }),
      key(13, { hasSymptomOnset: true, daysSinceOnsetOfSymptoms: -28 }),
      key(14),
      key(14),
    ]));
    const { status, pages } = await agree(server)();
    expect(status).toMatchObject({ state: "ok" });
    expect(pages[0]).toMatchObject({
      keys: 15,
      verdicts: {
        stored: 3,
        duplicate: 1,
        report_type: 3,
        self_report: 1,
        clinical: 1,
        revoked: 1,
        region: 1,
        not_traveler: 1,
        interval_count: 1,
        risk: 1,
        key_length: 1,
      },
    });
    expect(await storedNumbers()).toEqual([1, 13, 14]);
    const [days] = await database().sql`
      select days_since_onset from exposure where key = ${keyBytes(13)}`;
    expect(days).toEqual({ days_since_onset: null });
  });

  it("may write its regions in lower case; they get our names, and the others go", async () => {
    const server = await answering(
      last([
        key(1, { regions: [" r0 ", "r1", "r5"] }),
        key(2, { regions: ["r1"] }),
        key(3, { regions: ["r5"] }),
      ]),
    );
    const { pages } = await agree(server, {
      accept: { regions: regionNames(2), assignRegions: { R1: asRegion("MAG") } },
    })();
    expect(pages[0]?.verdicts).toEqual({ stored: 2, region: 1 });
    expect((await stored()).map(({ regions }) => regions)).toEqual([["R0", "MAG"], ["MAG"]]);
    expect((await server.finish())[0]?.request?.includeRegions).toEqual(["R0", "R1"]);
  });

  it("revises its own keys, once; what it revises of others' is refused, what is new is taken", async () => {
    const clinical = { reportType: "CONFIRMED_CLINICAL_DIAGNOSIS" };
    const server = await answering(
      last([key(1, clinical), key(2, clinical), key(6)]),
      last([], [
        key(1, { transmissionRisk: 4 }),
        key(2, { reportType: "REVOKED" }),
        key(3),
        key(4, { reportType: "REVOKED" }),
        key(5, { reportType: "REVOKED" }),
        key(6, { reportType: "REVOKED" }),
      ]),
      last([], [key(1, { reportType: "REVOKED" }), key(2, { reportType: "REVOKED" })]),
    );
    const pull = agree(server, { accept: { acceptClinical: true } });
    await pull();
    await insertExposures(database(), [
      { key: keyBytes(5), created_at: NOW - HOUR, report_type: "likely" },
    ]);
    await world().setTime(NOW + 10 * MINUTE);
    expect((await pull()).pages[0]?.verdicts).toEqual({
      revised: 2,
      stored: 1,
      revoked: 1,
      other_source: 1,
      transition: 1,
    });
    await world().setTime(NOW + 20 * MINUTE);
    expect((await pull()).pages[0]?.verdicts).toEqual({ already_revised: 1, duplicate: 1 });
    expect((await stored()).map(({ number, revised }) => [number, revised]))
      .toEqual([[1, "confirmed"], [2, "negative"], [3, null], [5, null], [6, null]]);
  });
});
