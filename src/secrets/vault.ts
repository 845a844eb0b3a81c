import * as z from "zod";
import { jsonOf } from "../cloud/service-call.ts";
import type { VaultCall } from "../cloud/vault/service.ts";
import { reach, refusal, unavailable } from "./failure.ts";
import type { SecretManager } from "./secret-manager.ts";

const TITLE = "Vault";
const NAME = /^\/?([A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+)(?:\?version=(\d{1,9}))?$/;
const answered = z.object({
  data: z.object({ data: z.object({ value: z.union([z.string(), z.number(), z.boolean()]) }) }),
});

/**
 * HASHICORP_VAULT: the member `value` of a secret of the KV engine, version 2. The name is the path in the API, such
 * as `secret/data/admin-token`, with `?version=N` for another version than the newest.
 */
export function vaultSecrets(call: VaultCall): SecretManager {
  return {
    read: async (name) => {
      const [, path, version] = NAME.exec(name) ?? [];
      if (path === undefined || path.split("/").includes("..")) {
        throw unavailable(name, "must be a path such as secret/data/NAME, or with ?version=N");
      }
      const query = version === undefined ? "" : `?version=${version}`;
      const answer = await reach(
        TITLE,
        name,
        "VAULT_ADDR",
        () => call({ method: "GET", path: `${path}${query}` }),
      );
      if (answer.status !== 200) throw refusal(TITLE, name, answer);
      const found = answered.safeParse(jsonOf(answer));
      if (found.success) return String(found.data.data.data.value);
      throw unavailable(name, "has no member value, or is not in a KV engine of version 2");
    },
  };
}
