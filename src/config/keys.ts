import {
  DEFAULT_KEY_MANAGER,
  KEY_MANAGER_VALUES,
  type KeySpelling,
} from "../keys/reference-spelling.ts";
import type { Pkcs11Settings } from "../keys/pkcs11-token.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Which key managers there are, and how references are read. */
export type KeySettings = {
  /** KEY_MANAGER and KEY_FILESYSTEM_ROOT. */
  readonly spelling: KeySpelling;
  /** CREATE_HSM_KEYS: whether keys made at Google or Azure live in a hardware module. */
  readonly hardware: boolean;
  readonly pkcs11: Pkcs11Settings;
  /** FEDERATION_KEY_ID: what signs tokens for peers; absent: local keys, a new one each month. */
  readonly federationKey?: string;
};

/** KEY_MANAGER takes the reference server's values. */
export function keySettings(read: EnvironmentReader): KeySettings {
  const fileRoot = read.optional("KEY_FILESYSTEM_ROOT");
  const module = read.optional("PKCS11_MODULE");
  const federationKey = read.optional("FEDERATION_KEY_ID");
  return {
    spelling: {
      manager: read.oneOf("KEY_MANAGER", KEY_MANAGER_VALUES, DEFAULT_KEY_MANAGER),
      ...(fileRoot === undefined ? {} : { fileRoot }),
    },
    hardware: read.flag("CREATE_HSM_KEYS", true),
    pkcs11: {
      pin: read.secret("PKCS11_PIN"),
      ...(module === undefined ? {} : { module }),
    },
    ...(federationKey === undefined ? {} : { federationKey }),
  };
}
