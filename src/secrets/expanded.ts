import { unavailable } from "./failure.ts";
import type { SecretManager } from "./secret-manager.ts";

/** SECRET_EXPANSION: of `NAME.MEMBER.MEMBER`, the member of the JSON in the secret NAME. */
export function expandedSecrets(manager: SecretManager): SecretManager {
  return {
    read: async (name) => {
      const [secret = "", ...members] = name.split(".");
      const text = await manager.read(secret);
      let value: unknown = text;
      if (members.length > 0) {
        value = parsed(text);
        for (const member of members) value = memberOf(value, member);
      }
      if (typeof value === "string") return value;
      throw unavailable(name, "has no such member with text in it: check the name and the JSON");
    },
  };
}

function memberOf(value: unknown, member: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, member)) {
    return undefined;
  }
  return Object.entries(value).find(([name]) => name === member)?.[1];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
