import type { Kind } from "../model/resource/kinds.ts";
import { EXAMPLE_CERTIFICATE } from "./example-country.ts";
import { EXAMPLE_CLAIMS, EXAMPLE_PUBLIC_KEY } from "./example-publish.ts";

/** A resource as it may be sent. */
type ExampleResource = { readonly name: string; readonly [member: string]: unknown };

/** One of each kind; together they make a region that {@link EXAMPLE_PUBLISH} can be sent to. */
export const EXAMPLE_RESOURCES: { readonly [K in Kind]: ExampleResource } = {
  Issuer: {
    kind: "Issuer",
    name: "mag-verification",
    issuer: EXAMPLE_CLAIMS.issuer,
    audience: EXAMPLE_CLAIMS.audience,
    keys: [{ version: EXAMPLE_CLAIMS.keyVersion, publicKeyPem: EXAMPLE_PUBLIC_KEY }],
  },
  HealthAuthority: {
    kind: "HealthAuthority",
    name: "mag",
    regions: ["MAG"],
    acceptIssuers: ["mag-verification"],
    allowDryRun: true,
  },
  SigningKey: {
    kind: "SigningKey",
    name: "mag-signer",
    key: "local:mag-signer",
    keyId: "310",
    version: "v1",
  },
  ExportConfig: {
    kind: "ExportConfig",
    name: "mag",
    bucket: "exports",
    filenameRoot: "mag",
    period: "4h",
    outputRegion: "MAG",
    signingKeys: ["mag-signer"],
  },
  ExportImport: {
    kind: "ExportImport",
    name: "neighbour-files",
    indexUrl: "https://files.neighbour.example/neighbour/index.txt",
    exportRoot: "https://files.neighbour.example/",
    region: "NEIGHBOUR",
    publicKeys: [{ keyId: "311", version: "v1", publicKeyPem: EXAMPLE_PUBLIC_KEY }],
  },
  Mirror: {
    kind: "Mirror",
    name: "neighbour-copies",
    indexUrl: "https://files.neighbour.example/neighbour/index.txt",
    exportRoot: "https://files.neighbour.example/",
    bucket: "exports",
    filenameRoot: "neighbour",
  },
  Peer: {
    kind: "Peer",
    name: "neighbour",
    serverId: "https://keys.neighbour.example",
    send: { regions: ["MAG"] },
    accept: { regions: ["NEIGHBOUR"] },
    pull: { enabled: true, interval: "5m" },
  },
  Country: {
    kind: "Country",
    name: "IE",
    certificates: [{ type: "AUTHENTICATION", pem: EXAMPLE_CERTIFICATE }],
  },
};
