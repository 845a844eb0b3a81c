import { changeResources } from "../../../admin/change.ts";
import { encodeBase64 } from "../../../bytes/base64.ts";
import { platformKeysJson } from "../../../keys/public-keys.ts";
import { mayAct } from "../../../model/actor.ts";
import type { ExportConfig } from "../../../model/resource/export-config.ts";
import { secondsOf } from "../../../model/resource/members.ts";
import type { SigningKey } from "../../../model/resource/signing-key.ts";
import { pageAnswer, seeOther } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import { Code } from "../../parts/code.tsx";
import { ActionButton, ErrorSummary, Field, type FieldFaults, Form } from "../../parts/form.tsx";
import type { Html, LaterHtml } from "../../parts/html.ts";
import { Page } from "../../parts/page.tsx";
import { Notice } from "../../parts/status.tsx";
import { type Step, Steps } from "../../parts/steps.tsx";
import { length } from "../../parts/words.ts";
import { NotFound } from "../refusals.tsx";
import { fieldFaults } from "./form-values.ts";
import { findResource, resourcePath } from "./find.ts";

/** What is particular to a signing key: its public key, a test, and its rotation as steps. */
export function SigningKeyParts({ call, signingKey, described }: {
  readonly call: Call;
  readonly signingKey: SigningKey;
  readonly described: Readonly<Record<string, unknown>>;
}): Html {
  const { visit } = call;
  const pem = described["publicKeyPem"];
  const path = resourcePath("SigningKey", signingKey.name);
  return (
    <>
      {typeof pem !== "string"
        ? (
          <Notice tone="bad">
            <p>
              <strong>The key cannot be read.</strong> Files cannot be signed with it: check{" "}
              {signingKey.key}.
            </p>
          </Notice>
        )
        : (
          <div class="grid two">
            <Code name="Public key" text={pem.trimEnd()} />
            <Code
              name="JSON for Apple and Google"
              text={JSON.stringify(
                platformKeysJson([{ ...signingKey, publicKeyPem: pem }]),
                null,
                2,
              )}
            />
          </div>
        )}
      {mayAct(visit.session.role, "operator")
        ? (
          <section class="card">
            <h2>Test signature</h2>
            <p class="muted">Signs a text of ours and verifies it. Nothing is published.</p>
            <ActionButton csrf={visit.csrf} action={`${path}/test`} name="Make a test signature" />
          </section>
        )
        : null}
      <Rotation call={call} signingKey={signingKey} />
    </>
  );
}

/** Where a rotation stands is read from the resources: which keys have this ID, and what signs. */
async function Rotation(
  { call, signingKey }: { readonly call: Call; readonly signingKey: SigningKey },
): LaterHtml {
  const { deps, visit } = call;
  const view = await deps.cache.fresh();
  const siblings = view.list("SigningKey").filter((one) =>
    one.keyId === signingKey.keyId && one.name !== signingKey.name
  );
  const configs = view.list("ExportConfig").filter((one) =>
    one.signingKeys.includes(signingKey.name)
  );
  const partner = siblings.find((one) =>
    configs.some((config) => config.signingKeys.includes(one.name))
  );
  const path = resourcePath("SigningKey", signingKey.name);
  return await (
    <section class="card" aria-labelledby="rotation">
      <h2 id="rotation">Rotation</h2>
      <Steps label="Steps of the rotation" steps={stepsOf(signingKey, partner, visit.now)} />
      {partner === undefined && mayAct(visit.session.role, "admin")
        ? (
          <Form csrf={visit.csrf} action={`${path}/rotate`}>
            <Field
              name="version"
              label="Version of the new key"
              hint="Apple and Google get it with the public key. Like v2."
              width="short"
            />
            <Field
              name="thru"
              label={`When ${signingKey.name} ends`}
              hint="Leave time for phones to have the new key, about two weeks. Leave empty to decide later. Like 2026-12-31T00:00:00Z."
              width="mid"
            />
            <div class="actions">
              <button type="submit" class="button">Make the new key</button>
            </div>
          </Form>
        )
        : null}
    </section>
  );
}

function stepsOf(
  signingKey: SigningKey,
  partner: SigningKey | undefined,
  now: number,
): readonly Step[] {
  const made = partner !== undefined;
  const thru = secondsOf(signingKey.thru);
  const over = thru !== undefined && thru <= now;
  return [
    {
      name: "Make a new key",
      state: made ? "done" : "now",
      text: made ? partner.name : "with the same key ID, in another version",
    },
    {
      name: "Publish it",
      state: made ? "done" : "next",
      text: made ? "at /.well-known/exposure-keys.json" : "at once, when it is made",
    },
    {
      name: "Send it to Apple and Google",
      state: over ? "done" : made ? "now" : "next",
      text: "phones have it about two weeks later",
    },
    {
      name: "Both sign",
      state: over ? "done" : made ? "now" : "next",
      text: "so that every phone can verify",
    },
    {
      name: `Retire ${signingKey.name}`,
      state: over ? "done" : "next",
      text: thru === undefined
        ? "set its end when phones have the new key"
        : over
        ? "it has ended"
        : `it ends in ${length(thru - now)}`,
    },
  ];
}

const TEST_TEXT = "wayfarer test signature";

/** `POST /console/signingKeys/:name/test`: signs a text, and verifies it with the public key. */
export const testSignature: Handler = async (call) => {
  const { deps, visit, param } = call;
  const found = await findResource(deps, "SigningKey", param("name"));
  if (found?.resource.kind !== "SigningKey") {
    return await pageAnswer(<NotFound visit={visit} what="There is no such signing key." />, 404);
  }
  const { name, key } = found.resource;
  const signature = await deps.keys.sign(key, new TextEncoder().encode(TEST_TEXT));
  await deps.audit.add(visit.actor, [{ action: "test", kind: "SigningKey", name }]);
  return await pageAnswer(
    <Page
      visit={visit}
      title="Test signature"
      at="/console/signingKeys"
      crumbs={[{ name: "Signing keys", href: "/console/signingKeys" }, {
        name,
        href: resourcePath("SigningKey", name),
      }]}
    >
      <Notice tone="ok">
        <p>
          <strong>{name} signs.</strong> The text is "{TEST_TEXT}", ECDSA P-256 with SHA-256.
        </p>
      </Notice>
      <div class="part">
        <Code name="Signature, r and s in base64" text={encodeBase64(signature)} />
      </div>
    </Page>,
  );
};

/** `POST /console/signingKeys/:name/rotate`: makes a new key beside this one; both sign until the old one ends. */
export const rotateSigningKey: Handler = async (call) => {
  const { deps, visit, form, param } = call;
  const found = await findResource(deps, "SigningKey", param("name"));
  if (found?.resource.kind !== "SigningKey") {
    return await pageAnswer(<NotFound visit={visit} what="There is no such signing key." />, 404);
  }
  const old = found.resource;
  const version = (form.get("version") ?? "").trim();
  const thru = (form.get("thru") ?? "").trim();
  const wrong = faultsOf(version, thru);
  if (wrong !== undefined) return await refused(call, old, wrong);
  const name = `${old.name}-${version}`;
  const fresh: SigningKey = {
    kind: "SigningKey",
    name,
    key: `local:${name}`,
    keyId: old.keyId,
    version,
  };
  const configs = (await deps.cache.fresh()).list("ExportConfig")
    .filter((config) => config.signingKeys.includes(old.name))
    .map((config): ExportConfig => ({
      ...config,
      signingKeys: [...config.signingKeys.filter((one) => one !== name), name],
    }));
  const outcome = await changeResources(deps.resources, deps.keys, {
    actor: visit.actor,
    puts: [fresh, ...(thru === "" ? [] : [{ ...old, thru }]), ...configs],
  });
  if (!outcome.ok) {
    const faults = outcome.reason === "faults"
      ? fieldFaults("SigningKey", outcome.faults)
      : { version: "Somebody changed it meanwhile: look again." };
    return await refused(call, old, faults);
  }
  await deps.changed();
  return seeOther(`${resourcePath("SigningKey", name)}?done=saved`);
};

function faultsOf(version: string, thru: string): FieldFaults | undefined {
  if (!/^[A-Za-z0-9._-]{1,50}$/.test(version)) {
    return {
      version: "The version must be like v2: letters, digits, dots, dashes or underscores.",
    };
  }
  if (thru !== "" && Number.isNaN(Date.parse(thru))) {
    return { thru: "The end must be a time such as 2026-12-31T00:00:00Z." };
  }
  return undefined;
}

async function refused(call: Call, old: SigningKey, faults: FieldFaults): Promise<Response> {
  const { visit, form } = call;
  const path = resourcePath("SigningKey", old.name);
  return await pageAnswer(
    <Page
      visit={visit}
      title={`Error: Rotate ${old.name}`}
      at="/console/signingKeys"
      crumbs={[{ name: "Signing keys", href: "/console/signingKeys" }, {
        name: old.name,
        href: path,
      }]}
    >
      <div class="stackv">
        <ErrorSummary faults={faults} />
        <Form csrf={visit.csrf} action={`${path}/rotate`} kind="card form">
          <Field
            name="version"
            label="Version of the new key"
            value={form.get("version") ?? ""}
            faults={faults}
            width="short"
          />
          <Field
            name="thru"
            label={`When ${old.name} ends`}
            value={form.get("thru") ?? ""}
            faults={faults}
            width="mid"
          />
          <div class="actions">
            <button type="submit" class="button">Make the new key</button>
            <a href={path}>Leave without a change</a>
          </div>
        </Form>
      </div>
    </Page>,
    422,
  );
}
