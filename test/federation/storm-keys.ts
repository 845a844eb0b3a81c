import { sendPublish } from "../../src/device/publish-client.ts";
import { ensureIssuer, type Issuer } from "../../src/device/issuer.ts";
import { makeTeks } from "../../src/device/tek.ts";
import type { Tek } from "../../src/model/exposure.ts";
import { makeUpload } from "../../src/device/upload.ts";
import { asSeconds } from "../../src/model/ids.ts";
import type { ReportType } from "../../src/model/report-type.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import type { TestDatabase } from "../support/database.ts";
import type { RealServer } from "./real-server.ts";

/** A window full of keys. */
export type FilledWindow = {
  /** Other letters, other keys. */
  readonly letter: string;
  readonly count: number;
  /** What names of regions begin with: `A1`, `A2`, `A9`. `X` is everybody's. */
  readonly regions: string;
  /** Seconds from now; a server that runs must not have closed it. */
  readonly at: number;
};

/**
 * Fills one window with keys of every kind: travelers and others, alone and in two regions, revised and not, embargoed
 * (by a day), generated, too old to go. Half of them or so may go to a peer that takes `A1`.
 */
export async function fillWindow(
  { bulk }: TestDatabase,
  { letter, count, regions: prefix, at }: FilledWindow,
): Promise<void> {
  const regions = ["1", "1", "1", "1", "1", "1", "2", "1,2", "1,X", "9"]
    .map((names) => `{${names.replace(/\d/g, (number) => prefix + number)}}`);
  await bulk`
    insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                          days_since_onset, regions, traveler, source, created_at, revised_at,
                          revised_report_type, revised_transmission_risk, revised_days_since_onset)
    select substr(h, 1, 16), wayfarer_now() / 600 - 300 - n % 1500 - case when old then 4000 else 0 end,
           1 + n % 144, n % 9, type, case when n % 5 > 0 then get_byte(h, 20) % 33 - 16 end,
           (${regions}::text[])[1 + get_byte(h, 21) % 10]::text[],
           get_byte(h, 22) % 16 > 0, case when get_byte(h, 23) < 8 then 'generated' else 'local' end, at,
           case when revised then at + case when embargoed then 0 else n % 3 end end,
           case when revised then (array['confirmed', 'negative', 'likely'])
             [1 + get_byte(h, 27) % case type when 'likely' then 2 else 3 end] end,
           case when revised and n % 2 = 0 then 8 - n % 9 end,
           case when revised then n % 15 end
    from (
      select *, wayfarer_now() + case when embargoed then 86400 else ${at}::int end as at,
             type <> 'confirmed' and get_byte(h, 26) < 100 as revised
      from (
        select n, h, (array['confirmed', 'confirmed', 'confirmed', 'likely', 'user-report'])
                       [1 + get_byte(h, 16) % 5] as type,
               get_byte(h, 24) < 8 as embargoed, get_byte(h, 25) < 8 as old
        from generate_series(1, ${count}::int) as n,
             lateral (select sha256(convert_to(${letter} || ':' || n, 'UTF8'))) as hash(h)
      ) as kinds
    ) as row`;
}

const DEVICE = { issuer: "storm.device", audience: "wayfarer", keyVersion: "v1" };
const HEALTH_AUTHORITIES = ["one", "two", "both", "excluded"] as const;

/** An Issuer, and health authorities for one region, the other, both, and one that agreements exclude. */
export function stormResources(letter: string, { publicKeyPem }: Issuer): readonly object[] {
  const regions = { one: ["1"], two: ["2"], both: ["1", "2"], excluded: ["1"] };
  return [
    {
      kind: "Issuer",
      name: "device",
      issuer: DEVICE.issuer,
      audience: DEVICE.audience,
      keys: [{ version: DEVICE.keyVersion, publicKeyPem }],
    },
    ...HEALTH_AUTHORITIES.map((name) => ({
      kind: "HealthAuthority",
      name,
      regions: [
        ...regions[name].map((number) => `${letter}${number}`),
        ...(name === "excluded" ? ["X"] : []),
      ],
      acceptIssuers: ["device"],
    })),
  ];
}

/** A key that signs certificates. */
export async function stormIssuer(folder: string): Promise<Issuer> {
  return (await ensureIssuer(NATIVE, `${folder}/issuer.pem`)).issuer;
}

type Upload = {
  readonly teks: readonly Tek[];
  readonly healthAuthorityId: string;
  readonly traveler: boolean;
  readonly revisionToken?: string;
};

/**
 * Phones of one server. Each call publishes some keys, or revises what was published before. What is sent to a server
 * that is not there is lost. Throws when the server refuses it.
 */
export function phonesOf(
  server: RealServer,
  issuer: Issuer,
  random: () => number,
): () => Promise<"published" | "revised" | "lost"> {
  const pick = <T>(from: readonly [T, ...T[]]): T =>
    from[Math.floor(random() * from.length)] ?? from[0];
  const bytes = (count: number) => new Uint8Array(count).map(() => Math.floor(random() * 256));
  const revisable: Upload[] = [];
  return async () => {
    const now = asSeconds(Date.now() / 1000);
    const revised = random() < 0.4 ? revisable.shift() : undefined;
    const upload: Upload = revised ?? {
      teks: makeTeks({ now, days: 1 + Math.floor(random() * 14), today: false }, bytes),
      healthAuthorityId: pick(HEALTH_AUTHORITIES),
      traveler: random() < 0.7,
    };
    const reportType: ReportType = revised === undefined
      ? pick(["likely", "user-report", "confirmed"])
      : pick(["confirmed", "negative"]);
    const body = await makeUpload(upload.teks, {
      ...upload,
      reportType,
      certificate: DEVICE,
      transmissionRisk: Math.floor(random() * 9),
    }, { crypto: NATIVE, issuer, random: bytes, now });
    const answer = await sendPublish(fetch, server.url, body, { timeoutMs: 5000 });
    if (!answer.ok) return "lost";
    const { status, error, revisionToken } = answer.value;
    if (status >= 500) return "lost";
    if (status !== 200 || error !== "") throw new Error(`publish: ${status} ${error}`);
    if (revised !== undefined) return "revised";
    if (reportType !== "confirmed") revisable.push({ ...upload, revisionToken });
    return "published";
  };
}
