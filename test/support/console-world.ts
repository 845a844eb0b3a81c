import { changeResources } from "../../src/admin/change.ts";
import { parseResources } from "../../src/admin/documents.ts";
import { createToken } from "../../src/admin/named-token.ts";
import { adminPart } from "../../src/app/admin.ts";
import type { TestApp } from "./app.ts";
import type { TestDatabase } from "./database.ts";
import { insertExposures } from "./exposure-rows.ts";

const ACTOR = { subject: "cli:operator-1@keys-1", name: "operator-1@keys-1", via: "cli" } as const;
const DAY = 86_400;
const PERIOD = 14_400;

/** A public key that nobody has the private half of. */
export const SOME_PUBLIC_KEY =
  "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";

/** Every kind of resource, some of each. */
export const RESOURCES: readonly object[] = [
  {
    kind: "Issuer",
    name: "magrathea-verification",
    issuer: "diagnosis.mag.example",
    audience: "keys.mag.example",
    keys: [
      { version: "v1", publicKeyPem: SOME_PUBLIC_KEY, thru: "2026-01-01T00:00:00Z" },
      { version: "v2", publicKeyPem: SOME_PUBLIC_KEY },
    ],
  },
  {
    kind: "HealthAuthority",
    name: "mag",
    regions: ["MAG"],
    acceptIssuers: ["magrathea-verification"],
  },
  { kind: "SigningKey", name: "mag-signer", key: "local:mag-signer", keyId: "310", version: "v1" },
  {
    kind: "ExportConfig",
    name: "mag",
    bucket: "exports",
    filenameRoot: "mag",
    period: "4h",
    outputRegion: "MAG",
    signingKeys: ["mag-signer"],
  },
  {
    kind: "ExportImport",
    name: "ost",
    indexUrl: "https://keys.ost.example/exports/ost/index.txt",
    exportRoot: "https://keys.ost.example/exports/",
    region: "OST",
    publicKeys: [{ keyId: "311", version: "v1", publicKeyPem: SOME_PUBLIC_KEY }],
  },
  {
    kind: "Mirror",
    name: "nor",
    indexUrl: "https://keys.nor.example/exports/nor/index.txt",
    exportRoot: "https://keys.nor.example/exports/",
    bucket: "exports",
    filenameRoot: "nor",
  },
  {
    kind: "Peer",
    name: "keys.sla.example",
    serverId: "https://keys.sla.example",
    send: { regions: ["MAG"] },
    accept: { regions: ["SLA"] },
    pull: { enabled: true },
    push: { enabled: true },
  },
  {
    kind: "Peer",
    name: "keys.nor.example",
    serverId: "https://keys.nor.example",
    send: { regions: ["MAG"] },
    accept: { regions: ["NOR"] },
    pull: { enabled: true },
  },
  { kind: "Peer", name: "keys.car.example", serverId: "https://keys.car.example" },
];

/** Makes resources; throws with every fault. */
export async function applyResources(app: TestApp, values: readonly object[]): Promise<void> {
  const parsed = parseResources(values, "world");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const { resources, keys } = app.foundation;
  const outcome = await changeResources(resources, keys, { actor: ACTOR, puts: parsed.resources });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  await app.foundation.cache.fresh();
}

/** Two weeks of a region with peers: keys, files, statistics, pages, jobs, tokens. `now` is the database's clock. */
export async function fillWorld(
  app: TestApp,
  database: TestDatabase,
  now: number,
): Promise<{ readonly keys: readonly string[] }> {
  await applyResources(app, RESOURCES);
  const deps = { tokens: adminPart(app.foundation).tokens, crypto: globalThis.crypto };
  await createToken(deps, ACTOR, { name: "deploy-bot", role: "admin", lifeSeconds: 40 * DAY });
  const { sql } = database;
  const today = Math.floor(now / DAY) * DAY;
  const lastWindow = Math.floor(now / PERIOD) * PERIOD - PERIOD;
  await insertExposures(
    database,
    Array.from({ length: 600 }, (_, index) => ({
      key: Uint8Array.from({ length: 16 }, (_, at) => [index >> 8, index][at] ?? index * at),
      created_at: lastWindow + 600 + (index % 100),
      regions: ["MAG"],
      traveler: index % 4 === 0,
      report_type: index % 7 === 0 ? "likely" : "confirmed",
    })),
  );
  await sql`
    insert into publish_stat (hour, issuer, platform, publishes, teks, revision, missing_onset)
    select ${today}::bigint - day * 86400 + 36000, 'magrathea-verification', 'android',
           200 + (day * 37) % 90, 2100 + (day * 613) % 1400, false, false
    from generate_series(0, 13) as day`;
  await sql`
    insert into publish_answer (hour, kind, code, count)
    select ${today}::bigint - day * 86400 + 36000, kind, code,
           case when kind = 'chaff' then 700 when code = 'ok' then 290 when day = 4 then 402 else 11 end
    from generate_series(0, 13) as day, (values
      ('publish', 'ok'), ('chaff', 'ok'), ('publish', 'bad_request'),
      ('publish', 'health_authority_verification_certificate_invalid')) as answer (kind, code)`;
  await sql`
    insert into peer_page (peer, direction, at, keys, revised, verdicts, took_ms)
    select 'keys.sla.example', direction, ${today}::bigint - day * 86400 + 40000,
           case direction when 'pull' then 600 + (day * 97) % 300 else 170 + (day * 31) % 90 end, 6,
           '{"stored": 590, "duplicate": 11, "not_traveler": 5}', 40
    from generate_series(0, 13) as day, (values ('pull'), ('push')) as way (direction)`;
  await sql`
    insert into peer_state (peer, direction, state, state_since, tried_at, succeeded_at, next_try_at,
                            failures, error, lag_seconds, lag_keys, in_sync_since)
    values ('keys.sla.example', 'pull', 'ok', ${now - 9 * DAY}, ${now - 60}, ${now - 60}, ${
    now + 240
  }, 0, null, 0, 0, ${now - 9 * DAY}),
           ('keys.sla.example', 'push', 'ok', ${now - 9 * DAY}, ${now - 60}, ${now - 60}, ${
    now + 240
  }, 0, null, 0, 0, null),
           ('keys.nor.example', 'pull', 'failing', ${now - 22_000}, ${now - 400}, ${
    now - 22_300
  }, ${now + 500}, 22, 'socket hang up', 22000, null, null)`;
  await sql`
    with batch as (
      insert into export_batch (config, series, starts_at, ends_at, state, made_at, finished_at)
      select 'mag', 'period', start, start + ${PERIOD}::bigint, 'complete', start + ${
    PERIOD + 7260
  }::bigint,
             start + ${PERIOD + 7300}::bigint
      from generate_series(${today - 13 * DAY}::bigint, ${
    lastWindow - PERIOD
  }::bigint, ${PERIOD}::bigint) as start
      returning id, starts_at, ends_at)
    insert into export_file (bucket, name, root, batch, config, starts_at, ends_at, number, key_count,
                             revised_key_count, byte_count, written_at)
    select 'exports', 'mag/' || starts_at || '-' || ends_at || '-00001.zip', 'mag', id, 'mag', starts_at,
           ends_at, 1, 400 + (starts_at / 3600 * 53) % 700, 4, 41000 + (starts_at / 3600) % 9000,
           ends_at + 7300
    from batch where starts_at % 5 <> 3`;
  await app.jobs.run("export");
  await sql`
    insert into job_run (name, started_at, finished_at, error, detail)
    values ('export', ${now - 1900}, ${now - 1899}, null, '{"files": 1, "keys": 600}'),
           ('mirror', ${now - 900}, ${now - 870}, 'fetch_failed', '{}'),
           ('retention', ${now - 3000}, ${now - 2990}, null, '{"exposures": 2212}')`;
  const [one, two] = await sql<{ key: string }[]>`
    select encode(key, 'base64') as key from exposure order by key limit 2`;
  return { keys: [one?.key ?? "", two?.key ?? ""] };
}
