import type { Resource } from "../model/resource/kinds.ts";
import type { Foundation } from "./foundation.ts";

/** Read-only members of a resource's answer. */
export async function describeResource(
  { keys }: Pick<Foundation, "keys">,
  resource: Resource,
): Promise<Readonly<Record<string, unknown>>> {
  if (resource.kind !== "SigningKey") return {};
  return { publicKeyPem: await keys.publicKeyPem(resource.key) };
}
