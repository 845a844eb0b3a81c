import { parseDuration } from "../../../model/duration.ts";
import { mayAct } from "../../../model/actor.ts";
import type { ExportConfig } from "../../../model/resource/export-config.ts";
import { pageAnswer } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import type { TryStep } from "../../dependencies.ts";
import { Code } from "../../parts/code.tsx";
import { ActionButton } from "../../parts/form.tsx";
import type { Html } from "../../parts/html.ts";
import { Page } from "../../parts/page.tsx";
import { Notice } from "../../parts/status.tsx";
import { Steps } from "../../parts/steps.tsx";
import { day, hour } from "../../parts/words.ts";
import { NotFound } from "../refusals.tsx";
import { TRIAL_ISSUER } from "./plan.ts";

/** `GET /console/setup/:name`: a region that works: whom to tell what, and how to try it. */
export const regionPage: Handler = async (call) => await draw(call, undefined);

/** `POST /console/setup/:name/try`: acts as two phones; stores nothing. */
export const tryPage: Handler = async (call) => {
  const { deps, visit, param } = call;
  const name = param("name");
  if ((await deps.cache.fresh()).get("ExportConfig", name) === undefined) {
    return await missing(call);
  }
  await deps.audit.add(visit.actor, [{ action: "try", kind: "ExportConfig", name }]);
  return await draw(call, await deps.tryRegion(name));
};

async function missing({ visit }: Call): Promise<Response> {
  const list = { name: "All exports", href: "/console/exports" };
  const page = <NotFound visit={visit} what="There is no export of this name." list={list} />;
  return await pageAnswer(page, 404);
}

async function draw(call: Call, tried: readonly TryStep[] | undefined): Promise<Response> {
  const { deps, visit, param } = call;
  const view = await deps.cache.fresh();
  const config = view.get("ExportConfig", param("name"));
  if (config === undefined) return await missing(call);
  const signers = view.list("SigningKey").filter((key) => config.signingKeys.includes(key.name));
  const [signer] = signers;
  const pem = signer === undefined
    ? ""
    : await deps.keys.publicKeyPem(signer.key).catch(() => "The key cannot be read.");
  const authorities = view.list("HealthAuthority").filter((one) =>
    one.regions.includes(config.outputRegion)
  );
  const onTrial = authorities.some((one) =>
    one.acceptIssuers.some((issuer) => view.get("Issuer", issuer)?.issuer === TRIAL_ISSUER.issuer)
  );
  return await pageAnswer(
    <Page
      visit={visit}
      title={`${config.outputRegion} is set up`}
      at="/console/setup"
      crumbs={[{ name: "Exports", href: "/console/exports" }]}
      lead={firstFile(config, deps.dueAfterSeconds, visit.now)}
    >
      <div class="grid tail">
        <div class="stackv">
          <TryIt call={call} config={config} tried={tried} onTrial={onTrial} />
          {onTrial
            ? (
              <Notice tone="warn">
                <p>
                  <strong>Certificates come from a throw-away issuer.</strong>{" "}
                  Before real people publish, add your verification server as an issuer, let the
                  health authority accept it, and delete the trial one.
                </p>
              </Notice>
            )
            : null}
          <section class="card">
            <h2>Next</h2>
            <ul>
              <li>
                <a href="/console/issuers">Add your verification server</a>, if it is not there yet.
              </li>
              <li>Back up the master key: without it the signing key is lost.</li>
              <li>
                Let colleagues in: <code>OIDC_ISSUER</code>, or a link for each by{" "}
                <code>wayfarer admin login</code>.
              </li>
            </ul>
          </section>
        </div>
        <div class="stackv">
          <Code
            name="For the app's developers"
            text={developersText(deps.publicUrl, config, authorities[0]?.name ?? "", signer)}
          />
          <Code
            name="To Apple and Google"
            text={`Region ${config.outputRegion}, key ID ${signer?.keyId ?? ""}, key version ${
              signer?.version ?? ""
            }.\nPlease add this public key for our exports:\n\n${pem.trimEnd()}`}
          />
        </div>
      </div>
    </Page>,
  );
}

function developersText(
  publicUrl: string,
  { filenameRoot, outputRegion }: ExportConfig,
  authority: string,
  signer: { readonly keyId: string; readonly version: string } | undefined,
): string {
  return [
    `healthAuthorityID: ${authority}`,
    `publish: ${publicUrl}/v1/publish`,
    `index: ${publicUrl}/exports/${filenameRoot}/index.txt`,
    `files: ${publicUrl}/exports/`,
    `region: ${outputRegion}`,
    `keyId: "${signer?.keyId ?? ""}"`,
    `keyVersion: ${signer?.version ?? ""}`,
  ].join("\n");
}

/** When the window that is open now becomes a file, if somebody publishes in it. */
function firstFile(config: ExportConfig, dueAfterSeconds: number, now: number): string {
  const period = (parseDuration(config.period) ?? 0) / 1000;
  const start = Math.floor(now / period) * period;
  const due = start + period + dueAfterSeconds;
  return `The first real file comes on ${day(due)} at ${hour(due)}, if somebody publishes between ${
    hour(start)
  } and ${hour(start + period)}.`;
}

const PLANNED = [
  "A certificate from the trial issuer",
  "Publish, as a rehearsal",
  "A signed file of these keys alone",
  "Verify it as a phone does",
  "Find the encounter",
];

function TryIt({ call, config, tried, onTrial }: {
  readonly call: Call;
  readonly config: ExportConfig;
  readonly tried: readonly TryStep[] | undefined;
  readonly onTrial: boolean;
}): Html {
  const { visit } = call;
  const failed = tried?.some((step) => !step.ok) === true;
  return (
    <section class="card" aria-labelledby="try">
      <h2 id="try">Try it: this server acts as two phones</h2>
      <p class="muted">With made-up keys that are never stored and never published.</p>
      {tried === undefined ? null : failed
        ? (
          <Notice tone="bad">
            <p>
              <strong>It does not work yet.</strong> The step that failed says why.
            </p>
          </Notice>
        )
        : (
          <Notice tone="ok">
            <p>
              <strong>{config.outputRegion} works.</strong> The phone found the encounter.
            </p>
          </Notice>
        )}
      <Steps
        label="The try"
        across={false}
        steps={PLANNED.map((name, index) => {
          const step = tried?.[index];
          if (step === undefined) return { name, state: "next" };
          return {
            name: step.name,
            state: step.ok ? "done" : "stop",
            text: `${step.text}, ${step.tookMs} ms`,
          };
        })}
      />
      {!onTrial
        ? (
          <p class="small muted">
            It needs a trial issuer. With your own issuer use <code>wayfarer device publish</code>.
          </p>
        )
        : mayAct(visit.session.role, "operator")
        ? (
          <ActionButton
            csrf={visit.csrf}
            action={`/console/setup/${config.name}/try`}
            name={tried === undefined ? "Try it" : "Try it again"}
            kind=""
          />
        )
        : null}
    </section>
  );
}
