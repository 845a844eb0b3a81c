import { changeResources } from "../admin/change.ts";
import { faultsText } from "../admin/fault.ts";
import type { Foundation } from "../app/foundation.ts";
import { openKeyManagers } from "../app/key-managers.ts";
import { exposurePublicKeys } from "../app/public-keys.ts";
import { AppError } from "../errors.ts";
import { rewrapLocalKeys } from "../keys/rewrap.ts";
import { platformKeysJson, platformKeysPem } from "../keys/public-keys.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import type { SigningKey } from "../model/resource/signing-key.ts";
import { secondsOf } from "../model/resource/members.ts";
import type { ResourceView } from "../store/resource/cache.ts";
import { commandActor } from "./actor.ts";
import type { Command, CommandIo } from "./command.ts";
import { noSuchResource } from "./named-resource.ts";
import { withFoundation } from "./open.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer keys create REFERENCE [--encrypt]
wayfarer keys list
wayfarer keys rotate NAME --version VERSION [--name NEW] [--old-thru TIME]
wayfarer keys rewrap --to REFERENCE
wayfarer keys public

create   makes a key pair for signing, such as local:mag-signer, with any key manager
         --encrypt    a key that wraps others in its place
list     signing keys, with the export configurations that they sign for
rotate   makes a new signing key beside NAME, with the same key ID; both sign until the old one ends
         --version    verification key version of the new one, such as v2
         --name       its name (default: NAME-VERSION)
         --key        its key (default: local:NAME-VERSION, made when it does not exist)
         --old-thru   when the old one ends, such as 2036-12-31T00:00:00Z (default: never)
rewrap   wraps all local keys by a new master key, which the key behind REFERENCE wraps. Servers go on meanwhile;
         stopped in the middle, it goes on when it is run again. Afterwards MASTER_KEY is no longer needed.
public   the public keys of all active signing keys, as PEM; with --json as Apple and Google ask for them

Example:
  wayfarer keys rotate mag-signer --version v2 --old-thru 2026-12-31T00:00:00Z`;

const ACTIONS: Readonly<
  Record<string, (io: CommandIo, foundation: Foundation, rest: KeysOptions) => Promise<void>>
> = { create, list, rotate, rewrap, public: printPublic };

type KeysOptions = {
  readonly subject: string | undefined;
  readonly version: string | undefined;
  readonly name: string | undefined;
  readonly oldThru: string | undefined;
  readonly key: string | undefined;
  readonly encrypt: boolean;
  readonly to: string | undefined;
};

/** `wayfarer keys`. */
export const keysCommand: Command = {
  name: "keys",
  summary: "makes, lists, rotates and publishes signing keys",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {
      version: { type: "string" },
      name: { type: "string" },
      "old-thru": { type: "string" },
      key: { type: "string" },
      encrypt: { type: "boolean" },
      to: { type: "string" },
    }, { positionals: "some", what: "create, list, rotate, rewrap or public" });
    if (!options.ok) throw new AppError(options.code, options.message);
    const { values, positionals: [verb = "", subject] } = options.value;
    const action = Object.hasOwn(ACTIONS, verb) ? ACTIONS[verb] : undefined;
    if (action === undefined) {
      throw new AppError(
        "usage",
        `keys ${verb}: must be one of ${Object.keys(ACTIONS).join(", ")}`,
      );
    }
    const rest = {
      subject,
      version: values.version,
      name: values.name,
      oldThru: values["old-thru"],
      key: values.key,
      encrypt: values.encrypt === true,
      to: values.to,
    };
    await withFoundation(io, (foundation) => action(io, foundation, rest));
    return 0;
  },
};

async function create(
  io: CommandIo,
  { keys }: Foundation,
  { subject, encrypt }: KeysOptions,
): Promise<void> {
  if (subject === undefined) throw new AppError("usage", "keys create: give a key reference");
  if (await keys.exists(subject)) {
    throw new AppError("usage", `${subject} exists; "keys rotate" makes a new one beside it`);
  }
  if (encrypt) {
    await keys.create(subject, "encrypt");
    io.out(io.json ? JSON.stringify({ key: subject }) : `${subject} is made`);
    return;
  }
  await keys.create(subject, "sign");
  const publicKeyPem = await keys.publicKeyPem(subject);
  io.out(io.json ? JSON.stringify({ key: subject, publicKeyPem }) : publicKeyPem.trimEnd());
}

async function list(io: CommandIo, { cache }: Foundation): Promise<void> {
  const view = await cache.fresh();
  const configs = view.list("ExportConfig");
  const rows = view.list("SigningKey").map((key) => ({
    name: key.name,
    key: key.key,
    keyId: key.keyId,
    version: key.version,
    thru: key.thru ?? null,
    signsFor: configs.filter((one) => one.signingKeys.includes(key.name)).map((one) => one.name),
  }));
  if (io.json) io.out(JSON.stringify(rows));
  for (const row of io.json ? [] : rows) {
    io.out(
      `${row.name}  ${row.key}  keyId ${row.keyId}  version ${row.version}` +
        `  thru ${row.thru ?? "-"}  signs for ${row.signsFor.join(", ") || "nothing"}`,
    );
  }
}

async function rotate(
  io: CommandIo,
  { cache, resources, keys, clock }: Foundation,
  { subject = "", version, name, oldThru, key }: KeysOptions,
): Promise<void> {
  if (version === undefined) throw new AppError("usage", "keys rotate: give --version");
  const view = await cache.fresh();
  const now = Math.floor(clock.now() / 1000);
  const old = view.get("SigningKey", subject);
  if (old === undefined) throw noSuchResource("SigningKey", subject, view.list("SigningKey"));
  refuseTaken(view, old, version);
  const fresh: SigningKey = {
    kind: "SigningKey",
    name: name ?? `${old.name}-${version}`,
    key: key ?? `local:${name ?? `${old.name}-${version}`}`,
    keyId: old.keyId,
    version,
  };
  if (view.get("SigningKey", fresh.name) !== undefined) {
    throw new AppError("usage", `there is a SigningKey named ${fresh.name} already: give --name`);
  }
  const configs = view.list("ExportConfig").filter((one) => one.signingKeys.includes(old.name))
    .map((one): ExportConfig => ({
      ...one,
      // Last is newest; those that have ended make room.
      signingKeys: [...one.signingKeys.filter((key) => !ended(view, key, now)), fresh.name],
    }));
  const ending: readonly SigningKey[] = oldThru === undefined ? [] : [{ ...old, thru: oldThru }];
  const outcome = await changeResources(resources, keys, {
    actor: commandActor(),
    puts: [fresh, ...ending, ...configs],
  });
  if (!outcome.ok) {
    throw new AppError(
      "invalid_resource",
      outcome.reason === "faults" ? faultsText(outcome.faults) : undefined,
    );
  }
  io.out(
    io.json
      ? JSON.stringify({ name: fresh.name, signsFor: configs.map((one) => one.name) })
      : `${fresh.name} signs beside ${old.name} for ${
        configs.map((one) => one.name).join(", ") || "nothing"
      }: send its public key ("keys public") to Apple and Google before the old one ends`,
  );
}

/** Phones tell keys apart by key ID and version, so no two may share both. */
function refuseTaken(view: ResourceView, { keyId }: SigningKey, version: string): void {
  const sameId = view.list("SigningKey").filter((one) => one.keyId === keyId);
  const taken = sameId.find((one) => one.version === version);
  if (taken === undefined) return;
  throw new AppError(
    "usage",
    `version ${version} of key ID ${keyId} is taken by the SigningKey ${taken.name}: use --version ${
      nextVersion(version, new Set(sameId.map((one) => one.version)))
    }`,
  );
}

/** The version with its last number counted up to the first that is free: `v1` becomes `v2`. */
function nextVersion(version: string, taken: ReadonlySet<string>): string {
  const [, stem = version, digits = "1"] = /^(.*?)(\d{1,15})$/.exec(version) ?? [];
  let number = Number(digits) + 1;
  while (taken.has(`${stem}${number}`)) number += 1;
  return `${stem}${number}`;
}

function ended(view: ResourceView, name: string, nowSeconds: number): boolean {
  const thru = secondsOf(view.get("SigningKey", name)?.thru);
  return thru !== undefined && thru <= nowSeconds;
}

async function rewrap(
  io: CommandIo,
  foundation: Foundation,
  { to }: KeysOptions,
): Promise<void> {
  if (to === undefined) throw new AppError("usage", "keys rewrap: give --to REFERENCE");
  const { database, keys, crypto } = foundation;
  const { masters, rows } = await openKeyManagers(database, {
    ...foundation,
    now: foundation.clock.now,
  });
  const { moved, master } = await rewrapLocalKeys(
    {
      rows,
      masters,
      keys,
      crypto,
      progress: (count) => io.err(`keys moved so far: ${count}`),
    },
    to,
    io.signal,
  );
  io.out(
    io.json
      ? JSON.stringify({ master, reference: to, moved })
      : `keys moved: ${moved}. All local keys are wrapped by the master key ${master}, and that by ${to}. ` +
        "Keep the master key before it as long as backups from before are kept",
  );
}

async function printPublic(io: CommandIo, foundation: Foundation): Promise<void> {
  const found = await exposurePublicKeys(foundation);
  io.out(io.json ? JSON.stringify(platformKeysJson(found)) : platformKeysPem(found).trimEnd());
}
