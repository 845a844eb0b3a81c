import { AppError } from "../errors.ts";
import type { Command } from "./command.ts";

/** A command that is only a name for several: its first argument says which. Its help is that of all of them. */
export function withSubcommands(
  name: string,
  summary: string,
  subcommands: readonly Command[],
): Command {
  return {
    name,
    summary,
    subcommands,
    usage: subcommands.map(({ usage }) => usage).join("\n\n\n"),
    run: async (io) => {
      const [first, ...args] = io.args;
      const command = subcommands.find((one) => one.name === first);
      if (command !== undefined) return await command.run({ ...io, args });
      const names = subcommands.map((one) => one.name).join(", ");
      throw new AppError(
        "usage",
        first === undefined
          ? `say which: ${names}`
          : `there is no "${name} ${first}", only ${names}; see --help`,
      );
    },
  };
}
