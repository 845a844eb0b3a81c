import type { z } from "zod";

/** What is wrong with a resource, and where: `ExportConfig/mag: signingKeys.0`. */
export type Fault = { readonly path: string; readonly message: string };

/** Faults of one resource that are told: who mends these sees the others. */
const TOLD_FAULTS = 50;

/** Faults of a zod error, each with its path below `prefix`; at most {@link TOLD_FAULTS}, then how many more there are. */
export function faultsOf(error: z.ZodError, prefix: string): readonly Fault[] {
  const faults = allFaultsOf(error, prefix);
  const more = faults.length - TOLD_FAULTS;
  if (more <= 0) return faults;
  const rest = { path: prefix, message: `has ${more} more faults: mend these first` };
  return [...faults.slice(0, TOLD_FAULTS), rest];
}

function allFaultsOf(error: z.ZodError, prefix: string): readonly Fault[] {
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

/** Characters that a path shows of one name: a name may be as long as a body. */
const SHOWN_CHARACTERS = 100;

/** A path in the form that faults use; long names in it are cut. */
export function pathText(prefix: string, path: readonly PropertyKey[]): string {
  const shown = (name: string): string =>
    name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}…` : name;
  const rest = path.map((name) => shown(String(name))).join(".");
  if (prefix === "") return rest;
  return rest === "" ? prefix : `${prefix}: ${rest}`;
}

/** One line a fault. */
export function faultsText(faults: readonly Fault[]): string {
  return faults.map((fault) => `${fault.path} ${fault.message}`).join("\n");
}
