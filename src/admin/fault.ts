import type { z } from "zod";

/** What is wrong with a resource, and where: `ExportConfig/mag: signingKeys.0`. */
export type Fault = { readonly path: string; readonly message: string };

/** Faults of a zod error, each with its path below `prefix`. */
export function faultsOf(error: z.ZodError, prefix: string): readonly Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const at = (rest: readonly PropertyKey[]): string => pathText(prefix, rest);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: at([...issue.path, key]),
        message: "is not a member of this kind",
      }));
    }
    return [{ path: at(issue.path), message: issue.message }];
  });
}

/** A path in the form that faults use. */
export function pathText(prefix: string, path: readonly PropertyKey[]): string {
  const rest = path.map(String).join(".");
  if (prefix === "") return rest;
  return rest === "" ? prefix : `${prefix}: ${rest}`;
}

/** One line a fault. */
export function faultsText(faults: readonly Fault[]): string {
  return faults.map((fault) => `${fault.path} ${fault.message}`).join("\n");
}
