import { changeResources } from "../../../admin/change.ts";
import { faultsText } from "../../../admin/fault.ts";
import { type Kind, kindOfPlural } from "../../../model/resource/kinds.ts";
import { pageAnswer, seeOther } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import { Difference } from "../../parts/difference.tsx";
import { ErrorSummary, Field, type FieldFaults, Form, Hidden } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";
import { NotFound } from "../refusals.tsx";
import type { StoredResource } from "../../../store/resource/resources.ts";
import { KIND_WORDS } from "./fields.ts";
import { findResource, resourcePath } from "./find.ts";

/** `GET /console/:plural/:name/delete`: what would be deleted, and the name to type. */
export const removePage: Handler = async (call) => {
  const found = await subject(call);
  if (found === undefined) return await pageAnswer(<NotFound visit={call.visit} />, 404);
  return await draw(call, found, {});
};

/** `POST /console/:plural/:name/delete`: deletes it, once its name was typed. */
export const removeResource: Handler = async (call) => {
  const { deps, visit, form, param } = call;
  const kind = kindOfPlural(param("plural"));
  if (kind === undefined) return await pageAnswer(<NotFound visit={visit} />, 404);
  const stored = await findResource(deps, kind, param("name"));
  const gone = `${KIND_WORDS[kind].at}?done=deleted`;
  // The same form, sent twice.
  if (stored === undefined) return seeOther(gone);
  const { name } = stored.resource;
  if ((form.get("typed") ?? "").trim() !== name) {
    return await draw(call, { kind, stored }, {
      typed: `What you typed is not ${name}. Nothing was deleted.`,
    });
  }
  const outcome = await changeResources(deps.resources, deps.keys, {
    actor: visit.actor,
    puts: [],
    removals: [{ kind, name }],
    expectedVersion: Number(form.get("version") ?? -1),
  });
  if (!outcome.ok) {
    const typed = outcome.reason === "version"
      ? "Somebody changed it meanwhile: look at it again. Nothing was deleted."
      : `It is still needed: ${faultsText(outcome.faults)}. Nothing was deleted.`;
    return await draw(call, { kind, stored }, { typed });
  }
  await deps.changed();
  return seeOther(gone);
};

async function subject(
  { deps, param }: Call,
): Promise<{ kind: Kind; stored: StoredResource } | undefined> {
  const kind = kindOfPlural(param("plural"));
  if (kind === undefined) return undefined;
  const stored = await findResource(deps, kind, param("name"));
  return stored === undefined ? undefined : { kind, stored };
}

async function draw(
  { visit }: Call,
  { kind, stored }: { readonly kind: Kind; readonly stored: StoredResource },
  faults: FieldFaults,
): Promise<Response> {
  const { name } = stored.resource;
  const { one, many, at } = KIND_WORDS[kind];
  const path = resourcePath(kind, name);
  const page = (
    <Page
      visit={visit}
      title={`Delete ${name}?`}
      at={at}
      crumbs={[{ name: many, href: at }, { name, href: path }]}
    >
      <div class="stackv">
        <ErrorSummary faults={faults} />
        <section class="card confirm">
          <p>
            <strong>This cannot be undone here.</strong>{" "}
            The audit log keeps what it was, so that you can make it again.
          </p>
          <Difference
            label={`What is deleted of ${name}`}
            before={stored.resource}
            after={undefined}
          />
          <Form csrf={visit.csrf} action={`${path}/delete`}>
            <Hidden fields={{ version: String(stored.version) }} />
            <Field
              name="typed"
              label={`To continue, type the name of the ${one}`}
              hint={<span class="type">{name}</span>}
              width="mono mid"
              faults={faults}
            />
            <div class="actions">
              <button type="submit" class="button danger">Delete the {one}</button>
              <a href={path}>Leave without a change</a>
            </div>
          </Form>
        </section>
      </div>
    </Page>
  );
  return await pageAnswer(page, Object.keys(faults).length === 0 ? 200 : 422);
}
