import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readConfiguration } from "../../src/config/config.ts";
import { CLIENT, SERVER } from "../runtime/certificates.ts";
import { temporaryFolder } from "../support/command-io.ts";

async function files(): Promise<Readonly<Record<"cert" | "key" | "other" | "nonsense", string>>> {
  const folder = await temporaryFolder();
  const written = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  return {
    cert: await written("cert.pem", CLIENT.cert),
    key: await written("key.pem", CLIENT.key),
    other: await written("other.pem", SERVER.key),
    nonsense: await written("nonsense.pem", "no PEM"),
  };
}

it("reads the certificate that peers are shown", async () => {
  const { cert, key } = await files();
  const { config } = readConfiguration({ TLS_CLIENT_CERT_FILE: cert, TLS_CLIENT_KEY_FILE: key });
  expect(config.clientIdentity).toEqual({ cert: CLIENT.cert, key: CLIENT.key });
  expect(config.tls).toBeUndefined();
  expect(readConfiguration({}).config.clientIdentity).toBeUndefined();
});

it.each(
  [
    ["cert", undefined, "TLS_CLIENT_CERT_FILE and TLS_CLIENT_KEY_FILE must be set together"],
    [undefined, "key", "TLS_CLIENT_CERT_FILE and TLS_CLIENT_KEY_FILE must be set together"],
    [
      "cert",
      "other",
      "TLS_CLIENT_CERT_FILE must be a PEM certificate, and TLS_CLIENT_KEY_FILE its",
    ],
    [
      "nonsense",
      "key",
      "TLS_CLIENT_CERT_FILE must be a PEM certificate, and TLS_CLIENT_KEY_FILE its",
    ],
  ] as const,
)("refuses to start with certificate %s and key %s", async (cert, key, message) => {
  const names = await files();
  const read = () =>
    readConfiguration({
      ...(cert === undefined ? {} : { TLS_CLIENT_CERT_FILE: names[cert] }),
      ...(key === undefined ? {} : { TLS_CLIENT_KEY_FILE: names[key] }),
    });
  expect(read).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
  expect(read).toThrow(message);
});
