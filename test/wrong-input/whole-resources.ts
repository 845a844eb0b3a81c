import { createSign, generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Kind } from "../../src/model/resource/kinds.ts";
import { makeCertificate } from "../federation/efgs/certificates.ts";

/** A resource with every member that its kind, in this variant, can have. */
export type WholeResource = {
  readonly kind: Kind;
  readonly name: string;
  readonly variant?: string;
  readonly members: Readonly<Record<string, unknown>>;
};

const FROM = "2026-01-01T00:00:00Z";
const THRU = "2099-01-01T00:00:00Z";
const HEX = "0123456789abcdef".repeat(4);

const ANDROID = {
  mode: "report",
  packageName: "org.example.app",
  certificateDigests: ["A".repeat(43)],
};

function attestations(certificate: string): Readonly<Record<string, object>> {
  const play = {
    ...ANDROID,
    kind: "playintegrity",
    device: ["MEETS_DEVICE_INTEGRITY"],
    licensed: true,
    minVersionCode: 3,
  };
  const keys = [{ decryption: "env:PLAY_DECRYPTION", verification: "file:/keys/play.pem" }];
  const url = "http://127.0.0.1:9001";
  return {
    local: { android: { ...play, decode: "local", keys } },
    google: {
      android: {
        ...play,
        decode: "google",
        serviceAccount: "file:/keys/account.json",
        onUnavailable: "refuse",
        url,
      },
    },
    safetynet: {
      android: {
        ...ANDROID,
        kind: "safetynet",
        trustAnchors: [certificate],
        hostname: "attest.android.com",
        device: ["basicIntegrity"],
      },
    },
    appattest: {
      ios: {
        kind: "appattest",
        mode: "report",
        teamId: "ABCDE12345",
        bundleId: "org.example.app",
        registration: true,
        categories: [4, 2],
        trustAnchors: [certificate],
      },
    },
    devicecheck: {
      ios: {
        kind: "devicecheck",
        mode: "report",
        teamId: "ABCDE12345",
        keyId: "ABCDE12345",
        signingKey: "file:/keys/AuthKey.p8",
        onUnavailable: "refuse",
        url,
      },
    },
  };
}

/** One resource of each kind and variant, in the order in which they can be put. */
export function wholeResources(): readonly WholeResource[] {
  const spki = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  const publicKeyPem = spki.export({ type: "spki", format: "pem" }).toString();
  const certificate = makeCertificate("IE");
  const fileKeys = [{ keyId: "310", version: "v1", publicKeyPem, from: FROM, thru: THRU }];
  const upstream = { indexUrl: "https://a.example/index.txt", exportRoot: "https://a.example/x" };
  const operatorSignature = createSign("sha256").update(certificate.cert)
    .sign(readFileSync(certificate.keyFile)).toString("base64");
  return [
    {
      kind: "Issuer",
      name: "issuer",
      members: {
        issuer: "org.example.issuer",
        audience: "org.example.key",
        jwksUri: "https://issuer.example/jwks",
        keys: [{ version: "v1", publicKeyPem, from: FROM, thru: THRU }],
        enableStatsApi: true,
      },
    },
    ...Object.entries(attestations(certificate.cert)).map(([variant, platform]) => ({
      kind: "HealthAuthority" as const,
      name: "authority",
      variant,
      members: {
        regions: ["MAG"],
        acceptIssuers: ["issuer"],
        bypassVerification: false,
        bypassRevisionToken: true,
        allowDryRun: true,
        attestation: { mode: "require", maxAge: "10m", development: true, ...platform },
      },
    })),
    {
      kind: "SigningKey",
      name: "signer",
      members: { key: "local:signer", keyId: "310", version: "v1", thru: THRU },
    },
    {
      kind: "ExportConfig",
      name: "export",
      members: {
        bucket: "exports",
        filenameRoot: "mag",
        period: "4h",
        outputRegion: "MAG",
        inputRegions: ["MAG"],
        excludeRegions: ["XYZ"],
        includeTravelers: true,
        onlyNonTravelers: false,
        from: FROM,
        thru: THRU,
        signingKeys: ["signer"],
        maxRecords: 1000,
        rollup: "24h",
      },
    },
    {
      kind: "ExportImport",
      name: "import",
      members: {
        ...upstream,
        region: "MAG",
        traveler: true,
        from: FROM,
        thru: THRU,
        publicKeys: fileKeys,
      },
    },
    {
      kind: "Mirror",
      name: "mirror",
      members: {
        ...upstream,
        bucket: "exports",
        filenameRoot: "copy",
        filenameRewrite: "copy/[timestamp].zip",
        publicKeys: fileKeys,
      },
    },
    ...peers(certificate.cert),
    {
      kind: "Country",
      name: "IE",
      members: {
        trustAnchor: certificate.cert,
        certificates: [{
          type: "SIGNING",
          pem: certificate.cert,
          thumbprint: thumbprintOf(certificate.cert),
          operatorSignature,
          revokedAt: FROM,
        }],
      },
    },
  ];
}

function peers(certificate: string): readonly WholeResource[] {
  const calls = { enabled: false, interval: "5m", pageSize: 100 };
  const common = {
    serverId: "https://peer.example",
    auth: {
      issuer: "https://issuer.example",
      subject: "subject",
      audience: "audience",
      jwks: { keys: [{ kty: "EC", kid: "one", crv: "P-256", x: "AA", y: "AA" }] },
      certificateFingerprint: HEX,
    },
    send: {
      regions: ["MAG"],
      excludeRegions: ["XYZ"],
      onlyTravelers: false,
      resend: false,
      symptomOnset: true,
      selfReport: true,
      maxKeysPerSecond: 1000,
    },
    accept: {
      regions: ["MAG"],
      onlyTravelers: false,
      acceptSelfReport: true,
      acceptClinical: true,
      assignRegions: { ABC: "MAG" },
    },
    pull: calls,
    push: calls,
    from: FROM,
    thru: THRU,
  };
  const client = {
    tokenEndpoint: "https://issuer.example/token",
    id: "client",
    key: "file:/keys/client.pem",
    keyId: "one",
    scope: "keys",
    resource: "urn:x",
  };
  const peer = { kind: "Peer" as const, name: "peer" };
  const called = { ...common, protocol: "grpc" };
  return [
    { ...peer, variant: "client", members: { ...called, call: { audience: "a", client } } },
    {
      ...peer,
      variant: "token",
      members: { ...called, call: { audience: "a", tokenFile: "file:/run/token" } },
    },
    {
      ...peer,
      variant: "account",
      members: { ...called, call: { audience: "a", serviceAccount: "file:/run/account.json" } },
    },
    {
      ...peer,
      variant: "secret",
      members: {
        ...called,
        call: {
          client: { tokenEndpoint: "https://i.example/t", id: "c", secret: "file:/run/secret" },
        },
      },
    },
    {
      ...peer,
      variant: "reference",
      members: {
        ...called,
        compatibility: "reference",
        send: { ...common.send, symptomOnset: false, selfReport: false },
      },
    },
    { ...peer, variant: "efgs", members: { ...common, protocol: "efgs", efgs: efgs(certificate) } },
  ];
}

function efgs(certificate: string): object {
  return {
    country: "IE",
    participants: ["IE", "DE"],
    countries: { MAG: "IE" },
    clientCertificate: { certificate: "file:/keys/tls.pem", key: "file:/keys/tls.key" },
    signingKey: "local:efgs",
    signingCertificate: certificate,
    format: "json",
    selfReport: true,
    revisions: true,
    minKeys: 10,
    existing: "stored",
    verifySignatures: "require",
    trustAnchor: certificate,
    signers: [HEX],
    maxAgeDays: 3,
    dsos: "drop",
    chgs: true,
    certificateHeaders: true,
    callback: { id: "one", url: "https://we.example/efgs", certificateFingerprint: HEX },
  };
}

const thumbprintOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
