import { changeResources } from "../../../admin/change.ts";
import { regionMember } from "../../../model/resource/members.ts";
import { resourcesYaml } from "../../../admin/resources-yaml.ts";
import { pageAnswer, seeOther } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import { Code } from "../../parts/code.tsx";
import { Choice, ErrorSummary, Field, type FieldFaults, Form, Hidden } from "../../parts/form.tsx";
import type { Html } from "../../parts/html.ts";
import { Page } from "../../parts/page.tsx";
import { Steps } from "../../parts/steps.tsx";
import { KIND_WORDS } from "../resource/fields.ts";
import {
  faultsOfStep,
  INITIAL_VALUES,
  nameOf,
  plannedResources,
  SETUP_STEPS,
  type SetupStep,
  type SetupValues,
  typedSetup,
} from "./plan.ts";

/** A key for checking what was typed before the trial issuer's own is made. */
const PLACEHOLDER_PEM =
  "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";

/** `GET /console/setup`: the first of four pages. */
export const setupPage: Handler = (call) => draw(call, "name", INITIAL_VALUES, {});

/** `POST /console/setup`: from page to page with what was typed, and at the end makes it all. */
export const setUp: Handler = async (call) => {
  const { deps, form } = call;
  const values = typedSetup(form);
  const step = stepNamed(form.get("step"));
  const to = stepNamed(form.get("to"));
  const making = form.get("go") === "make";
  if (!making && SETUP_STEPS.indexOf(to) < SETUP_STEPS.indexOf(step)) {
    return await draw(call, to, values, {});
  }
  // Names of all that is made come from the region, so that its mistake would show everywhere.
  const region = regionMember.safeParse(values.region);
  if (!region.success) {
    const text = `The region ${region.error.issues[0]?.message ?? "is none"}.`;
    return await draw(call, "name", values, { region: text });
  }
  const { faults } = plannedResources(values, deps.exportBucket, PLACEHOLDER_PEM);
  const here = faultsOfStep(step, faults);
  if (Object.keys(here).length > 0) return await draw(call, step, values, here);
  if (!making) return await draw(call, to, values, {});
  return await make(call, values);
};

const stepNamed = (text: string | null): SetupStep =>
  SETUP_STEPS.find((step) => step === text) ?? "name";

async function make(call: Call, values: SetupValues): Promise<Response> {
  const { deps, visit } = call;
  const name = nameOf(values);
  // Sent twice: it is there already.
  if ((await deps.cache.fresh()).get("ExportConfig", name) !== undefined) {
    return seeOther(`/console/setup/${name}`);
  }
  const trialKey = `local:${name}-trial`;
  if (values.certifier === "trial" && !await deps.keys.exists(trialKey)) {
    await deps.keys.create(trialKey, "sign");
  }
  const trialPem = values.certifier === "trial" ? await deps.keys.publicKeyPem(trialKey) : "";
  const { resources, faults } = plannedResources(values, deps.exportBucket, trialPem);
  if (resources.length === 0) return await draw(call, "make", values, faults);
  const outcome = await changeResources(deps.resources, deps.keys, {
    actor: visit.actor,
    puts: resources,
  });
  if (!outcome.ok) {
    const text = outcome.reason === "faults"
      ? outcome.faults.map((fault) => `${fault.path} ${fault.message}`).join("; ")
      : "somebody changed the configuration meanwhile";
    return await draw(call, "name", values, { region: `${text}. Nothing was made.` });
  }
  await deps.changed();
  return seeOther(`/console/setup/${name}`);
}

const TITLES = {
  name: "Name",
  certificates: "Certificates",
  files: "Files",
  make: "Make and try",
} as const;

async function draw(
  call: Call,
  step: SetupStep,
  values: SetupValues,
  faults: FieldFaults,
): Promise<Response> {
  const { visit } = call;
  const at = SETUP_STEPS.indexOf(step);
  const wrong = Object.keys(faults).length > 0;
  const page = (
    <Page
      visit={visit}
      title={wrong ? "Error: Set up a region" : "Set up a region"}
      at="/console/setup"
      lead="Four short steps. Everything can be changed later, and nothing is made until the last one."
    >
      <div class="card">
        <Steps
          label="Steps"
          steps={SETUP_STEPS.map((one, index) => ({
            name: TITLES[one],
            state: index < at ? "done" : index === at ? "now" : "next",
            text: doneText(one, values, index < at),
          }))}
        />
      </div>
      <div class="part stackv">
        <ErrorSummary faults={faults} />
        <Form csrf={visit.csrf} action="/console/setup" kind="card form">
          <Carried step={step} values={values} />
          <StepFields step={step} values={values} faults={faults} deps={call.deps} />
          <div class="actions">
            {step === "make"
              ? <button type="submit" class="button" name="go" value="make">Make it</button>
              : (
                <button type="submit" class="button" name="to" value={SETUP_STEPS[at + 1]}>
                  Save and continue
                </button>
              )}
            {at === 0
              ? null
              : (
                <button type="submit" class="button quiet" name="to" value={SETUP_STEPS[at - 1]}>
                  Back to {TITLES[SETUP_STEPS[at - 1] ?? "name"].toLowerCase()}
                </button>
              )}
          </div>
        </Form>
      </div>
    </Page>
  );
  return await pageAnswer(page, wrong ? 422 : 200);
}

function doneText(step: SetupStep, values: SetupValues, done: boolean): string {
  if (step === "name") return done ? `${values.region}, ${values.authority}` : "region, authority";
  if (step === "certificates") {
    if (!done) return "who issues them";
    return values.certifier === "trial" ? "a throw-away issuer" : values.issuer;
  }
  if (step === "files") return done ? `every ${values.period}` : "how often, signed by";
  return "";
}

/** What other pages typed goes along unseen. */
function Carried(
  { step, values }: { readonly step: SetupStep; readonly values: SetupValues },
): Html {
  const own: Readonly<Record<SetupStep, readonly string[]>> = {
    name: ["region", "authority"],
    certificates: ["certifier", "issuer", "audience", "jwksUri", "keyVersion", "publicKeyPem"],
    files: ["period", "keyId", "version", "includeTravelers"],
    make: [],
  };
  const others = Object.entries(values).filter(([name]) => !own[step].includes(name));
  return <Hidden fields={{ ...Object.fromEntries(others), step }} />;
}

type StepProps = { readonly values: SetupValues; readonly faults: FieldFaults };

function StepFields(
  { step, values, faults, deps }: StepProps & {
    readonly step: SetupStep;
    readonly deps: Call["deps"];
  },
): Html {
  switch (step) {
    case "name":
      return <NameFields values={values} faults={faults} />;
    case "certificates":
      return <CertificateFields values={values} faults={faults} />;
    case "files":
      return <FileFields values={values} faults={faults} />;
    case "make":
      return <Review values={values} bucket={deps.exportBucket} />;
  }
}

function NameFields({ values, faults }: StepProps): Html {
  return (
    <>
      <Field
        name="region"
        label="Region"
        hint="The code that apps and files name: of a country or a part of it. Like MAG or US-CA."
        value={values.region}
        width="short"
        faults={faults}
      />
      <Field
        name="authority"
        label="Health authority ID"
        hint="What the app sends with its keys. Leave empty for the region in lower case."
        value={values.authority}
        width="mid"
        faults={faults}
      />
    </>
  );
}

function CertificateFields({ values, faults }: StepProps): Html {
  const { certifier } = values;
  const choice = (value: SetupValues["certifier"], label: string, hint: string) => (
    <Choice
      name="certifier"
      label={label}
      hint={hint}
      on={certifier === value}
      value={value}
      one
    />
  );
  return (
    <>
      <fieldset>
        <legend>Who issues certificates?</legend>
        {choice(
          "trial",
          "A throw-away issuer, for trying",
          "This server makes one. Replace it before real people publish.",
        )}
        {choice(
          "jwks",
          "Our verification server publishes its keys",
          "They are read from its key set (JWKS).",
        )}
        {choice(
          "pem",
          "Our verification server, with a key that I paste",
          "One public key in PEM; more can be added later.",
        )}
      </fieldset>
      <fieldset>
        <legend>About your verification server</legend>
        <p class="hint">Leave all of these alone for a throw-away issuer.</p>
        <div class="form">
          <Field
            name="issuer"
            label="iss"
            hint="The issuer that its certificates name. Like diagnosis.mag.example."
            value={values.issuer}
            width="mid"
            faults={faults}
          />
          <Field
            name="audience"
            label="aud"
            hint="The audience that its certificates name. Like keys.mag.example."
            value={values.audience}
            width="mid"
            faults={faults}
          />
          <Field
            name="jwksUri"
            label="Address of its key set"
            hint="Only when it publishes its keys. Like https://diagnosis.mag.example/jwks."
            value={values.jwksUri}
            faults={faults}
          />
          <Field
            name="keyVersion"
            label="Version of the key (kid)"
            hint="Only when you paste a key. Like v1."
            value={values.keyVersion}
            width="short"
            faults={faults}
          />
          <Field
            name="publicKeyPem"
            label="Public key"
            hint="Only when you paste a key: PEM that begins with -----BEGIN PUBLIC KEY-----."
            value={values.publicKeyPem}
            faults={faults}
            lines
          />
        </div>
      </fieldset>
    </>
  );
}

function FileFields({ values, faults }: StepProps): Html {
  return (
    <>
      <Field
        name="period"
        label="How long is a window?"
        hint="Each window becomes one file. Like 4h or 30m; it must divide a day."
        value={values.period}
        width="short"
        faults={faults}
      />
      <Field
        name="keyId"
        label="Key ID"
        hint="The mobile country code (MCC) of your region, three digits, as agreed with Apple and Google. Like 310. Leave empty for the region while you try."
        value={values.keyId}
        width="short"
        faults={faults}
      />
      <Field
        name="version"
        label="Version of the signing key"
        hint="As agreed with Apple and Google. The key is made by this server and kept in its database, wrapped by the master key in DATA_DIR: back that up."
        value={values.version}
        width="short"
        faults={faults}
      />
      <Choice
        name="includeTravelers"
        label="Let files carry travelers' keys of every region"
        hint="Useful when many people travel between regions. Can be changed later."
        on={values.includeTravelers === "on"}
      />
    </>
  );
}

function Review(
  { values, bucket }: { readonly values: SetupValues; readonly bucket: string },
): Html {
  const { resources } = plannedResources(values, bucket, PLACEHOLDER_PEM);
  return (
    <>
      <h2>What will be made</h2>
      <ul class="diff" aria-label="What is made">
        {resources.map(({ kind, name }) => (
          <li class="add">
            <span class="sign" aria-hidden="true">+</span>
            <ins>
              <span class="hide">Added:</span>
              {KIND_WORDS[kind].one} {name}
            </ins>
          </li>
        ))}
      </ul>
      <details>
        <summary>The same as a file for wayfarer apply</summary>
        <Code name="region.yaml" text={resourcesYaml(resources)} />
      </details>
    </>
  );
}
