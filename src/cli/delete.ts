import { changeResources } from "../admin/change.ts";
import { faultsText } from "../admin/fault.ts";
import { AppError } from "../errors.ts";
import { commandActor } from "./actor.ts";
import type { Command } from "./command.ts";
import { kindNamed, resourceNamed } from "./named-resource.ts";
import { withFoundation } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer delete KIND NAME

Deletes one resource. A resource that another one uses is not deleted.

Example:
  wayfarer delete ExportConfig mag`;

/** `wayfarer delete`. */
export const deleteCommand: Command = {
  name: "delete",
  summary: "deletes a resource",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {}, { positionals: "some", what: "KIND and NAME" });
    const { positionals: [kindText = "", name, ...more] } = valueOf(options);
    const kind = kindNamed(kindText);
    if (name === undefined || more.length > 0) {
      throw new AppError("usage", `give one NAME: wayfarer delete ${kind} NAME`);
    }
    return await withFoundation(io, async ({ resources: store, keys }) => {
      const gone = await resourceNamed(store, kind, name);
      const outcome = await changeResources(store, keys, {
        actor: commandActor(),
        puts: [],
        removals: [gone],
      });
      if (!outcome.ok) {
        throw new AppError(
          "invalid_resource",
          outcome.reason === "faults" ? faultsText(outcome.faults) : undefined,
        );
      }
      io.out(io.json ? JSON.stringify(outcome.differences) : `- ${gone.kind}/${gone.name}`);
      return 0;
    });
  },
};
