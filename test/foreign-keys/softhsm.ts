import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** A token of SoftHSM 2, of a test file's own. */
export type SoftHsm = {
  readonly module: string;
  readonly token: string;
  readonly pin: string;
  /** Runs OpenSC's pkcs11-tool on it, as another user of the same token. */
  tool(...args: readonly string[]): string;
  remove(): void;
};

const MODULE = "/usr/lib/softhsm/libsofthsm2.so";

/** Makes one; the module of this process finds it too. */
export function makeSoftHsm(): SoftHsm {
  const folder = mkdtempSync(join(tmpdir(), "wayfarer-softhsm-"));
  const configuration = join(folder, "softhsm2.conf");
  writeFileSync(
    configuration,
    `directories.tokendir = ${folder}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env["SOFTHSM2_CONF"] = configuration;
  const [token, pin] = ["wayfarer", "123456"];
  const run = (program: string, args: readonly string[]): string =>
    execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  run("softhsm2-util", [
    "--init-token",
    "--free",
    "--label",
    token,
    "--so-pin",
    "0000",
    "--pin",
    pin,
  ]);
  return {
    module: MODULE,
    token,
    pin,
    tool: (...args) =>
      run("pkcs11-tool", [
        "--module",
        MODULE,
        "--token-label",
        token,
        "--login",
        "--pin",
        pin,
        ...args,
      ]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
