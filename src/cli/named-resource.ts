import { AppError } from "../errors.ts";
import { nearest } from "../model/nearest.ts";
import {
  isKind,
  type Kind,
  KIND_NAMES,
  kindOfPlural,
  type Resource,
} from "../model/resource/kinds.ts";
import type { ResourceStore } from "../store/resource/resources.ts";

/** The kind that a person names, in one of its two forms; throws `usage` with those that there are. */
export function kindNamed(text: string): Kind {
  const kind = isKind(text) ? text : kindOfPlural(text);
  if (kind !== undefined) return kind;
  throw new AppError("usage", `KIND ${text}: must be one of ${KIND_NAMES.join(", ")}`);
}

/** The resource of this kind and name; throws `not_found` with the names that there are. */
export async function resourceNamed(
  store: Pick<ResourceStore, "all">,
  kind: Kind,
  name: string,
): Promise<Resource> {
  const { resources } = await store.all();
  const ofKind = resources.map(({ resource }) => resource).filter((one) => one.kind === kind);
  const found = ofKind.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw noSuchResource(kind, name, ofKind);
}

/** That there is no resource of this kind and name, with the one that was probably meant. */
export function noSuchResource(
  kind: Kind,
  name: string,
  ofKind: readonly { readonly name: string }[],
): AppError {
  const near = nearest(name, ofKind.map((one) => one.name));
  return new AppError(
    "not_found",
    `there is no ${kind} named "${name}": ${
      near === undefined
        ? `"wayfarer get ${kind}" prints those that there are`
        : `did you mean ${near}?`
    }`,
  );
}
