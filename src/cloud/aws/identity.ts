import type { AwsCredentials } from "./sign.ts";

/** Where credentials come from; the settings decide, see src/config/cloud.ts. */
export type AwsIdentity =
  /** An access key in the settings, asked for again each time, so that a mounted file may change. */
  | { readonly kind: "keys"; readonly read: () => Promise<AwsCredentials> }
  /** A profile of a credentials file, read again when it changes. */
  | { readonly kind: "file"; readonly path: string; readonly profile: string }
  /** A token in a file for the credentials of a role (EKS and other clusters). */
  | {
    readonly kind: "web-identity";
    readonly tokenFile: string;
    readonly roleArn: string;
    readonly sessionName: string;
    readonly stsEndpoint: URL;
  }
  /** The endpoint of a container's role (ECS, EKS Pod Identity). */
  | {
    readonly kind: "container";
    readonly url: URL;
    readonly token?: string;
    readonly tokenFile?: string;
  }
  /** The metadata service of an instance, version 2. */
  | { readonly kind: "instance"; readonly endpoint: URL }
  /** Nowhere: AWS_EC2_METADATA_DISABLED, and nothing else set. */
  | { readonly kind: "none" };
