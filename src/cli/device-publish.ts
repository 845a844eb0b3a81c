import { resourcesYaml } from "../admin/resources-yaml.ts";
import { ensureIssuer, type Issuer } from "../device/issuer.ts";
import { meet } from "../device/meet.ts";
import { type PublishAnswer, sendPublish } from "../device/publish-client.ts";
import { type DeviceState, loadState, saveState } from "../device/state.ts";
import { makeTeks, type RandomBytes } from "../device/tek.ts";
import { makeUpload } from "../device/upload.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import { asSeconds, type Seconds } from "../model/ids.ts";
import { dayAt, INTERVALS_PER_DAY } from "../model/interval.ts";
import type { Command, CommandIo } from "./command.ts";
import {
  type AttestedMembers,
  attestKind,
  throwAwayAttestation,
  withAttestation,
} from "./device-attest.ts";
import { deviceFiles } from "./device-files.ts";
import { issuerResource, testRegionResources } from "./device-resources.ts";
import {
  durationMs,
  reportType,
  required,
  serverUrl,
  valueOf,
  wholeNumber,
} from "./option-value.ts";
import { type OptionValues, parseOptions } from "./options.ts";
import { printable, utcDay } from "./printable.ts";

const USAGE = `wayfarer device publish --url URL --health-authority ID [options]
wayfarer device publish --print-resources --region REGION [--health-authority ID] [--period 5m]
                        [--attest KIND]

Acts as an app whose user was tested: makes TEKs, certifies them with a throw-away issuer, publishes
them. Another phone is made to have met it; "device match" finds that out from the export.

  --url URL               the server
  --health-authority ID   the health authority ID that the app sends
  --days N                TEKs of the last N days, 0 to 14 (default 14)
  --today                 also today's, cut at the current interval
  --report-type TYPE      confirmed (default), likely, user-report, negative
  --onset-days-ago N      symptoms began N days ago, 0 to 28 (default: not told)
  --risk N                transmission risk of each key, 0 to 8 (default 0: the server chooses)
  --traveler              the user was outside the home region
  --revise                publishes the keys of the last time again, with its revision token
  --chaff                 sends a request that means nothing, as apps do to hide the real ones
  --state FILE            TEKs, revision token and what was heard (default DATA_DIR/device/state.json)
  --issuer-key FILE       private key of the issuer; made when absent (default DATA_DIR/device/issuer.pem)
  --iss, --aud, --kid     of the certificate (default wayfarer.device, wayfarer, v1)
  --attest KIND           attests the app by a throw-away vendor: appattest, playintegrity or
                          devicecheck; the server needs ATTESTATION_DEVELOPMENT=true
  --print-resources       prints an issuer, a health authority, a signing key and an export as
                          YAML: enough for a region to try things out in

Example:
  wayfarer device publish --print-resources --region MAG | wayfarer apply -
  wayfarer device publish --url http://127.0.0.1:8080 --health-authority mag
  wayfarer device match --url http://127.0.0.1:8080 --root mag`;

const OPTIONS = {
  url: { type: "string" },
  "health-authority": { type: "string" },
  "issuer-key": { type: "string" },
  iss: { type: "string" },
  aud: { type: "string" },
  kid: { type: "string" },
  "report-type": { type: "string" },
  days: { type: "string" },
  today: { type: "boolean" },
  risk: { type: "string" },
  "onset-days-ago": { type: "string" },
  traveler: { type: "boolean" },
  state: { type: "string" },
  revise: { type: "boolean" },
  chaff: { type: "boolean" },
  attest: { type: "string" },
  "print-resources": { type: "boolean" },
  region: { type: "string" },
  period: { type: "string" },
} as const;
type Values = OptionValues<typeof OPTIONS>;

/** Answers that an Issuer resource may cure. */
const ISSUER_FAULTS: ReadonlySet<string> = new Set<ErrorCode>([
  "health_authority_verification_certificate_invalid",
  "unknown_health_authority_id",
]);

/** `wayfarer device publish`. */
export const devicePublishCommand: Command = {
  name: "publish",
  summary: "publishes TEKs as an app does",
  usage: USAGE,
  run: async (io) => {
    const { values } = valueOf(parseOptions(io.args, OPTIONS));
    const files = deviceFiles(io, { state: values.state, issuerKey: values["issuer-key"] });
    const { issuer, made } = await ensureIssuer(io.runtime.crypto, files.issuerKey);
    if (made) io.err(`made the issuer key ${files.issuerKey}`);
    if (values["print-resources"] === true) return await printResources(io, values, issuer);
    return await publish(io, values, issuer, files.state);
  },
};

async function printResources(io: CommandIo, values: Values, issuer: Issuer): Promise<0> {
  const region = required(values.region, "region", "a region code such as MAG");
  const period = values.period ?? "5m";
  durationMs(period, "period", 0);
  const kind = attestKind(values.attest);
  const resources = testRegionResources({
    region,
    healthAuthorityId: values["health-authority"] ?? region,
    period,
    attestation: kind === undefined ? undefined : await throwAwayAttestation(io, kind),
  }, { ...names(values), publicKeyPem: issuer.publicKeyPem });
  io.out(io.json ? JSON.stringify(resources) : resourcesYaml(resources).trimEnd());
  return 0;
}

async function publish(
  io: CommandIo,
  values: Values,
  issuer: Issuer,
  statePath: string,
): Promise<0 | 1> {
  const url = serverUrl(values.url);
  const chaff = values.chaff === true;
  const random: RandomBytes = (count) => io.runtime.crypto.getRandomValues(new Uint8Array(count));
  const now = asSeconds(Date.now() / 1000);
  const earlier = values.revise === true ? await needState(statePath) : undefined;
  const healthAuthorityId = values["health-authority"] ?? earlier?.healthAuthorityId ??
    required(undefined, "health-authority", "the health authority ID that the app sends");
  const teks = earlier?.teks ?? makeTeks({
    now,
    days: wholeNumber(values.days, "days", 14, { min: 0, max: 14 }),
    today: values.today === true,
  }, random);
  if (teks.length === 0) throw new AppError("usage", "--days 0 gives no keys: add --today");
  const onsetDay = onsetDayOf(values, now);
  const body = await makeUpload(teks, {
    healthAuthorityId,
    reportType: reportType(values["report-type"], "confirmed"),
    certificate: names(values),
    transmissionRisk: wholeNumber(values.risk, "risk", 0, { min: 0, max: 8 }),
    symptomOnsetInterval: onsetDay === undefined ? undefined : onsetDay * INTERVALS_PER_DAY,
    traveler: values.traveler === true,
    revisionToken: earlier?.revisionToken,
  }, { crypto: io.runtime.crypto, issuer, random, now });
  const kind = attestKind(values.attest);
  const send = async (members: Partial<AttestedMembers>) =>
    valueOf(
      await sendPublish(globalThis.fetch, url, { ...body, ...members }, {
        chaff,
        signal: io.signal,
      }),
    );
  const answer = kind === undefined
    ? await send({})
    : await withAttestation(io, kind, body, Date.now(), send);
  if (answer.status !== 200) {
    const resource = issuerResource(healthAuthorityId, {
      ...names(values),
      publicKeyPem: issuer.publicKeyPem,
    });
    return refused(io, answer, resourcesYaml([resource]));
  }
  if (chaff) {
    io.out(io.json ? JSON.stringify({ status: 200, chaff }) : "chaff answered");
    return 0;
  }
  const state = earlier === undefined
    ? meet({ healthAuthorityId, teks, revisionToken: "" }, onsetDay, random)
    : earlier;
  const revisionToken = answer.revisionToken === "" ? state.revisionToken : answer.revisionToken;
  await saveState(statePath, { ...state, revisionToken });
  report(io, answer, teks.length, state, statePath);
  return 0;
}

async function needState(path: string): Promise<DeviceState> {
  const state = await loadState(path);
  if (state !== undefined) return state;
  throw new AppError("usage", `${path} is not there: publish first, without --revise`);
}

function names(values: Values): { issuer: string; audience: string; keyVersion: string } {
  return {
    issuer: values.iss ?? "wayfarer.device",
    audience: values.aud ?? "wayfarer",
    keyVersion: values.kid ?? "v1",
  };
}

function onsetDayOf(values: Values, now: Seconds): number | undefined {
  const option = "onset-days-ago";
  if (values[option] === undefined) return undefined;
  return dayAt(now) - wholeNumber(values[option], option, 0, { min: 0, max: 28 });
}

function report(
  io: CommandIo,
  answer: PublishAnswer,
  sent: number,
  { encounters }: DeviceState,
  statePath: string,
): void {
  const { insertedExposures, code, error, warnings } = answer;
  if (io.json) {
    const details = { code, error, warnings, encounters, state: statePath };
    io.out(JSON.stringify({ status: answer.status, sent, insertedExposures, ...details }));
    return;
  }
  // A revision changes keys that are stored: none of them is new, and that is right.
  const stored = insertedExposures === 0 && error === ""
    ? "none of them new: they were known, and are revised if their report type changed"
    : `${insertedExposures} of them new`;
  io.out(`published: ${sent} keys sent, ${stored}`);
  if (error !== "") io.out(`some were refused: ${printable(code)} ${printable(error)}`);
  for (const warning of warnings) io.out(`warning: ${printable(warning)}`);
  for (const { from, rpis } of encounters) {
    io.out(`another phone heard ${rpis} of its RPIs on ${utcDay(from)}: ${statePath} remembers`);
  }
}

function refused(io: CommandIo, answer: PublishAnswer, issuerYaml: string): 1 {
  const { status, code, error } = answer;
  if (io.json) {
    io.out(JSON.stringify({ status, code, error }));
    return 1;
  }
  io.err(`the server refused (${status}, ${printable(code)}): ${printable(error)}`);
  if (ISSUER_FAULTS.has(code)) {
    io.err("does it know this issuer? apply this, and name it in acceptIssuers of the health");
    io.err("authority (--print-resources --region REGION prints all that a test region needs):");
    io.out(issuerYaml.trimEnd());
  }
  return 1;
}
