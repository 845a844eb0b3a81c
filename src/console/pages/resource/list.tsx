import { mayAct } from "../../../model/actor.ts";
import { isActive } from "../../../model/resource/members.ts";
import { type Kind, kindOfPlural, KINDS, type Resource } from "../../../model/resource/kinds.ts";
import { pageAnswer, seeOther } from "../../answer.ts";
import type { Call, Handler } from "../../call.ts";
import type { Children, Html } from "../../parts/html.ts";
import { Page } from "../../parts/page.tsx";
import { Empty, State } from "../../parts/status.tsx";
import { StackTable } from "../../parts/table.tsx";
import { counted, day } from "../../parts/words.ts";
import { NotFound } from "../refusals.tsx";
import { JustDone } from "../saved.tsx";
import { KIND_WORDS } from "./fields.ts";
import { resourcePath } from "./find.ts";

/** `GET /console/:plural`: the resources of a kind. */
export const listPage: Handler = async (call) => {
  const { deps, visit, param } = call;
  const kind = kindOfPlural(param("plural"));
  if (kind === undefined) return await pageAnswer(<NotFound visit={visit} />, 404);
  const { at, many, lead } = KIND_WORDS[kind];
  if (at !== `/console/${KINDS[kind].plural}`) return seeOther(at);
  const view = await deps.cache.fresh();
  return await pageAnswer(
    <Page
      visit={visit}
      title={many}
      at={at}
      lead={lead}
      actions={<AddButton call={call} kind={kind} />}
    >
      <JustDone call={call} />
      <section class="part card flush">
        <h2 class="hide">All of them</h2>
        <ResourceTable call={call} kind={kind} resources={view.list(kind)} />
      </section>
    </Page>,
  );
};

/** "Add …", for those who may. */
export function AddButton(
  { call, kind }: { readonly call: Call; readonly kind: Kind },
): Html | null {
  if (!mayAct(call.visit.session.role, "admin")) return null;
  const { one } = KIND_WORDS[kind];
  const href = `/console/${KINDS[kind].plural}/new`;
  return (
    <a class="button" href={href}>
      {`Add ${/^[aeiou]/.test(one) ? "an" : "a"} ${one}`}
    </a>
  );
}

/** The resources of a kind, or what would be here. */
function ResourceTable({ call, kind, resources }: {
  readonly call: Call;
  readonly kind: Kind;
  readonly resources: readonly Resource[];
}): Html {
  const { one, empty } = KIND_WORDS[kind];
  if (resources.length === 0) {
    return (
      <Empty title={`No ${one} yet`}>
        <p>{empty}</p>
        <AddButton call={call} kind={kind} />
      </Empty>
    );
  }
  return (
    <StackTable
      caption={KIND_WORDS[kind].many}
      columns={["Name", ...COLUMNS[kind]].map((name) => ({ name }))}
      rows={resources.map((resource) => [
        <a href={resourcePath(kind, resource.name)}>{resource.name}</a>,
        ...cellsOf(resource, call.visit.now),
      ])}
    />
  );
}

const COLUMNS: { readonly [K in Kind]: readonly string[] } = {
  HealthAuthority: ["Regions", "Accepts certificates of", "State"],
  Issuer: ["iss", "Keys", "Key set"],
  SigningKey: ["Key ID, version", "Where it is", "State"],
  ExportConfig: ["Region", "Windows", "Signed by"],
  ExportImport: ["Region", "Index", "Travelers"],
  Mirror: ["Index", "Copies at"],
  Peer: ["Server ID", "Sends", "Takes"],
  Country: ["Certificates", "Revoked"],
};

function cellsOf(resource: Resource, now: number): readonly Children[] {
  switch (resource.kind) {
    case "HealthAuthority":
      return [
        resource.regions.join(", ") || "those of DEFAULT_REGION",
        resource.acceptIssuers.join(", ") || "nobody",
        resource.bypassVerification
          ? <State tone="warn">needs no certificate</State>
          : resource.bypassRevisionToken
          ? <State tone="warn">needs no revision token</State>
          : resource.acceptIssuers.length === 0
          ? <State tone="off">refuses every publish</State>
          : <State tone="ok">in force</State>,
      ];
    case "Issuer": {
      const active = resource.keys.filter((key) => isActive(key, now)).length;
      return [
        <code>{resource.issuer}</code>,
        resource.keys.length === 0 ? "none given" : `${active} of ${resource.keys.length} in force`,
        resource.jwksUri === undefined ? "none" : <code>{resource.jwksUri}</code>,
      ];
    }
    case "SigningKey":
      return [
        `${resource.keyId}, ${resource.version}`,
        <code>{resource.key}</code>,
        <SigningState thru={resource.thru} now={now} />,
      ];
    case "ExportConfig":
      return [
        resource.outputRegion,
        `every ${resource.period}`,
        resource.signingKeys.join(", "),
      ];
    case "ExportImport":
      return [resource.region, <code>{resource.indexUrl}</code>, resource.traveler ? "yes" : "no"];
    case "Mirror":
      return [
        <code>{resource.indexUrl}</code>,
        <code>{`${resource.bucket}/${resource.filenameRoot}`}</code>,
      ];
    case "Peer":
      return [
        <code>{resource.serverId}</code>,
        resource.send.regions.join(", ") || "nothing",
        resource.accept.regions.join(", ") || "nothing",
      ];
    case "Country":
      return [
        String(resource.certificates.length),
        String(resource.certificates.filter((one) => one.revokedAt !== undefined).length),
      ];
  }
}

function SigningState(
  { thru, now }: { readonly thru: string | undefined; readonly now: number },
): Html {
  if (thru === undefined) return <State tone="ok">signs, no end</State>;
  const at = Math.floor(Date.parse(thru) / 1000);
  if (at <= now) return <State tone="off">ended {day(at)}</State>;
  const days = Math.floor((at - now) / 86_400);
  return (
    <State tone={days < 30 ? "warn" : "ok"}>
      ends {day(at)}, in {counted(days, "day")}
    </State>
  );
}
