import { stringify } from "yaml";

/** YAML as `wayfarer apply` reads it, a document a resource; members that are empty or off are left out. */
export function resourcesYaml(resources: readonly object[]): string {
  return resources.map((resource) =>
    stringify(
      Object.fromEntries(
        Object.entries(resource).filter(([, value]) =>
          value !== false && value !== "none" && !(Array.isArray(value) && value.length === 0)
        ),
      ),
      { lineWidth: 0 },
    )
  ).join("---\n");
}
