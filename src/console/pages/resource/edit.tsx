import { changeResources } from "../../../admin/change.ts";
import { wholeAgreement } from "../../../../federation/policy/selection.ts";
import { type Kind, kindOfPlural, KINDS, type Resource } from "../../../model/resource/kinds.ts";
import type { StoredResource } from "../../../store/resource/resources.ts";
import { pageAnswer, seeOther } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import { Difference } from "../../parts/difference.tsx";
import { Choice, ErrorSummary, Field, type FieldFaults, Form, Hidden } from "../../parts/form.tsx";
import type { Html } from "../../parts/html.ts";
import { Page } from "../../parts/page.tsx";
import { Notice } from "../../parts/status.tsx";
import { NotFound } from "../refusals.tsx";
import { KIND_WORDS, RESOURCE_FIELDS, type ResourceField } from "./fields.ts";
import { findResource, resourcePath } from "./find.ts";
import {
  fieldFaults,
  type FormValues,
  initialValues,
  typedResource,
  typedValues,
  valuesOf,
} from "./form-values.ts";
import { PreviewPart } from "./preview.tsx";

/** What is edited: a resource that exists, or a new one of a kind. */
type Subject = { readonly kind: Kind; readonly stored: StoredResource | undefined };

/** `GET /console/:plural/new` and `/:plural/:name/edit`: the form of a resource. */
export const editPage: Handler = async (call) => {
  const subject = await subjectOf(call);
  if (subject === undefined) return await missing(call);
  const { kind, stored } = subject;
  const values = stored === undefined ? initialValues(kind) : valuesOf(stored.resource);
  return await draw(call, subject, {
    name: stored?.resource.name ?? "",
    values,
    version: stored?.version ?? 0,
    faults: {},
  });
};

/** `POST` to the same addresses: shows what would change, then, from there, changes it. */
export const saveResource: Handler = async (call) => {
  const subject = await subjectOf(call);
  if (subject === undefined) return await missing(call);
  const { deps, visit, form } = call;
  const { kind, stored } = subject;
  const values = typedValues(kind, form);
  const name = stored?.resource.name ?? (form.get("name") ?? "").trim();
  const version = Number(/^\d{1,9}$/.exec(form.get("version") ?? "")?.[0] ?? 0);
  const again = (faults: FieldFaults, conflict?: StoredResource) =>
    draw(call, subject, { name, values, version, faults, conflict });
  const typed = typedResource(kind, name, values);
  if (!typed.ok) return await again(typed.faults);
  const request = { actor: visit.actor, puts: [typed.resource], expectedVersion: version };
  const save = form.get("step") === "save";
  const outcome = await changeResources(deps.resources, deps.keys, { ...request, dryRun: !save });
  if (!outcome.ok) {
    if (outcome.reason === "faults") return await again(fieldFaults(kind, outcome.faults));
    const newest = await findResource(deps, kind, name);
    // The same form, sent twice: it has changed what it was to change.
    if (save && newest !== undefined && same(newest.resource, typed.resource)) {
      return seeOther(`${resourcePath(kind, name)}?done=saved`);
    }
    if (newest === undefined) return await again({ name: "It was deleted meanwhile." });
    return stored === undefined
      ? await again({ name: `There is ${KIND_WORDS[kind].one} ${name} already.` })
      : await draw(call, subject, {
        name,
        values,
        version: newest.version,
        faults: {},
        conflict: newest,
      });
  }
  const unchanged = outcome.differences.every((one) => one.action === "keep");
  if (unchanged) return seeOther(`${resourcePath(kind, typed.resource.name)}?done=same`);
  if (!save) return await review(call, subject, typed.resource, values, version);
  await deps.changed();
  return seeOther(`${resourcePath(kind, typed.resource.name)}?done=saved`);
};

const same = (left: Resource, right: Resource): boolean =>
  JSON.stringify(left) === JSON.stringify(right);

async function subjectOf({ deps, param }: Call): Promise<Subject | undefined> {
  const kind = kindOfPlural(param("plural"));
  if (kind === undefined) return undefined;
  const name = param("name");
  if (name === "") return { kind, stored: undefined };
  const stored = await findResource(deps, kind, name);
  return stored === undefined ? undefined : { kind, stored };
}

async function missing({ visit }: Call): Promise<Response> {
  return await pageAnswer(<NotFound visit={visit} />, 404);
}

type Drawn = {
  readonly name: string;
  readonly values: FormValues;
  readonly version: number;
  readonly faults: FieldFaults;
  /** What somebody else made of it meanwhile. */
  readonly conflict?: StoredResource | undefined;
};

async function draw(call: Call, { kind, stored }: Subject, drawn: Drawn): Promise<Response> {
  const { visit } = call;
  const { name, values, version, faults, conflict } = drawn;
  const { one, many, at } = KIND_WORDS[kind];
  const wrong = Object.keys(faults).length > 0;
  const title = stored === undefined ? `Add ${article(one)} ${one}` : `Edit ${name}`;
  const action = stored === undefined
    ? `/console/${KINDS[kind].plural}/new`
    : `${resourcePath(kind, name)}/edit`;
  const back = stored === undefined ? listPath(kind) : resourcePath(kind, name);
  const page = (
    <Page
      visit={visit}
      title={wrong ? `Error: ${title}` : title}
      at={at}
      crumbs={[{ name: many, href: listPath(kind) }]}
      lead="Nothing changes before you have seen the difference."
    >
      <div class="stackv">
        {conflict === undefined
          ? null
          : <Conflict conflict={conflict} values={values} name={name} />}
        <ErrorSummary faults={faults} />
        <Form csrf={visit.csrf} action={action} kind="card form">
          <Hidden fields={{ version: String(version) }} />
          {stored !== undefined ? null : (
            <Field
              name="name"
              label="Name"
              hint={kind === "HealthAuthority"
                ? "The health authority ID that apps send."
                : "Letters, digits, dots, dashes and underscores. It cannot be changed later."}
              value={name}
              width="mid"
              faults={faults}
            />
          )}
          {RESOURCE_FIELDS[kind].map(({ legend, fields }) => (
            <fieldset>
              <legend>{legend}</legend>
              <div class="form">
                {fields.map((field) => (
                  <ResourceFieldPart
                    field={field}
                    value={values[field.path] ?? ""}
                    faults={faults}
                  />
                ))}
              </div>
            </fieldset>
          ))}
          <div class="actions">
            <button type="submit" class="button">Review the change</button>
            <a href={back}>Leave without a change</a>
          </div>
        </Form>
      </div>
    </Page>
  );
  return await pageAnswer(page, wrong ? 422 : conflict === undefined ? 200 : 409);
}

const article = (word: string): string => /^[aeiou]/.test(word) ? "an" : "a";

function listPath(kind: Kind): string {
  return KIND_WORDS[kind].at;
}

function ResourceFieldPart({ field, value, faults }: {
  readonly field: ResourceField;
  readonly value: string;
  readonly faults: FieldFaults;
}): Html {
  const { path, label, hint, kind, choices, width } = field;
  if (kind === "flag") return <Choice name={path} label={label} hint={hint} on={value === "on"} />;
  return (
    <Field
      name={path}
      label={label}
      hint={hint}
      value={value}
      faults={faults}
      {...(width === undefined ? {} : { width })}
      {...(choices === undefined ? {} : { choices })}
      lines={kind === "yaml"}
    />
  );
}

function Conflict({ conflict, values, name }: {
  readonly conflict: StoredResource;
  readonly values: FormValues;
  readonly name: string;
}): Html {
  const { resource } = conflict;
  const typed = typedResource(resource.kind, name, values);
  return (
    <Notice tone="warn">
      <p>
        <strong>Somebody changed {name} while you were editing it.</strong>{" "}
        Your changes are kept below: compare, and save again. Nothing of yours was saved.
      </p>
      <p>From what is in force now to what you typed:</p>
      <Difference
        label="Difference between both versions"
        before={resource}
        after={typed.ok ? typed.resource : undefined}
      />
    </Notice>
  );
}

async function review(
  call: Call,
  { kind, stored }: Subject,
  resource: Resource,
  values: FormValues,
  version: number,
): Promise<Response> {
  const { deps, visit } = call;
  const { one, many, at } = KIND_WORDS[kind];
  const { name } = resource;
  const action = stored === undefined
    ? `/console/${KINDS[kind].plural}/new`
    : `${resourcePath(kind, name)}/edit`;
  const previews = resource.kind !== "Peer" ? undefined : {
    then: await deps.preview(resource),
    now: stored?.resource.kind === "Peer" ? await deps.preview(stored.resource) : undefined,
    sends: wholeAgreement(resource).regions.length > 0,
  };
  if (previews !== undefined) {
    await deps.audit.add(visit.actor, [{ action: "preview", kind: "Peer", name }]);
  }
  return await pageAnswer(
    <Page
      visit={visit}
      title={stored === undefined ? `Add ${name}?` : `Change ${name}?`}
      at={at}
      crumbs={[{ name: many, href: listPath(kind) }]}
      lead="Nothing has changed yet."
    >
      <div class="stackv">
        <section class="card">
          <h2>The difference</h2>
          <Difference label={`Change of ${name}`} before={stored?.resource} after={resource} />
        </section>
        {previews === undefined ? null : <PreviewPart {...previews} />}
        <Form csrf={visit.csrf} action={action} kind="card actions">
          <Hidden fields={{ ...values, name, version: String(version), step: "save" }} />
          <button type="submit" class="button">
            {stored === undefined ? `Add the ${one}` : `Save the ${one}`}
          </button>
          <a href={stored === undefined ? listPath(kind) : resourcePath(kind, name)}>
            Leave without a change
          </a>
        </Form>
      </div>
    </Page>,
  );
}
