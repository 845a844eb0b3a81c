/** The key managers across the network, as one table for tests of what they have in common. */

import type { HttpOptions } from "../../../src/blob/retrying-fetch.ts";
import { awsCaller } from "../../../src/cloud/aws/service.ts";
import { bearerCaller } from "../../../src/cloud/bearer-service.ts";
import type { Credential } from "../../../src/cloud/credential.ts";
import { vaultCaller } from "../../../src/cloud/vault/service.ts";
import { awsKmsKeys } from "../../../src/keys/aws-kms.ts";
import { azureKvKeys } from "../../../src/keys/azure-kv.ts";
import { gcpKmsKeys } from "../../../src/keys/gcp-kms.ts";
import type { KeyManager } from "../../../src/keys/key-manager.ts";
import { vaultKeys } from "../../../src/keys/vault.ts";
import { startKmsServer } from "../../cloud/support/aws-kms-server.ts";
import { startGcpKmsServer } from "../../cloud/support/gcp-kms-server.ts";
import { startKeyVaultServer } from "../../cloud/support/key-vault-server.ts";
import type { Service } from "../../cloud/support/service.ts";
import { startVaultServer } from "../../cloud/support/vault-server.ts";
import { NATIVE } from "../../support/crypto-providers.ts";

/** A manager with its server, and what it calls things. */
export type RemoteManagerUnderTest = {
  readonly service: Service;
  readonly keys: KeyManager;
  /** A reference to the key of this name. */
  readonly reference: (name: string) => string;
  readonly unknownKey: string;
  readonly malformedKey: string;
  /** Makes a signing key on P-384 of this name. */
  readonly addP384: (name: string) => void;
  /** Keeps the key from being used, at the server. */
  readonly disable: (name: string) => void;
  /** What the message says then. */
  readonly disabledCure: string;
  /** Takes all credentials away, at the server. */
  readonly forbid: () => void;
};

/** A kind of manager; `http` with what a test replaces. */
export type RemoteManagerKind = {
  readonly title: string;
  readonly scheme: string;
  readonly start: (http: HttpOptions) => Promise<RemoteManagerUnderTest>;
};

const RING = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys";
const fixed = <T>(value: T): Credential<T> => ({
  get: () => Promise.resolve(value),
  refused: () => false,
});

export const REMOTE_MANAGERS: readonly RemoteManagerKind[] = [
  {
    title: "AWS KMS",
    scheme: "aws-kms",
    start: async (http) => {
      const service = await startKmsServer();
      const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
      return {
        service,
        keys: awsKmsKeys({
          call: awsCaller(fixed(credentials), http),
          region: "eu-central-1",
          endpoint: service.url,
          crypto: NATIVE,
          now: http.now,
        }),
        reference: (name) => `aws-kms:alias/${name}`,
        unknownKey: "aws-kms:arn:aws:kms:eu-central-1:123456789012:key/nobody",
        malformedKey: "aws-kms:arn:aws:s3:::bucket",
        addP384: (name) => service.addP384(`alias/${name}`),
        disable: (name) => service.setState(`alias/${name}`, "Disabled"),
        disabledCure: "AWS KMS answered 400 DisabledException: enable the key",
        forbid: () => service.keys.clear(),
      };
    },
  },
  {
    title: "Google Cloud KMS",
    scheme: "gcp-kms",
    start: async (http) => {
      const service = await startGcpKmsServer();
      return {
        service,
        keys: gcpKmsKeys({
          call: bearerCaller(fixed("token"), http),
          endpoint: service.url,
          hardware: false,
          crypto: NATIVE,
          now: http.now,
        }),
        reference: (name) => `gcp-kms:${RING}/${name}`,
        unknownKey: `gcp-kms:${RING}/nobody`,
        malformedKey: "gcp-kms:projects/p/secrets/s",
        addP384: (name) => {
          const [made] = [...service.keys.values()];
          const versions = made === undefined ? [] : made.versions;
          const algorithm = "EC_SIGN_P384_SHA384";
          service.keys.set(`${RING}/${name}`, { purpose: "ASYMMETRIC_SIGN", algorithm, versions });
        },
        disable: (name) =>
          service.keys.get(`${RING}/${name}`)?.versions.forEach((one) => one.state = "DISABLED"),
        disabledCure: "Google Cloud KMS answered 400 FAILED_PRECONDITION: enable the key version",
        forbid: () => service.tokens.clear(),
      };
    },
  },
  {
    title: "Azure Key Vault",
    scheme: "azure-kv",
    start: async (http) => {
      const service = await startKeyVaultServer();
      return {
        service,
        keys: azureKvKeys({
          tokens: () => fixed("token"),
          http,
          keyVault: service.url,
          hardware: false,
          crypto: NATIVE,
        }),
        reference: (name) => `azure-kv:${service.url.origin}/keys/${name}`,
        unknownKey: "azure-kv:vault/nobody",
        malformedKey: "azure-kv:https://elsewhere.example/keys/x",
        addP384: (name) => service.add(name, "EC", "P-384"),
        disable: (name) => service.keys.get(name)?.forEach((one) => one.enabled = false),
        disabledCure:
          "Azure Key Vault answered 403 Forbidden: give this server's identity the role",
        forbid: () => service.tokens.clear(),
      };
    },
  },
  {
    title: "Vault",
    scheme: "vault",
    start: async (http) => {
      const service = await startVaultServer();
      const token = () => Promise.resolve("token");
      return {
        service,
        keys: vaultKeys({
          call: vaultCaller({ address: service.url, token, transit: "transit" }, http),
          transit: "transit",
          crypto: NATIVE,
          now: http.now,
        }),
        reference: (name) => `vault:${name}`,
        unknownKey: "vault:nobody",
        malformedKey: "vault:../sys/seal",
        addP384: (name) => {
          const versions = [...service.keys.values()][0]?.versions ?? [];
          service.keys.set(name, { type: "ecdsa-p384", versions });
        },
        disable: () => service.sealed = true,
        disabledCure: "Vault answered 503: unseal Vault; it is tried again later",
        forbid: () => service.tokens.clear(),
      };
    },
  },
];
