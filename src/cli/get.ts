import { stringify } from "yaml";
import { inKindOrder } from "../admin/change.ts";
import { AppError } from "../errors.ts";
import type { Command } from "./command.ts";
import { kindNamed, noSuchResource } from "./named-resource.ts";
import { withFoundation } from "./open.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer get [KIND [NAME]] [-o yaml|json]

Prints resources in the form that "wayfarer apply" takes. Without KIND: all of them.

  -o, --output   yaml (default) or json

Example:
  wayfarer get ExportConfig mag -o yaml`;

/** `wayfarer get`. */
export const getCommand: Command = {
  name: "get",
  summary: "prints resources in the form that apply takes",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {
      output: { type: "string", short: "o" },
    }, { positionals: "any" });
    if (!options.ok) throw new AppError(options.code, options.message);
    const { values, positionals: [kindText, name] } = options.value;
    const kind = kindText === undefined ? undefined : kindNamed(kindText);
    const output = values.output ?? (io.json ? "json" : "yaml");
    if (output !== "yaml" && output !== "json") {
      throw new AppError("usage", `-o ${output}: must be yaml or json`);
    }
    return await withFoundation(io, async ({ resources: store }) => {
      const { resources } = await store.all();
      const found = inKindOrder(resources.map(({ resource }) => resource)).filter((resource) =>
        (kind === undefined || resource.kind === kind) &&
        (name === undefined || resource.name.toLowerCase() === name.toLowerCase())
      );
      if (kind !== undefined && name !== undefined && found.length === 0) {
        throw noSuchResource(
          kind,
          name,
          resources.map(({ resource }) => resource).filter((one) => one.kind === kind),
        );
      }
      if (output === "json") io.out(JSON.stringify(found, null, 2));
      else if (found.length > 0) io.out(found.map((one) => stringify(one)).join("---\n").trimEnd());
      return 0;
    });
  },
};
