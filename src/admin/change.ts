import { asAppError } from "../errors.ts";
import type { KeyManager } from "../keys/key-manager.ts";
import { pemToDer } from "../keys/pem.ts";
import { p256Point } from "../keys/spki.ts";
import type { Actor } from "../model/actor.ts";
import {
  brokenRulesOf,
  type Claim,
  claimsOf,
  type Kind,
  KIND_NAMES,
  referencesOf,
  type Resource,
} from "../model/resource/kinds.ts";
import type { ResourceStore, StoredResource } from "../store/resource/resources.ts";
import { attestationFaults } from "./attestation-rules.ts";
import { countryFaults } from "./country-faults.ts";
import { type Fault, pathText } from "./fault.ts";
import { type MemberChange, memberChanges } from "./member-changes.ts";

/** A wish to change the configuration. */
export type ChangeRequest = {
  /** Who asks, for the audit log. */
  readonly actor: Actor;
  readonly puts: readonly Resource[];
  readonly removals?: readonly { readonly kind: Kind; readonly name: string }[];
  /** Also remove every resource that `puts` does not name. */
  readonly prune?: boolean;
  /** Only tell what would change. */
  readonly dryRun?: boolean;
  /** Version that the one resource concerned must have; 0: it must not exist yet. */
  readonly expectedVersion?: number;
  /** ATTESTATION_DEVELOPMENT. Off unless told. */
  readonly attestationDevelopment?: boolean;
};

/** What a change does to one resource. */
export type Difference = {
  readonly action: "create" | "replace" | "keep" | "delete";
  readonly kind: Kind;
  readonly name: string;
  /** The members that a replacement changes. */
  readonly changes?: readonly MemberChange[];
};

/** What came of a change. */
export type ChangeOutcome =
  | { readonly ok: true; readonly differences: readonly Difference[] }
  | { readonly ok: false; readonly reason: "version"; readonly expected: number }
  | { readonly ok: false; readonly reason: "faults"; readonly faults: readonly Fault[] };

/**
 * Changes the configuration as a whole or not at all: every resource must fit its schema (checked before), name
 * only resources that exist, hold only public keys on P-256, and be unique where its kind says so. Signing keys of
 * `local:` that do not exist yet are made. Every fault is told at once.
 */
export async function changeResources(
  store: ResourceStore,
  keys: KeyManager,
  request: ChangeRequest,
): Promise<ChangeOutcome> {
  // Keys are made before the transaction: a key too many does no harm, a missing one would.
  const { resources } = await store.all();
  const preview = plan(resources, request);
  if (!preview.ok) return preview;
  if (request.dryRun === true) return preview;
  const unusable = await makeKeys(keys, request.puts);
  if (unusable.length > 0) return { ok: false, reason: "faults", faults: unusable };
  return await store.change(request.actor, (change): ChangeOutcome => {
    const planned = plan(change.current, request);
    if (!planned.ok) return planned;
    const touched = (action: Difference["action"]): readonly Difference[] =>
      planned.differences.filter((difference) => difference.action === action);
    const changed = new Set([...touched("create"), ...touched("replace")].map(idOf));
    change.put(request.puts.filter((put) => changed.has(idOf(put))));
    change.remove(touched("delete"));
    return planned;
  });
}

const idOf = (resource: { readonly kind: Kind; readonly name: string }): string =>
  `${resource.kind}/${resource.name}`;

function plan(current: readonly StoredResource[], request: ChangeRequest): ChangeOutcome {
  const before = new Map(current.map((stored) => [idOf(stored.resource), stored]));
  const puts = new Map(request.puts.map((put) => [idOf(put), put]));
  const removals = [
    ...(request.removals ?? []),
    ...(request.prune === true ? current.map(({ resource }) => resource) : []),
  ].filter((gone) => before.has(idOf(gone)) && !puts.has(idOf(gone)));
  if (request.expectedVersion !== undefined) {
    const [subject] = [...request.puts, ...(request.removals ?? [])];
    const version = subject === undefined ? 0 : before.get(idOf(subject))?.version ?? 0;
    if (version !== request.expectedVersion) {
      return { ok: false, reason: "version", expected: request.expectedVersion };
    }
  }
  const after = new Map<string, Resource>([...before].map(([id, { resource }]) => [id, resource]));
  for (const [id, put] of puts) after.set(id, put);
  for (const gone of removals) after.delete(idOf(gone));
  const changes = [...puts.values()].map((put): Change => ({
    put,
    before: before.get(idOf(put))?.resource,
  }));
  const faults = [
    ...twiceIn(request.puts),
    ...unusableKeysIn(request.puts),
    ...attestationFaults(request.puts, request.attestationDevelopment === true),
    ...countryFaults(request.puts),
    ...danglingIn(after, new Set(removals.map(idOf))),
    ...clashesIn([...after.values()]),
    ...changes.flatMap(brokenRulesIn),
    ...changes.flatMap((change) => nestedIn(change, [...after.values()])),
    ...changes.flatMap(({ put }) => ambiguousSignersIn(put, after)),
  ];
  if (faults.length > 0) return { ok: false, reason: "faults", faults };
  return {
    ok: true,
    differences: [
      ...changes.map(({ put, before: known }): Difference => {
        const action = known === undefined ? "create" : same(known, put) ? "keep" : "replace";
        const changes = action === "replace" && known !== undefined
          ? { changes: memberChanges(known, put) }
          : {};
        return { action, kind: put.kind, name: put.name, ...changes };
      }),
      ...removals.map(({ kind, name }): Difference => ({ action: "delete", kind, name })),
    ],
  };
}

/** Both were parsed by one schema, which puts members in one order. */
const same = (left: Resource, right: Resource): boolean =>
  JSON.stringify(left) === JSON.stringify(right);

function twiceIn(puts: readonly Resource[]): readonly Fault[] {
  const seen = new Set<string>();
  return puts.flatMap((put) => {
    const id = idOf(put);
    if (seen.has(id)) return [{ path: `${id}: name`, message: "is given twice" }];
    seen.add(id);
    return [];
  });
}

/** Public keys that could verify nothing here: signatures are ES256. */
function unusableKeysIn(puts: readonly Resource[]): readonly Fault[] {
  return puts.flatMap((put) => {
    const [member, keys] = put.kind === "Issuer"
      ? ["keys", put.keys] as const
      : ["publicKeys", "publicKeys" in put ? put.publicKeys : []] as const;
    return keys.flatMap(({ publicKeyPem }, index) => {
      const der = pemToDer(publicKeyPem, "PUBLIC KEY");
      if (der !== undefined && p256Point(der) !== undefined) return [];
      const path = pathText(idOf(put), [member, index, "publicKeyPem"]);
      return [{ path, message: "must be a public key on the curve P-256 (SPKI, PEM)" }];
    });
  });
}

/** References to what is not there: it is to be deleted, or was never made. */
function danglingIn(
  after: ReadonlyMap<string, Resource>,
  removed: ReadonlySet<string>,
): readonly Fault[] {
  return [...after.values()].flatMap((resource) =>
    referencesOf(resource).filter((reference) => !after.has(idOf(reference))).map((reference) =>
      removed.has(idOf(reference))
        ? {
          path: idOf(reference),
          message: `is used by ${resource.kind} ${resource.name}: take it out of its ${
            reference.path[0]
          } first, or delete both`,
        }
        : {
          path: pathText(idOf(resource), reference.path),
          message:
            `names the ${reference.kind} "${reference.name}", which does not exist: make it first, or in the same file`,
        }
    )
  );
}

function clashesIn(resources: readonly Resource[]): readonly Fault[] {
  const owners = new Map<string, string>();
  return resources.flatMap((resource) =>
    claimsOf(resource).flatMap(({ member, what }) => {
      const owner = owners.get(what) ?? idOf(resource);
      owners.set(what, owner);
      return owner === idOf(resource)
        ? []
        : [{ path: `${idOf(resource)}: ${member}`, message: `${what} is taken by ${owner}` }];
    })
  );
}

/** A resource as it is to be, and as it is; `before` is absent for a new one. */
type Change = { readonly put: Resource; readonly before: Resource | undefined };

/** Whether any of these members is new or differs. */
function touches({ put, before }: Change, members: readonly string[]): boolean {
  const valueOf = (resource: Resource | undefined, member: string): string | undefined =>
    JSON.stringify(Object.entries(resource ?? {}).find(([name]) => name === member)?.[1]);
  return before === undefined ||
    members.some((member) => valueOf(put, member) !== valueOf(before, member));
}

/** Rules that the change breaks; what was stored before its rule was made stays as it is. */
function brokenRulesIn(change: Change): readonly Fault[] {
  return brokenRulesOf(change.put)
    .filter(({ member, with: others = [] }) => touches(change, [member, ...others]))
    .map(({ member, message }) => ({ path: pathText(idOf(change.put), [member]), message }));
}

/** Places of the resource that are below or above that of another. */
function nestedIn(change: Change, after: readonly Resource[]): readonly Fault[] {
  if (!touches(change, ["bucket", "filenameRoot", "rollup"])) return [];
  const others = after.filter((other) => idOf(other) !== idOf(change.put));
  return claimsOf(change.put).flatMap((claim) =>
    others.flatMap((other) =>
      claimsOf(other).flatMap((taken) => {
        const relation = relationOf(claim, taken);
        if (relation === undefined || taken.place === undefined) return [];
        const message = `${claim.what} is ${relation} ${taken.place.root}, which ${
          idOf(other)
        } has: choose a root beside it`;
        return [{ path: pathText(idOf(change.put), [claim.member]), message }];
      })
    )
  );
}

/** Signing keys of one export that phones cannot tell apart: they look a key up by its ID and version. */
function ambiguousSignersIn(put: Resource, after: ReadonlyMap<string, Resource>): readonly Fault[] {
  if (put.kind !== "ExportConfig") return [];
  const seen = new Map<string, string>();
  return put.signingKeys.flatMap((name, index) => {
    const key = after.get(idOf({ kind: "SigningKey", name }));
    if (key?.kind !== "SigningKey") return [];
    const id = `${key.keyId} ${key.version}`;
    const other = seen.get(id);
    if (other === undefined) seen.set(id, name);
    if (other === undefined || other === name) return [];
    return [{
      path: pathText(idOf(put), ["signingKeys", index]),
      message:
        `${name} has key ID ${key.keyId} and version ${key.version}, as ${other} has: give it another version`,
    }];
  });
}

function relationOf({ place }: Claim, { place: other }: Claim): "below" | "above" | undefined {
  if (place === undefined || other === undefined || place.bucket !== other.bucket) return undefined;
  if (place.root.startsWith(`${other.root}/`)) return "below";
  return other.root.startsWith(`${place.root}/`) ? "above" : undefined;
}

async function makeKeys(keys: KeyManager, puts: readonly Resource[]): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  for (const put of puts) {
    if (put.kind !== "SigningKey") continue;
    try {
      if (put.key.startsWith("local:") && !await keys.exists(put.key)) {
        await keys.create(put.key, "sign");
      }
      await keys.publicKeyPem(put.key);
    } catch (error) {
      faults.push({ path: `${idOf(put)}: key`, message: asAppError(error).message });
    }
  }
  return faults;
}

/** Resources in the order in which they can be applied. */
export function inKindOrder<T extends { readonly kind: Kind }>(resources: readonly T[]): T[] {
  return [...resources].sort((left, right) =>
    KIND_NAMES.indexOf(left.kind) - KIND_NAMES.indexOf(right.kind)
  );
}
