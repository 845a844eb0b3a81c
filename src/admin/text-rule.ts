import { cleanedText, isCleanText, UNCLEAN_TEXT } from "../model/text.ts";
import { type Fault, pathText } from "./fault.ts";

/** Deeper than any resource is. */
const MAX_DEPTH = 12;
const PROTO_MEMBER = "must not have a member __proto__: take it out";

type Place = { readonly value: unknown; readonly path: readonly PropertyKey[] };

/** The one rule for all texts of a resource, names of members included; and no number is so large that JSON has none. */
export function textFaultsIn(value: unknown, prefix: string): readonly Fault[] {
  const faults: Fault[] = [];
  const open: Place[] = [{ value, path: [] }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value: here, path } = place;
    const at = pathText(cleanedText(prefix), path.map((part) => cleanedText(String(part))));
    if (typeof here === "string" && !isCleanText(here)) {
      faults.push({ path: at, message: UNCLEAN_TEXT });
    }
    if (typeof here === "number" && !Number.isFinite(here)) {
      faults.push({ path: at, message: "is too large a number: give a smaller one" });
    }
    if (typeof here !== "object" || here === null) continue;
    if (path.length > MAX_DEPTH) {
      return [{ path: at, message: `is nested deeper than ${MAX_DEPTH} levels: no resource is` }];
    }
    for (const [name, member] of Object.entries(here)) {
      if (!isCleanText(name)) faults.push({ path: at, message: `has a name that ${UNCLEAN_TEXT}` });
      // Libraries drop it without a word, since it is a door to an object's prototype.
      if (name === "__proto__") faults.push({ path: at, message: PROTO_MEMBER });
      open.push({ value: member, path: [...path, name] });
    }
  }
  return faults;
}
