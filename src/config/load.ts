import { createHash } from "node:crypto";
import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLOUD_HTTP } from "../cloud/service-call.ts";
import type { CloudSettings } from "../cloud/settings.ts";
import { AppError, asAppError } from "../errors.ts";
import { cachedSecret } from "../secrets/cached.ts";
import { openSecretManager } from "../secrets/open.ts";
import type { SecretManager } from "../secrets/secret-manager.ts";
import { cloudSettings } from "./cloud.ts";
import { type Configuration, readConfiguration } from "./config.ts";
import {
  type Environment,
  EnvironmentReader,
  type ResolvedSecret,
  type ResolvedSecrets,
  SECRET_PREFIX,
} from "./environment.ts";
import { secretSettings, type SecretsSetting } from "./secrets.ts";

/** What {@link loadConfiguration} may be given in place of the real world. */
export type LoadOptions = {
  readonly fetch?: typeof fetch;
  /** Milliseconds that only grow. */
  readonly nowMs?: () => number;
  /** Told of secrets that cannot be read again later; those read before stay in use. */
  readonly failed?: (error: unknown) => void;
};

/** Behind a secret's name: the setting becomes the path of a file with the secret in it. */
const TO_FILE = "?target=file";

type ManagerSettings = SecretsSetting & { readonly cloud: CloudSettings };

/**
 * Reads and checks all settings, those that are `secret://NAME` from SECRET_MANAGER. Throws `invalid_configuration`
 * with every mistake, or `secret_unavailable` with every secret that cannot be read.
 */
export async function loadConfiguration(
  environment: Environment,
  options: LoadOptions = {},
): Promise<Configuration> {
  return readConfiguration(environment, await resolveSecrets(environment, options));
}

async function resolveSecrets(
  environment: Environment,
  options: LoadOptions,
): Promise<ResolvedSecrets> {
  const named = Object.entries(environment).filter(([, value]) =>
    value?.startsWith(SECRET_PREFIX) === true
  );
  if (named.length === 0) return new Map();
  const settings = managerSettings(environment);
  const http = { ...CLOUD_HTTP, ...(options.fetch === undefined ? {} : { fetch: options.fetch }) };
  const manager = openSecretManager(settings, http);
  if (manager === undefined) {
    const names = named.map(([name]) => name).join(", ");
    throw new AppError(
      "invalid_configuration",
      `SECRET_MANAGER must name a manager for the settings that begin with ${SECRET_PREFIX}: ${names}`,
    );
  }
  const read = await Promise.all(
    named.map(async ([name, value = ""]) => {
      const secret = value.slice(SECRET_PREFIX.length);
      return await resolve(name, secret, manager, settings, options).then(
        (resolved) => ({ name, resolved, fault: "" }),
        (error: unknown) => ({ name, resolved: undefined, fault: asAppError(error).message }),
      );
    }),
  );
  const faults = read.filter(({ resolved }) => resolved === undefined);
  if (faults.length > 0) {
    const lines = faults.map(({ name, fault }) => `${name}: ${fault}`);
    throw new AppError("secret_unavailable", lines.join("\n"));
  }
  return new Map(
    read.flatMap(({ name, resolved }) => resolved === undefined ? [] : [[name, resolved] as const]),
  );
}

/** The settings of the manager itself cannot be secrets. */
function managerSettings(environment: Environment): ManagerSettings {
  const read = new EnvironmentReader(environment);
  const settings = { ...secretSettings(read), cloud: cloudSettings(read) };
  if (read.faults.length > 0) {
    throw new AppError("invalid_configuration", read.faults.join("\n"));
  }
  return settings;
}

async function resolve(
  setting: string,
  name: string,
  manager: SecretManager,
  { ttlMs, directory }: ManagerSettings,
  { nowMs = () => performance.now(), failed = () => {} }: LoadOptions,
): Promise<ResolvedSecret> {
  if (!name.endsWith(TO_FILE)) {
    return await cachedSecret(manager, name, { ttlMs, nowMs, failed });
  }
  const text = await manager.read(name.slice(0, -TO_FILE.length));
  const path = await writeSecretFile(directory, setting, text);
  return { first: path, current: () => Promise.resolve(path) };
}

async function writeSecretFile(directory: string, setting: string, text: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (((await stat(directory)).mode & 0o077) !== 0) throw new Error("open to others");
    const path = join(directory, createHash("sha256").update(setting).digest("hex").slice(0, 32));
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, 0o600);
    return path;
  } catch (cause) {
    throw new AppError(
      "secret_unavailable",
      `no file can be made in SECRETS_DIR ${directory}: give this process a folder of mode 0700 there`,
      { cause },
    );
  }
}
