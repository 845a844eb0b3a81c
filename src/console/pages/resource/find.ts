import type { ConsoleDependencies } from "../../dependencies.ts";
import { asHealthAuthorityId } from "../../../model/ids.ts";
import { type Kind, KINDS } from "../../../model/resource/kinds.ts";
import type { StoredResource } from "../../../store/resource/resources.ts";

/** A resource with its version, as it is now in the database. */
export async function findResource(
  { resources }: Pick<ConsoleDependencies, "resources">,
  kind: Kind,
  name: string,
): Promise<StoredResource | undefined> {
  const wanted = kind === "HealthAuthority" ? asHealthAuthorityId(name) : name;
  const { resources: all } = await resources.all();
  return all.find(({ resource }) => resource.kind === kind && resource.name === wanted);
}

/** The address of a resource's page. */
export function resourcePath(kind: Kind, name: string): string {
  return `/console/${KINDS[kind].plural}/${encodeURIComponent(name)}`;
}
