import { setMaxListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import { ensureIssuer } from "../device/issuer.ts";
import { type LoadResult, runLoad } from "../device/load.ts";
import { sendPublish } from "../device/publish-client.ts";
import { makeTeks, type RandomBytes } from "../device/tek.ts";
import { makeUpload, type PublishBody } from "../device/upload.ts";
import { asSeconds } from "../model/ids.ts";
import type { Command, CommandIo } from "./command.ts";
import { deviceFiles } from "./device-files.ts";
import { reportType, required, serverUrl, valueOf, wholeNumber } from "./option-value.ts";
import { type OptionValues, parseOptions } from "./options.ts";

const USAGE = `wayfarer simulate --url URL --health-authority ID --publishes N --rate R [options]

Publishes N times, R times a second, each time as another phone, from this one process. Prints how
long the answers took, counted from the moment each request was due. For your own servers only.

  --days N            keys in each publish, 1 to 14 (default 14)
  --in-flight N       unanswered requests at a time (default 256)
  --chaff             sends chaff in place of keys
  --traveler          the users were outside the home region
  --report-type TYPE  confirmed (default), likely, user-report, negative
  --issuer-key FILE   private key of the issuer (default: that of wayfarer device publish)
  --iss, --aud, --kid of the certificate (default wayfarer.device, wayfarer, v1)

Example:
  wayfarer simulate --url http://127.0.0.1:8080 --health-authority mag --publishes 100 --rate 100`;

const OPTIONS = {
  url: { type: "string" },
  "health-authority": { type: "string" },
  publishes: { type: "string" },
  rate: { type: "string" },
  days: { type: "string" },
  "in-flight": { type: "string" },
  chaff: { type: "boolean" },
  traveler: { type: "boolean" },
  "report-type": { type: "string" },
  "issuer-key": { type: "string" },
  iss: { type: "string" },
  aud: { type: "string" },
  kid: { type: "string" },
} as const;

const PROGRESS_MS = 5000;

/** `wayfarer simulate`. */
export const simulateCommand: Command = {
  name: "simulate",
  summary: "puts load on a running server and prints latencies",
  usage: USAGE,
  run: async (io) => {
    const { values } = valueOf(parseOptions(io.args, OPTIONS));
    const url = serverUrl(values.url);
    required(values.publishes, "publishes", "how many times to publish");
    required(values.rate, "rate", "how many times a second");
    const count = wholeNumber(values.publishes, "publishes", 0, { min: 1, max: 10_000_000 });
    const perSecond = wholeNumber(values.rate, "rate", 0, { min: 1, max: 100_000 });
    const maxInFlight = wholeNumber(values["in-flight"], "in-flight", 256, { min: 1, max: 10_000 });
    const prepare = await publisher(io, values);
    const chaff = values.chaff === true;
    // Each request in flight listens to the signal, which is many, and no leak.
    setMaxListeners(maxInFlight + 10, io.signal);
    let toldMs = performance.now();
    let unanswered: string | undefined;
    const result = await runLoad(
      {
        count,
        perSecond,
        maxInFlight,
        signal: io.signal,
        clockMs: () => performance.now(),
        sleepMs: (ms) => setTimeout(ms, undefined, { signal: io.signal }).catch(() => undefined),
      },
      prepare,
      async (body) => {
        const answer = await sendPublish(globalThis.fetch, url, body, { chaff, signal: io.signal });
        if (!answer.ok) {
          unanswered = answer.message;
          return answer.code;
        }
        const { status, code } = answer.value;
        return status === 200 && code === "" ? "200" : `${status} ${code.slice(0, 60)}`;
      },
      (begun) => {
        if (performance.now() - toldMs < PROGRESS_MS) return;
        toldMs = performance.now();
        io.err(`${begun} of ${count}`);
      },
    );
    report(io, result);
    if (unanswered !== undefined) io.err(`requests without an answer, the last one: ${unanswered}`);
    return Object.keys(result.outcomes).join() === "200" ? 0 : 1;
  },
};

/** What makes one publish after the other. */
async function publisher(
  io: CommandIo,
  values: OptionValues<typeof OPTIONS>,
): Promise<() => Promise<PublishBody>> {
  const { crypto } = io.runtime;
  const { issuerKey } = deviceFiles(io, { issuerKey: values["issuer-key"] });
  const { issuer } = await ensureIssuer(crypto, issuerKey);
  const random: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));
  const days = wholeNumber(values.days, "days", 14, { min: 1, max: 14 });
  const details = {
    healthAuthorityId: required(
      values["health-authority"],
      "health-authority",
      "the health authority ID that apps send",
    ),
    reportType: reportType(values["report-type"], "confirmed"),
    certificate: {
      issuer: values.iss ?? "wayfarer.device",
      audience: values.aud ?? "wayfarer",
      keyVersion: values.kid ?? "v1",
    },
    transmissionRisk: 0,
    traveler: values.traveler === true,
  };
  return () => {
    const now = asSeconds(Date.now() / 1000);
    const teks = makeTeks({ now, days, today: false }, random);
    return makeUpload(teks, details, { crypto, issuer, random, now });
  };
}

function report(io: CommandIo, result: LoadResult): void {
  if (io.json) {
    io.out(JSON.stringify(result));
    return;
  }
  const answers = Object.values(result.outcomes).reduce((sum, count) => sum + count, 0);
  const perSecond = answers / Math.max(result.seconds, 0.001);
  io.out(`${answers} in ${result.seconds.toFixed(1)} s, ${perSecond.toFixed(0)} a second`);
  for (const [outcome, count] of Object.entries(result.outcomes)) {
    io.out(`  ${JSON.stringify(outcome)}: ${count}`);
  }
  const { p50, p90, p99, max } = result.latencyMs;
  const [median, most, nearlyAll, all] = [p50, p90, p99, max].map((ms) => ms.toFixed(1));
  io.out(`latency in ms: p50 ${median}, p90 ${most}, p99 ${nearlyAll}, max ${all}`);
}
