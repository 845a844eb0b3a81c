import { mayAct } from "../../../model/actor.ts";
import { kindOfPlural, referencesOf, type Resource } from "../../../model/resource/kinds.ts";
import { pageAnswer } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import type { Children, Html, LaterHtml } from "../../parts/html.ts";
import { Code } from "../../parts/code.tsx";
import { Page } from "../../parts/page.tsx";
import { Facts } from "../../parts/table.tsx";
import { NotFound } from "../refusals.tsx";
import { JustDone } from "../saved.tsx";
import { KIND_WORDS, RESOURCE_FIELDS } from "./fields.ts";
import { findResource, resourcePath } from "./find.ts";
import { valuesOf } from "./form-values.ts";
import { IssuerParts } from "./issuer.tsx";
import { SigningKeyParts } from "./signing-key.tsx";

/** `GET /console/:plural/:name`: one resource. */
export const onePage: Handler = async (call) => {
  const { deps, visit, param } = call;
  const kind = kindOfPlural(param("plural"));
  if (kind === undefined) return await pageAnswer(<NotFound visit={visit} />, 404);
  const { one, many, at } = KIND_WORDS[kind];
  const stored = await findResource(deps, kind, param("name"));
  if (stored === undefined) {
    const what = `There is no ${one} of this name.`;
    return await pageAnswer(
      <NotFound visit={visit} what={what} list={{ name: many, href: at }} />,
      404,
    );
  }
  const { resource } = stored;
  const described = await deps.describe(resource).catch(() => ({}));
  return await pageAnswer(
    <Page
      visit={visit}
      title={resource.name}
      at={at}
      crumbs={[{ name: many, href: at }]}
      actions={<EditButtons call={call} resource={resource} />}
    >
      <JustDone call={call} />
      <div class="part stackv">
        {resource.kind === "Issuer"
          ? <IssuerParts call={call} issuer={resource} described={described} />
          : null}
        {resource.kind === "SigningKey"
          ? <SigningKeyParts call={call} signingKey={resource} described={described} />
          : null}
        <Members resource={resource} />
        <UsedBy call={call} resource={resource} />
      </div>
    </Page>,
  );
};

/** "Edit" and "Delete", for those who may. */
export function EditButtons(
  { call, resource }: { readonly call: Call; readonly resource: Resource },
): Html | null {
  if (!mayAct(call.visit.session.role, "admin")) return null;
  const path = resourcePath(resource.kind, resource.name);
  return (
    <>
      <a class="button quiet" href={`${path}/delete`}>Delete</a>
      <a class="button" href={`${path}/edit`}>Edit</a>
    </>
  );
}

/** Every member with its label; those that are empty say what that means. */
export function Members({ resource }: { readonly resource: Resource }): Html {
  const values = valuesOf(resource);
  return (
    <section class="card">
      <h2>As it is configured</h2>
      {RESOURCE_FIELDS[resource.kind].map(({ legend, fields }) => (
        <>
          <h3>{legend}</h3>
          <Facts
            facts={fields.map(({ path, label, kind }): [string, Children] => {
              const value = values[path] ?? "";
              if (kind === "flag") return [label, value === "on" ? "yes" : "no"];
              if (value === "") return [label, <span class="muted">not set</span>];
              if (kind === "yaml") {
                return [label, <Code name={label} text={value} />];
              }
              return [label, value];
            })}
          />
        </>
      ))}
    </section>
  );
}

async function UsedBy(
  { call, resource }: { readonly call: Call; readonly resource: Resource },
): LaterHtml {
  const { resources } = await call.deps.resources.all();
  const users = resources.map((stored) => stored.resource).filter((other) =>
    referencesOf(other).some((one) => one.kind === resource.kind && one.name === resource.name)
  );
  const references = referencesOf(resource);
  if (users.length + references.length === 0) return await <></>;
  return await (
    <section class="card">
      <h2>Belongs together</h2>
      <Facts
        facts={[
          ...users.map((other): [string, Children] => [
            `Used by ${KIND_WORDS[other.kind].one}`,
            <a href={resourcePath(other.kind, other.name)}>{other.name}</a>,
          ]),
          ...references.map(({ kind, name }): [string, Children] => [
            `Uses ${KIND_WORDS[kind].one}`,
            <a href={resourcePath(kind, name)}>{name}</a>,
          ]),
        ]}
      />
    </section>
  );
}
