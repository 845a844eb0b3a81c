import type { Kind } from "../../../model/resource/kinds.ts";

/** How a member is typed: `list` is divided by commas or spaces, `yaml` is a block as `wayfarer apply` reads it. */
export type FieldKind = "text" | "number" | "list" | "flag" | "yaml" | "choice";

/** A member of a resource as a field of a form. */
export type ResourceField = {
  /** Where it stands: `send.regions`. */
  readonly path: string;
  readonly label: string;
  /** What it is for, with an example. */
  readonly hint: string;
  readonly kind: FieldKind;
  readonly choices?: readonly string[];
  /** `short` or `mid`. */
  readonly width?: string;
  /** What a new resource begins with. */
  readonly initial?: string;
};

/** Fields that belong together. */
export type FieldGroup = { readonly legend: string; readonly fields: readonly ResourceField[] };

const text = (path: string, label: string, hint: string, more: Partial<ResourceField> = {}) => ({
  path,
  label,
  hint,
  kind: "text" as const,
  width: "mid",
  ...more,
});
const list = (path: string, label: string, hint: string) => ({
  path,
  label,
  hint,
  kind: "list" as const,
});
const flag = (path: string, label: string, hint: string, initial = "") => ({
  path,
  label,
  hint,
  kind: "flag" as const,
  initial,
});

const span: FieldGroup = {
  legend: "When it counts",
  fields: [
    text("from", "From", "Leave empty for always. Like 2026-01-31T00:00:00Z."),
    text("thru", "Until", "Leave empty for no end. Like 2026-12-31T00:00:00Z."),
  ],
};
const keysHint = "YAML as in `wayfarer apply`, an entry a key:";
const calls = (what: "pull" | "push", about: string): FieldGroup => ({
  legend: what === "pull" ? "We call and fetch (pull)" : "We call and hand over (push)",
  fields: [
    flag(`${what}.enabled`, "On", about),
    text(`${what}.interval`, "How often", "Like 5m or 1h, from 1s to 24h.", {
      width: "short",
      initial: "5m",
    }),
    text(`${what}.pageSize`, "Keys a page", "1 to 5,000.", {
      kind: "number",
      width: "short",
      initial: "2000",
    }),
  ],
});

/** The form of each kind of resource, its name apart. */
export const RESOURCE_FIELDS: { readonly [K in Kind]: readonly FieldGroup[] } = {
  HealthAuthority: [
    {
      legend: "For whom it publishes",
      fields: [
        list(
          "regions",
          "Regions",
          "Codes of its keys' regions, divided by commas. Like MAG, MAG-N.",
        ),
        list(
          "acceptIssuers",
          "Issuers that it accepts",
          "Names of issuers of this server, divided by commas.",
        ),
      ],
    },
    {
      legend: "Device attestation",
      fields: [
        {
          path: "attestation",
          label: "What is asked of phones",
          hint: "YAML: mode (off, report or require), android, ios. Leave empty to ask nothing.",
          kind: "yaml",
        },
      ],
    },
    {
      legend: "For development only",
      fields: [
        flag(
          "bypassVerification",
          "Accept publishes without a valid certificate",
          "Off: every publish needs one. On: anybody can publish.",
        ),
        flag(
          "bypassRevisionToken",
          "Revise without a revision token",
          "Off: only the phone that published a key can revise it.",
        ),
        flag("allowDryRun", "Answer dry runs", "On: ?dryRun=1 tells app developers each check."),
      ],
    },
  ],
  Issuer: [
    {
      legend: "Its certificates",
      fields: [
        text("issuer", "iss", "The issuer that its certificates name. Like diagnosis.mag.example."),
        text("audience", "aud", "The audience that its certificates name. Like keys.mag.example."),
      ],
    },
    {
      legend: "Its public keys",
      fields: [
        text(
          "jwksUri",
          "Address of its key set",
          "Read every few minutes. Leave empty to give keys below. Like https://diagnosis.mag.example/jwks.",
          { width: "" },
        ),
        {
          path: "keys",
          label: "Keys given here",
          hint: `${keysHint} version (kid), publicKeyPem, and if needed from and thru.`,
          kind: "yaml",
        },
        flag("enableStatsApi", "May ask for statistics", "On: POST /v1/stats answers it."),
      ],
    },
  ],
  SigningKey: [
    {
      legend: "The key",
      fields: [
        text(
          "key",
          "Where it is",
          "local:NAME is kept in the database, wrapped by the master key, and made when it does not exist; file:PATH is a file that you mount.",
        ),
        text(
          "keyId",
          "Key ID",
          "The mobile country code (MCC) as agreed with Apple and Google. Like 310.",
          { width: "short" },
        ),
        text("version", "Version", "As agreed with Apple and Google. Like v1.", { width: "short" }),
        text("thru", "Signs until", "Leave empty for no end. Like 2026-12-31T00:00:00Z."),
      ],
    },
  ],
  ExportConfig: [
    {
      legend: "Files",
      fields: [
        text(
          "bucket",
          "Bucket",
          "Where files are stored. EXPORT_BUCKET is served below /exports/.",
          { initial: "exports" },
        ),
        text("filenameRoot", "Filename root", "First part of the files' names. Like mag."),
        text(
          "period",
          "How long is a window?",
          "Each window becomes one file. Like 4h or 30m; it must divide a day.",
          { width: "short", initial: "4h" },
        ),
        list(
          "signingKeys",
          "Signed by",
          "Names of signing keys, divided by commas; the newest last.",
        ),
        text("maxRecords", "Keys in one file at most", "Leave empty for EXPORT_FILE_MAX_RECORDS.", {
          kind: "number",
          width: "short",
        }),
        text("rollup", "Daily roll-up", "24h: also one file a day. Leave empty for none.", {
          kind: "choice",
          choices: ["", "24h"],
          width: "short",
        }),
      ],
    },
    {
      legend: "Which keys",
      fields: [
        text("outputRegion", "Region of the files", "The code that files name. Like MAG.", {
          width: "short",
        }),
        list("inputRegions", "Regions of the keys", "Leave empty for the region of the files."),
        list("excludeRegions", "Regions left out", "A key with any of these is not in the files."),
        flag(
          "includeTravelers",
          "Every traveler's key",
          "On: travelers' keys of any region are in.",
        ),
        flag("onlyNonTravelers", "No travelers' keys", "On: travelers' keys are out."),
      ],
    },
    span,
  ],
  ExportImport: [
    {
      legend: "Where from",
      fields: [
        text(
          "indexUrl",
          "Address of the index",
          "Like https://keys.sla.example/exports/sla/index.txt.",
          { width: "" },
        ),
        text(
          "exportRoot",
          "Address of the files",
          "What the lines of the index are relative to. Like https://keys.sla.example/exports/.",
          { width: "" },
        ),
        {
          path: "publicKeys",
          label: "Public keys",
          hint:
            `${keysHint} keyId, version, publicKeyPem, and if needed from and thru. A file counts when any of them signed it.`,
          kind: "yaml",
        },
      ],
    },
    {
      legend: "What the keys become",
      fields: [
        text("region", "Region", "Of the keys here. Like SLA.", { width: "short" }),
        flag("traveler", "They are travelers' keys", "On: exports and peers treat them so."),
      ],
    },
    span,
  ],
  Mirror: [
    {
      legend: "Where from",
      fields: [
        text(
          "indexUrl",
          "Address of the index",
          "Like https://keys.sla.example/exports/sla/index.txt.",
          { width: "" },
        ),
        text(
          "exportRoot",
          "Address of the files",
          "What the lines of the index are relative to. Like https://keys.sla.example/exports/.",
          { width: "" },
        ),
      ],
    },
    {
      legend: "Where to",
      fields: [
        text("bucket", "Bucket", "Where the copies are stored.", { initial: "exports" }),
        text("filenameRoot", "Filename root", "First part of the copies' names. Like sla."),
        text(
          "filenameRewrite",
          "Other names",
          "Leave empty to keep names. Like [timestamp]-[uuid].zip.",
        ),
      ],
    },
  ],
  Peer: [
    {
      legend: "Who it is",
      fields: [
        text("serverId", "Server ID", "Its URL. Like https://keys.sla.example.", { width: "" }),
        text(
          "protocol",
          "Protocol",
          "auto finds out; grpc for servers that speak native gRPC alone; import for servers with files alone.",
          {
            kind: "choice",
            choices: ["auto", "grpc", "connect", "import"],
            width: "short",
            initial: "auto",
          },
        ),
        text(
          "compatibility",
          "Habits",
          "reference for a deployed reference server: no days since onset and no self reports go to it, and nothing is pushed. Else leave it empty.",
          { kind: "choice", choices: ["", "reference"], width: "short" },
        ),
        {
          path: "auth",
          label: "How it proves who it is",
          hint:
            "YAML: issuer, subject, audience, jwks (pinned public keys), certificateFingerprint. Leave empty: its own published keys count.",
          kind: "yaml",
        },
      ],
    },
    {
      legend: "Who we are towards it",
      fields: [
        {
          path: "call",
          label: "How we prove who we are",
          hint:
            "YAML: audience, and one of tokenFile, serviceAccount and client. Leave empty: our own tokens, for its server ID.",
          kind: "yaml",
        },
      ],
    },
    {
      legend: "What we send",
      fields: [
        list("send.regions", "Regions", "An empty list sends nothing. Like MAG."),
        list("send.excludeRegions", "Regions left out", "A key with any of these never goes out."),
        flag(
          "send.onlyTravelers",
          "Only travelers' keys",
          "Off: every key of these regions.",
          "on",
        ),
        flag(
          "send.resend",
          "Also keys from other servers",
          "Keys whose home is another peer, at most four servers far.",
        ),
        flag(
          "send.symptomOnset",
          "Days since onset",
          "Off: keys go without them. Reference servers need that.",
          "on",
        ),
        flag(
          "send.selfReport",
          "Self reports",
          "Off: they stay here. Reference servers need that.",
          "on",
        ),
        text("send.maxKeysPerSecond", "Keys a second at most", "For what it fetches.", {
          kind: "number",
          width: "short",
          initial: "100000",
        }),
      ],
    },
    {
      legend: "What we take",
      fields: [
        list("accept.regions", "Regions", "In the peer's names. An empty list takes nothing."),
        flag(
          "accept.onlyTravelers",
          "Only travelers' keys",
          "Off: every key of these regions.",
          "on",
        ),
        flag("accept.acceptSelfReport", "Self reports", "On: also keys with no test behind them."),
        flag(
          "accept.acceptClinical",
          "Clinical diagnoses",
          "On: also keys of a diagnosis without a test.",
        ),
        {
          path: "accept.assignRegions",
          label: "Our names of its regions",
          hint: "YAML, a line each: SLA-OLD: SLA. Leave empty to keep its names.",
          kind: "yaml",
        },
      ],
    },
    calls("pull", "On: we fetch its keys."),
    calls("push", "On: we hand our keys over to it."),
    {
      legend: "European gateway",
      fields: [
        {
          path: "efgs",
          label: "How we take part in it",
          hint:
            "YAML: country, signingKey and so on. Only with the protocol efgs; else leave it empty.",
          kind: "yaml",
        },
      ],
    },
    span,
  ],
  Country: [
    {
      legend: "Its national back end",
      fields: [
        {
          path: "trustAnchor",
          label: "Trust anchor",
          hint:
            "YAML: a line with |, below it, indented, the PEM certificate or public key that must have signed each certificate. Leave empty if none has to.",
          kind: "yaml",
        },
        {
          path: "certificates",
          label: "Certificates",
          hint:
            `${keysHint} type (AUTHENTICATION or SIGNING), pem, and if needed thumbprint, operatorSignature and revokedAt.`,
          kind: "yaml",
        },
      ],
    },
  ],
};

/** What kinds are called. */
export const KIND_WORDS: {
  readonly [K in Kind]: {
    readonly one: string;
    readonly many: string;
    /** What the list is for. */
    readonly lead: string;
    /** How the first one comes. */
    readonly empty: string;
    /** The entry of the navigation that its pages belong to. */
    readonly at: string;
  };
} = {
  HealthAuthority: {
    one: "health authority",
    many: "Health authorities",
    lead: "Whom apps publish for: its regions, and whose certificates count.",
    empty: "Apps name a health authority when they publish. Without one every publish is refused.",
    at: "/console/healthAuthorities",
  },
  Issuer: {
    one: "issuer",
    many: "Issuers",
    lead: "Verification servers whose certificates are trusted.",
    empty: "A publish counts when an issuer certified it.",
    at: "/console/issuers",
  },
  SigningKey: {
    one: "signing key",
    many: "Signing keys",
    lead: "Keys that sign export files. Phones know their public halves.",
    empty: "Phones take only files that a key they know has signed.",
    at: "/console/signingKeys",
  },
  ExportConfig: {
    one: "export",
    many: "Export configurations",
    lead: "Which keys go into which files, how often, signed by whom.",
    empty: "Phones download files that an export makes.",
    at: "/console/exports",
  },
  ExportImport: {
    one: "import",
    many: "Imports",
    lead: "Other servers' export files, read into ours.",
    empty: "An import reads another server's files, and its keys go into ours.",
    at: "/console/imports",
  },
  Mirror: {
    one: "mirror",
    many: "Mirrors",
    lead: "Other servers' export files, copied unchanged.",
    empty: "A mirror copies another server's files, as they are.",
    at: "/console/imports",
  },
  Peer: {
    one: "peer",
    many: "Peers",
    lead: "Servers of other authorities with which there is an agreement.",
    empty: "Keys of travelers reach other authorities once there is an agreement.",
    at: "/console/peers",
  },
  Country: {
    one: "country",
    many: "Countries",
    lead: "National back ends that may use this server as their gateway.",
    empty: "A gateway exchanges keys between countries. Only a server with the role efgs is one.",
    at: "/console/countries",
  },
};
