import { faultsText } from "../../../admin/fault.ts";
import { parseResources } from "../../../admin/documents.ts";
import type { Resource } from "../../../model/resource/kinds.ts";
import type { FieldFaults } from "../../parts/form.tsx";

/** What a throw-away issuer calls itself; its private key is `local:` and the name of its resource. */
export const TRIAL_ISSUER = { issuer: "wayfarer.trial", audience: "wayfarer" } as const;

/** What somebody types on the way to a region. */
export type SetupValues = {
  readonly region: string;
  readonly authority: string;
  readonly certifier: "trial" | "jwks" | "pem";
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  readonly keyVersion: string;
  readonly publicKeyPem: string;
  readonly period: string;
  readonly keyId: string;
  readonly version: string;
  readonly includeTravelers: string;
};

/** What the first page begins with. */
export const INITIAL_VALUES: SetupValues = {
  region: "",
  authority: "",
  certifier: "trial",
  issuer: "",
  audience: "",
  jwksUri: "",
  keyVersion: "v1",
  publicKeyPem: "",
  period: "4h",
  keyId: "",
  version: "v1",
  includeTravelers: "",
};

/** The steps, a page each. */
export const SETUP_STEPS = ["name", "certificates", "files", "make"] as const;
export type SetupStep = typeof SETUP_STEPS[number];

/** The fields of each page: what is checked before the next one. */
const FIELDS: { readonly [S in SetupStep]: readonly (keyof SetupValues)[] } = {
  name: ["region", "authority"],
  certificates: ["issuer", "audience", "jwksUri", "keyVersion", "publicKeyPem"],
  files: ["period", "keyId", "version"],
  make: [],
};

/** What was typed so far. */
export function typedSetup(form: URLSearchParams): SetupValues {
  const given = (name: keyof SetupValues): string => {
    const text = form.get(name) ?? INITIAL_VALUES[name];
    return text.replaceAll("\r\n", "\n").trim();
  };
  const certifier = given("certifier");
  const region = given("region").toUpperCase();
  return {
    region,
    authority: given("authority") || region.toLowerCase(),
    certifier: certifier === "jwks" || certifier === "pem" ? certifier : "trial",
    issuer: given("issuer"),
    audience: given("audience"),
    jwksUri: given("jwksUri"),
    keyVersion: given("keyVersion"),
    publicKeyPem: given("publicKeyPem"),
    period: given("period"),
    keyId: given("keyId") || region.replaceAll("-", "_"),
    version: given("version"),
    includeTravelers: form.get("includeTravelers") === "on" ? "on" : "",
  };
}

/** The name that the region's resources share. */
export function nameOf({ region }: Pick<SetupValues, "region">): string {
  return region.toLowerCase().replace(/^[^a-z0-9]+/, "");
}

/** The resources that make a region, or what is wrong with what was typed. `trialPem`: the trial issuer's public key. */
export function plannedResources(
  values: SetupValues,
  bucket: string,
  trialPem: string,
): { readonly resources: readonly Resource[]; readonly faults: FieldFaults } {
  const name = nameOf(values);
  const issuerName = values.certifier === "trial" ? `${name}-trial` : `${name}-issuer`;
  const parsed = parseResources([
    { kind: "Issuer", name: issuerName, ...issuerMembers(values, trialPem) },
    {
      kind: "HealthAuthority",
      name: values.authority,
      regions: [values.region],
      acceptIssuers: [issuerName],
    },
    {
      kind: "SigningKey",
      name: `${name}-signer`,
      key: `local:${name}-signer`,
      keyId: values.keyId,
      version: values.version,
    },
    {
      kind: "ExportConfig",
      name,
      bucket,
      filenameRoot: name,
      period: values.period,
      outputRegion: values.region,
      includeTravelers: values.includeTravelers === "on",
      signingKeys: [`${name}-signer`],
    },
  ], "form");
  if (parsed.ok) return { resources: parsed.resources, faults: {} };
  const faults: Record<string, string> = {};
  for (const fault of parsed.faults) {
    const field = FIELD_OF.find(([pattern]) => pattern.test(fault.path))?.[1] ?? "region";
    faults[field] ??= `${LABELS[field]} ${fault.message}.`;
  }
  if (Object.keys(faults).length === 0) faults["region"] = faultsText(parsed.faults);
  return { resources: [], faults };
}

function issuerMembers(values: SetupValues, trialPem: string): Readonly<Record<string, unknown>> {
  switch (values.certifier) {
    case "trial":
      return { ...TRIAL_ISSUER, keys: [{ version: "v1", publicKeyPem: trialPem }] };
    case "jwks":
      return { issuer: values.issuer, audience: values.audience, jwksUri: values.jwksUri };
    case "pem":
      return {
        issuer: values.issuer,
        audience: values.audience,
        keys: [{ version: values.keyVersion, publicKeyPem: values.publicKeyPem }],
      };
  }
}

const FIELD_OF: readonly (readonly [RegExp, keyof SetupValues])[] = [
  [/: issuer$/, "issuer"],
  [/: audience$/, "audience"],
  [/: jwksUri$/, "jwksUri"],
  [/: keys\.0\.version$/, "keyVersion"],
  [/: keys/, "publicKeyPem"],
  [/: period$/, "period"],
  [/: keyId$/, "keyId"],
  [/^SigningKey.*: version$/, "version"],
  [/^HealthAuthority.*: name$/, "authority"],
];

const LABELS: Readonly<Record<keyof SetupValues, string>> = {
  region: "The region",
  authority: "The health authority ID",
  certifier: "Who certifies",
  issuer: "iss",
  audience: "aud",
  jwksUri: "The address of the key set",
  keyVersion: "The version of the key",
  publicKeyPem: "The public key",
  period: "The length of a window",
  keyId: "The key ID",
  version: "The version",
  includeTravelers: "Travelers",
};

/** Those of the faults that the page of a step can mend. */
export function faultsOfStep(step: SetupStep, faults: FieldFaults): FieldFaults {
  return Object.fromEntries(
    Object.entries(faults).filter(([name]) => FIELDS[step].some((field) => field === name)),
  );
}
