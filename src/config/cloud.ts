import type { AwsIdentity } from "../cloud/aws/identity.ts";
import { isContainerEndpoint } from "../cloud/aws/container.ts";
import { AWS_REGION, awsEndpoint } from "../cloud/aws/region.ts";
import type { AzureIdentity } from "../cloud/azure/identity.ts";
import type { GoogleIdentity } from "../cloud/google/identity.ts";
import type { CloudSettings, VaultSettings } from "../cloud/settings.ts";
import type { EnvironmentReader } from "./environment.ts";

const WEB = ["https:", "http:"];
/** The link-local address of the metadata services of AWS and Azure, and of the container agent of ECS. */
const METADATA = "http://169.254.169.254";
const ECS_AGENT = "http://169.254.170.2";

/** Who this server is at each cloud. Names are those that the clouds' own tools read. */
export function cloudSettings(read: EnvironmentReader): CloudSettings {
  const region = read.text("AWS_REGION", "us-east-1");
  const kmsEndpoint = optionalUrl(read, "AWS_ENDPOINT_URL_KMS");
  const secretsEndpoint = optionalUrl(read, "AWS_ENDPOINT_URL_SECRETS_MANAGER");
  const keyVault = optionalUrl(read, "AZURE_KEY_VAULT_URL");
  return {
    aws: {
      identity: awsIdentity(read, region),
      region,
      ...(kmsEndpoint === undefined ? {} : { kmsEndpoint }),
      ...(secretsEndpoint === undefined ? {} : { secretsEndpoint }),
    },
    google: {
      identity: googleIdentity(read),
      kmsEndpoint: urlOf(read, "GOOGLE_KMS_ENDPOINT", "https://cloudkms.googleapis.com"),
      secretsEndpoint: urlOf(
        read,
        "GOOGLE_SECRET_MANAGER_ENDPOINT",
        "https://secretmanager.googleapis.com",
      ),
    },
    azure: {
      identity: azureIdentity(read),
      ...(keyVault === undefined ? {} : { keyVault }),
    },
    vault: vaultSettings(read),
  };
}

/** In this order: credentials file, access key, web identity, container, instance. */
function awsIdentity(read: EnvironmentReader, region: string): AwsIdentity {
  const path = read.optional("AWS_SHARED_CREDENTIALS_FILE");
  if (path !== undefined) {
    return { kind: "file", path, profile: read.text("AWS_PROFILE", "default") };
  }
  const accessKeyId = read.optional("AWS_ACCESS_KEY_ID");
  if (accessKeyId !== undefined) return accessKey(read, accessKeyId);
  const tokenFile = read.optional("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (tokenFile !== undefined) {
    return {
      kind: "web-identity",
      tokenFile,
      roleArn: required(read, "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"),
      sessionName: read.text("AWS_ROLE_SESSION_NAME", "wayfarer"),
      stsEndpoint: optionalUrl(read, "AWS_ENDPOINT_URL_STS") ?? stsEndpoint(read, region),
    };
  }
  const container = containerIdentity(read);
  if (container !== undefined) return container;
  if (read.flag("AWS_EC2_METADATA_DISABLED", false)) return { kind: "none" };
  const endpoint = urlOf(read, "AWS_EC2_METADATA_SERVICE_ENDPOINT", METADATA);
  return { kind: "instance", endpoint };
}

function accessKey(read: EnvironmentReader, accessKeyId: string): AwsIdentity {
  const secret = read.secret("AWS_SECRET_ACCESS_KEY");
  const token = read.secret("AWS_SESSION_TOKEN");
  if (read.secretText("AWS_SECRET_ACCESS_KEY") === undefined) {
    read.refuse("AWS_SECRET_ACCESS_KEY", "is needed by AWS_ACCESS_KEY_ID");
  }
  return {
    kind: "keys",
    read: async () => {
      const [secretAccessKey = "", sessionToken] = await Promise.all([secret(), token()]);
      return {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      };
    },
  };
}

function containerIdentity(read: EnvironmentReader): AwsIdentity | undefined {
  const relative = read.optional("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const full = read.optional("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const text = relative === undefined ? full : `${ECS_AGENT}${relative}`;
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isContainerEndpoint(url)) {
    read.refuse(
      "AWS_CONTAINER_CREDENTIALS_FULL_URI",
      "must be an https URL, or one of this machine or of the agent of ECS or EKS",
    );
    return { kind: "none" };
  }
  const tokenFile = read.optional("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const token = tokenFile === undefined
    ? read.secretText("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    : undefined;
  if (token !== undefined) read.secret("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  return {
    kind: "container",
    url,
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  };
}

function stsEndpoint(read: EnvironmentReader, region: string): URL {
  if (AWS_REGION.test(region)) return awsEndpoint("sts", region);
  read.refuse("AWS_REGION", "must be the name of a region, such as eu-central-1");
  return awsEndpoint("sts", "us-east-1");
}

/** GOOGLE_APPLICATION_CREDENTIALS, else the metadata server. */
function googleIdentity(read: EnvironmentReader): GoogleIdentity {
  const path = read.optional("GOOGLE_APPLICATION_CREDENTIALS");
  if (path !== undefined) return { kind: "file", path };
  const host = read.text("GCE_METADATA_HOST", "metadata.google.internal");
  const endpoint = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  if (endpoint === undefined) read.refuse("GCE_METADATA_HOST", "must be a host, or host:port");
  return { kind: "metadata", endpoint: endpoint ?? new URL(METADATA) };
}

/** In this order: workload identity, secret of a service principal, managed identity of an app, of a machine. */
function azureIdentity(read: EnvironmentReader): AzureIdentity {
  const clientId = read.optional("AZURE_CLIENT_ID");
  const tokenFile = read.optional("AZURE_FEDERATED_TOKEN_FILE");
  const secret = read.secret("AZURE_CLIENT_SECRET");
  const hasSecret = read.secretText("AZURE_CLIENT_SECRET") !== undefined;
  if (tokenFile !== undefined || hasSecret) {
    const by = tokenFile === undefined ? "AZURE_CLIENT_SECRET" : "AZURE_FEDERATED_TOKEN_FILE";
    if (clientId === undefined) read.refuse("AZURE_CLIENT_ID", `is needed by ${by}`);
    const who = {
      authority: urlOf(read, "AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/"),
      tenant: required(read, "AZURE_TENANT_ID", by),
      clientId: clientId ?? "",
    };
    return tokenFile === undefined
      ? { kind: "secret", ...who, secret: async () => await secret() ?? "" }
      : { kind: "workload", ...who, tokenFile };
  }
  const chosen = clientId === undefined ? {} : { clientId };
  const endpoint = optionalUrl(read, "IDENTITY_ENDPOINT");
  if (endpoint !== undefined) {
    read.secret("IDENTITY_HEADER");
    return { kind: "app", endpoint, header: read.secretText("IDENTITY_HEADER") ?? "", ...chosen };
  }
  const machine = urlOf(read, "AZURE_POD_IDENTITY_AUTHORITY_HOST", METADATA);
  return { kind: "machine", endpoint: machine, ...chosen };
}

function vaultSettings(read: EnvironmentReader): VaultSettings {
  const address = optionalUrl(read, "VAULT_ADDR");
  const namespace = read.optional("VAULT_NAMESPACE");
  const transit = read.text("VAULT_TRANSIT_PATH", "transit");
  if (!/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(transit)) {
    read.refuse("VAULT_TRANSIT_PATH", "must be a path of letters, digits, ., _, - and /");
  }
  return {
    token: read.secret("VAULT_TOKEN"),
    transit,
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function required(read: EnvironmentReader, name: string, by: string): string {
  const value = read.optional(name);
  if (value === undefined) read.refuse(name, `is needed by ${by}`);
  return value ?? "";
}

function urlOf(read: EnvironmentReader, name: string, fallback: string): URL {
  return new URL(read.url(name, fallback, WEB));
}

function optionalUrl(read: EnvironmentReader, name: string): URL | undefined {
  const text = read.optional(name);
  if (text === undefined) return undefined;
  if (URL.canParse(text) && WEB.includes(new URL(text).protocol)) return new URL(text);
  read.refuse(name, "must be a URL that begins with https:// or http://");
  return undefined;
}
