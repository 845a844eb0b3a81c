import { NO_SECRET_MANAGER, SECRET_MANAGERS, type SecretSettings } from "../secrets/open.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Where `secret://NAME` comes from, and for how long it is kept. */
export type SecretsSetting = Omit<SecretSettings, "cloud"> & {
  /** SECRET_CACHE_TTL. */
  readonly ttlMs: number;
  /** SECRETS_DIR: where files of `secret://NAME?target=file` are made. */
  readonly directory: string;
};

/** Names and defaults are those of the reference server. */
export function secretSettings(read: EnvironmentReader): SecretsSetting {
  return {
    manager: read.oneOf("SECRET_MANAGER", SECRET_MANAGERS, NO_SECRET_MANAGER),
    root: read.text("SECRET_FILESYSTEM_ROOT", "/"),
    expansion: read.flag("SECRET_EXPANSION", false),
    ttlMs: read.milliseconds("SECRET_CACHE_TTL", "5m", { min: "1s", max: "24h" }),
    directory: read.text("SECRETS_DIR", "/var/run/secrets"),
  };
}
