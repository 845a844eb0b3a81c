/**
 * The console with 10,000 files, 200 peers, 14 days of statistics and a million rows of audit log: how long each page
 * takes on the server, and how large the overview is, with all that it refers to.
 * Run: npx tsx bench/console.ts [rows of the audit log]
 */
import process from "node:process";
import { beginSession } from "../src/admin/sign-in.ts";
import { openApp } from "../src/app.ts";
import { adminPart } from "../src/app/admin.ts";
import { openFoundation } from "../src/app/foundation.ts";
import { readConfiguration } from "../src/config/config.ts";
import { SCRIPT, STYLE } from "../src/console/assets.ts";
import { jsonLog } from "../src/observe/log.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { openCluster } from "./support/cluster.ts";
import { percentile } from "./support/http-load.ts";

const AUDIT_ROWS = Number(process.argv[2] ?? 1_000_000);
const ROWS_AT_ONCE = 200;
const FILES = 10_000;
const PEERS = 200;
const LOOKS = 20;
const PAGES = [
  "/console",
  "/console/exports",
  "/console/peers",
  "/console/peers/peer-1",
  "/console/imports",
  "/console/issuers",
  "/console/signingKeys",
  "/console/jobs",
  "/console/settings",
  "/console/audit",
  "/console/audit?who=operator-7&kind=Peer",
  "/console/where",
  "/console/revoke",
];

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const cluster = await openCluster();
const runtime = currentRuntime();
const { config, secrets, shown } = readConfiguration({
  MASTER_KEY: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
});
const foundation = await openFoundation({
  config,
  secrets,
  shown,
  log: jsonLog("error", say, Date.now),
  crypto: runtime.crypto,
  owner: "server",
  database: cluster.address,
});
try {
  await fill();
  const app = await openApp(foundation, runtime);
  const owner = { subject: "link:b", name: "b", role: "admin", provider: "link" } as const;
  const id = await beginSession(
    { ...adminPart(foundation), crypto: runtime.crypto },
    owner,
    "bench",
  );
  const look = async (path: string): Promise<{ ms: number; bytes: number }> => {
    const startedAt = performance.now();
    const request = new Request(`http://127.0.0.1${path}`, {
      headers: { cookie: `wayfarer-session=${id}` },
    });
    const answer = await app.handler(request, {});
    const { byteLength } = await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    return { ms: performance.now() - startedAt, bytes: byteLength };
  };
  for (const path of PAGES) {
    await look(path);
    const looks = [];
    for (let index = 0; index < LOOKS; index++) looks.push(await look(path));
    const ms = looks.map((one) => one.ms).sort((a, b) => a - b);
    const bytes = looks[0]?.bytes ?? 0;
    say(
      `${path.padEnd(42)} median ${percentile(ms, 0.5).toFixed(1)} ms, 95 of 100 under ${
        percentile(ms, 0.95).toFixed(1)
      } ms, ${(bytes / 1000).toFixed(1)} KB`,
    );
  }
  const assets = await Promise.all([STYLE, SCRIPT].map((one) => one.answer().arrayBuffer()));
  const overview = (await look("/console")).bytes;
  const all = assets.reduce((sum, one) => sum + one.byteLength, overview);
  say(`the overview with style sheet and script: ${(all / 1000).toFixed(1)} KB`);
  const startedAt = performance.now();
  const { rows, brokenAt } = await adminPart(foundation).audit.verify();
  say(
    `verifying ${rows} rows of the audit log: ${
      ((performance.now() - startedAt) / 1000).toFixed(1)
    } s, ${brokenAt === undefined ? "unchanged" : `broken at ${brokenAt}`}`,
  );
} finally {
  await foundation.close();
  await cluster.close();
}

/** Fills the database by whole tables; the audit log's trigger chains every row, as in life. */
async function fill(): Promise<void> {
  const { bulk: sql } = foundation.database;
  await sql`
    insert into resource (kind, name, version, body, updated_at)
    select 'Peer', 'peer-' || n, 1, jsonb_build_object(
      'kind', 'Peer', 'name', 'peer-' || n, 'serverId', 'https://peer-' || n || '.example',
      'send', '{"regions": ["MAG"]}'::jsonb, 'accept', '{"regions": ["SLA"]}'::jsonb,
      'pull', '{"enabled": true}'::jsonb), 1
    from generate_series(1, ${PEERS}) as n`;
  await sql`
    insert into resource (kind, name, version, body, updated_at) values
    ('SigningKey', 'mag', 1, '{"kind": "SigningKey", "name": "mag", "key": "local:mag", "keyId": "310", "version": "v1"}', 1),
    ('ExportConfig', 'mag', 1, '{"kind": "ExportConfig", "name": "mag", "bucket": "exports", "filenameRoot": "mag", "period": "1h", "outputRegion": "MAG", "signingKeys": ["mag"]}', 1)`;
  await sql`update resource_revision set revision = revision + 1`;
  await sql`
    with batch as (
      insert into export_batch (config, series, starts_at, ends_at, state, made_at)
      select 'mag', 'period', at, at + 3600, 'complete', at
      from generate_series(wayfarer_now() / 3600 * 3600 - 3600 * ${FILES}::bigint, wayfarer_now() - 7200, 3600) as at
      returning id, starts_at, ends_at)
    insert into export_file (bucket, name, root, batch, config, starts_at, ends_at, number, key_count,
                             revised_key_count, byte_count, written_at)
    select 'exports', 'mag/' || starts_at || '.zip', 'mag', id, 'mag', starts_at, ends_at, 1, 500, 3, 40000, ends_at
    from batch`;
  await sql`
    insert into peer_page (peer, direction, at, keys, revised, verdicts, took_ms)
    select 'peer-' || n, 'pull', wayfarer_now() - hour * 3600 * 6, 20, 1, '{"stored": 20}', 5
    from generate_series(1, ${PEERS}) as n, generate_series(0, 55) as hour`;
  await sql`
    insert into publish_stat (hour, issuer, platform, publishes, teks, revision, missing_onset)
    select wayfarer_now() / 3600 * 3600 - hour * 3600, 'i', platform, 20, 200, false, false
    from generate_series(0, 335) as hour, (values ('android'), ('ios')) as phone (platform)`;
  await sql`
    insert into publish_answer (hour, kind, code, count)
    select wayfarer_now() / 3600 * 3600 - hour * 3600, kind, code, 20
    from generate_series(0, 335) as hour,
         (values ('publish', 'ok'), ('chaff', 'ok'), ('publish', 'bad_request')) as answer (kind, code)`;
  const startedAt = performance.now();
  // In transactions as small as real ones: the head of the chain has a version a row until one ends.
  for (let from = 0; from < AUDIT_ROWS; from += ROWS_AT_ONCE) {
    await sql`
      insert into audit_log (at, actor, subject, via, action, kind, name, after)
      select wayfarer_now() - ${AUDIT_ROWS}::bigint + n, 'operator-' || n % 50, 'oidc:' || n % 50,
             'console', 'put', case n % 3 when 0 then 'Peer' when 1 then 'Issuer' else 'Token' end,
             'name-' || n % 500, jsonb_build_object('member', n)
      from generate_series(${from + 1}::bigint, ${
      Math.min(from + ROWS_AT_ONCE, AUDIT_ROWS)
    }::bigint) as n`;
  }
  say(`filling ${AUDIT_ROWS} rows: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  await sql`analyze`;
}
