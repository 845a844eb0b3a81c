/** Where a key of Google Cloud KMS is: `gcp-kms:` references. */

import { AppError } from "../errors.ts";
import type { KeyReference } from "./key-manager.ts";
import { shown, splitReference } from "./reference.ts";

const NAME =
  /^(projects\/[A-Za-z0-9:.-]{1,64}\/locations\/[A-Za-z0-9-]{1,64}\/keyRings\/[\w-]{1,63})\/cryptoKeys\/([\w-]{1,63})(?:\/cryptoKeyVersions\/(\d{1,10}))?$/;

/** A key ring, a key in it by its whole name, and perhaps one version of it. */
export type GcpKeyPlace = {
  readonly ring: string;
  readonly id: string;
  readonly key: string;
  readonly version?: string;
};

/** Reads `projects/…/cryptoKeys/K[/cryptoKeyVersions/N]`; undefined for anything else. */
export function gcpKeyIn(name: string): GcpKeyPlace | undefined {
  const [, ring, id, version] = NAME.exec(name) ?? [];
  if (ring === undefined || id === undefined) return undefined;
  const key = `${ring}/cryptoKeys/${id}`;
  return version === undefined ? { ring, id, key } : { ring, id, key, version };
}

/** Reads the same behind `gcp-kms:`; throws `key_not_found`. */
export function gcpKeyPlace(reference: KeyReference): GcpKeyPlace {
  const { scheme, rest } = splitReference(reference);
  const place = scheme === "gcp-kms" ? gcpKeyIn(rest) : undefined;
  if (place !== undefined) return place;
  throw new AppError(
    "key_not_found",
    `${shown(reference)} is no key of Google Cloud KMS: write ` +
      "gcp-kms:projects/P/locations/L/keyRings/R/cryptoKeys/K, for signing with /cryptoKeyVersions/N",
  );
}
