import { issueCertificate, loadIssuer } from "../device/issuer.ts";
import { AppError } from "../errors.ts";
import { decodeBase64 } from "../bytes/base64.ts";
import { asSeconds } from "../model/ids.ts";
import type { Command } from "./command.ts";
import {
  durationMs,
  momentSeconds,
  reportType,
  required,
  valueOf,
  wholeNumber,
} from "./option-value.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer certificate --key FILE --tekmac BASE64 --iss ISSUER --aud AUDIENCE [options]

Issues a verification certificate (JWT, ES256), as a verification server does after a test result.

  --key FILE             private P-256 key of the issuer: PEM or JWK
  --tekmac BASE64        what "wayfarer hmac" printed
  --iss, --aud           issuer and audience of the Issuer resource
  --kid VERSION          version of the issuer's key (default v1)
  --report-type TYPE     confirmed (default), likely, user-report, negative
  --onset-interval N     interval in which symptoms began (Unix seconds / 600)
  --valid DURATION       how long it is valid (default 15m)
  --at TIME              when it is issued (default now)

Example:
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out issuer.pem
  wayfarer certificate --key issuer.pem --tekmac 2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY= --iss org.example --aud keyserver`;

const OPTIONS = {
  key: { type: "string" },
  tekmac: { type: "string" },
  iss: { type: "string" },
  aud: { type: "string" },
  kid: { type: "string" },
  "report-type": { type: "string" },
  "onset-interval": { type: "string" },
  valid: { type: "string" },
  at: { type: "string" },
} as const;

/** `wayfarer certificate`. */
export const certificateCommand: Command = {
  name: "certificate",
  summary: "issues a verification certificate",
  usage: USAGE,
  run: async (io) => {
    const { values } = valueOf(parseOptions(io.args, OPTIONS));
    const tekmac = required(values.tekmac, "tekmac", "the MAC that wayfarer hmac prints");
    if (decodeBase64(tekmac)?.length !== 32) {
      throw new AppError(
        "usage",
        "--tekmac must be base64 of 32 bytes, as wayfarer hmac prints it",
      );
    }
    const path = required(values.key, "key", "the file of the issuer's private key");
    const onset = "onset-interval";
    const claims = {
      keyVersion: values.kid ?? "v1",
      issuer: required(values.iss, "iss", "the issuer of the Issuer resource"),
      audience: required(values.aud, "aud", "the audience of the Issuer resource"),
      reportType: reportType(values["report-type"], "confirmed"),
      tekmac,
      symptomOnsetInterval: values[onset] === undefined
        ? undefined
        : wholeNumber(values[onset], onset, 0, { min: 0, max: 2_147_483_647 }),
      issuedAt: asSeconds(momentSeconds(values.at, "at", Date.now() / 1000)),
      lifetimeSeconds: Math.floor(durationMs(values.valid, "valid", 900_000) / 1000),
    };
    const certificate = await issueCertificate(await loadIssuer(io.runtime.crypto, path), claims);
    io.out(io.json ? JSON.stringify({ certificate }) : certificate);
    return 0;
  },
};
