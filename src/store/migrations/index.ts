import type { Migration } from "./migration.ts";
import { core } from "./0001-core.ts";
import { publish } from "./0002-publish.ts";
import { exports } from "./0003-export.ts";
import { imports } from "./0004-import.ts";
import { federation } from "./0005-federation.ts";
import { exportPlans } from "./0006-export-plan.ts";
import { keySource } from "./0007-key-source.ts";
import { attestation } from "./0008-attestation.ts";
import { masterKeys } from "./0009-master-key.ts";
import { admin } from "./0010-admin.ts";
import { efgs } from "./0011-efgs.ts";
import { issuerKeyFetch } from "./0012-issuer-key-fetch.ts";
import { addedRegions } from "./0013-added-regions.ts";

/** Every migration, oldest first. Forward only; each is safe while the version before it still runs. */
export const MIGRATIONS: readonly Migration[] = [
  core,
  publish,
  exports,
  imports,
  federation,
  exportPlans,
  keySource,
  attestation,
  masterKeys,
  admin,
  efgs,
  issuerKeyFetch,
  addedRegions,
];
