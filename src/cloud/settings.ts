import type { AwsIdentity } from "./aws/identity.ts";
import type { AzureIdentity } from "./azure/identity.ts";
import type { GoogleIdentity } from "./google/identity.ts";

/** Who this server is at each cloud, and where their services are. Nothing is asked for before it is needed. */
export type CloudSettings = {
  readonly aws: {
    readonly identity: AwsIdentity;
    readonly region: string;
    /** In place of `https://kms.REGION.amazonaws.com` and so on. */
    readonly kmsEndpoint?: URL;
    readonly secretsEndpoint?: URL;
  };
  readonly google: {
    readonly identity: GoogleIdentity;
    readonly kmsEndpoint: URL;
    readonly secretsEndpoint: URL;
  };
  readonly azure: {
    readonly identity: AzureIdentity;
    /** One Key Vault at another place than `https://NAME.vault.azure.net`. */
    readonly keyVault?: URL;
  };
  readonly vault: VaultSettings;
};

/** HashiCorp Vault or OpenBao. */
export type VaultSettings = {
  /** Absent: there is none. */
  readonly address?: URL;
  /** Asked for again each time, so that an agent may renew it. */
  readonly token: () => Promise<string | undefined>;
  readonly namespace?: string;
  /** The path of the Transit engine. */
  readonly transit: string;
};
