import { tekmac } from "../device/hmac.ts";
import { AppError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import type { Command } from "./command.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { readTekFile, TEK_FILE_HELP } from "./tek-file.ts";

const USAGE = `wayfarer hmac FILE [--hmac-key BASE64]

Prints the tekmac that an app asks its verification server to certify, and the hmackey that it sends
with its keys. When all risks are 0, servers also take the second form, without risks.

  --hmac-key BASE64   the key of the HMAC (default: 16 random bytes)

${TEK_FILE_HELP}

Example:
  wayfarer hmac keys.json`;

/** `wayfarer hmac`. */
export const hmacCommand: Command = {
  name: "hmac",
  summary: "prints the tekmac and hmackey of a list of keys",
  usage: USAGE,
  run: async (io) => {
    const { values, positionals } = valueOf(
      parseOptions(io.args, { "hmac-key": { type: "string" } }, {
        positionals: "some",
        what: "the file of a request, or - for standard input",
      }),
    );
    const [path = "-"] = positionals;
    const hmacKey = values["hmac-key"] === undefined
      ? io.runtime.crypto.getRandomValues(new Uint8Array(16))
      : decodeBase64(values["hmac-key"]);
    if (hmacKey === undefined || hmacKey.length === 0) {
      throw new AppError("usage", "--hmac-key must be base64 of at least one byte");
    }
    const { keys } = await readTekFile(path);
    const plain = keys.every(({ transmissionRisk }) => transmissionRisk === 0);
    const { crypto } = io.runtime;
    const answer = {
      tekmac: await tekmac(crypto, hmacKey, keys),
      ...plain ? { tekmacWithoutRisk: await tekmac(crypto, hmacKey, keys, false) } : {},
      hmackey: encodeBase64(hmacKey),
    };
    if (io.json) io.out(JSON.stringify(answer));
    else for (const [name, value] of Object.entries(answer)) io.out(`${name} ${value}`);
    return 0;
  },
};
