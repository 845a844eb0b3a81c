import type { Command } from "./command.ts";
import { withFoundation } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { printable } from "./printable.ts";

const USAGE = `wayfarer doctor

Looks at all that the server stands on, and says what is wrong and what to do: the database and its clock, storage,
whether exports are on time, the signing keys, and the vendors of device attestations, which are asked once about a
junk token. Exits with 1 when anything is wrong. "--json" prints a list of {name, fault}.

Example:
  wayfarer doctor`;

/** `wayfarer doctor`. */
export const doctorCommand: Command = {
  name: "doctor",
  summary: "finds what is wrong, and says what to do",
  usage: USAGE,
  run: async (io) => {
    valueOf(parseOptions(io.args, {}));
    return await withFoundation(io, async (foundation) => {
      // Loaded only now, for the sake of other commands.
      const { diagnose } = await import("../app/diagnosis.ts");
      const found = await diagnose(foundation);
      if (io.json) io.out(JSON.stringify(found));
      else {
        for (const { name, fault } of found) {
          io.out(
            fault === undefined ? `ok      ${name}` : `failed  ${name}: ${printable(fault, 500)}`,
          );
        }
      }
      return found.some(({ fault }) => fault !== undefined) ? 1 : 0;
    });
  },
};
