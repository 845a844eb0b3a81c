import * as z from "zod";
import type { HttpOptions } from "../blob/retrying-fetch.ts";
import type { AzureTokens } from "../cloud/azure/identity.ts";
import { bearerCaller } from "../cloud/bearer-service.ts";
import { jsonOf } from "../cloud/service-call.ts";
import { reach, refusal, unavailable } from "./failure.ts";
import type { SecretManager } from "./secret-manager.ts";

const TITLE = "Azure Key Vault";
const AUDIENCE = "https://vault.azure.net";
const API_VERSION = "7.4";
const NAME = /^([A-Za-z0-9-]{3,24})\/([A-Za-z0-9-]{1,127})(?:\/([A-Za-z0-9]{1,64}))?$/;
const answered = z.object({ value: z.string() });

/** AZURE_KEY_VAULT: `VAULT/SECRET[/VERSION]`; `keyVault`: AZURE_KEY_VAULT_URL, in place of the vault's own address. */
export function azureSecrets(
  options: { readonly tokens: AzureTokens; readonly http: HttpOptions; readonly keyVault?: URL },
): SecretManager {
  const call = bearerCaller(options.tokens(AUDIENCE), options.http);
  return {
    read: async (name) => {
      const [, vault, secret, version] = NAME.exec(name) ?? [];
      if (secret === undefined) {
        throw unavailable(name, "must be VAULT/SECRET, or VAULT/SECRET/VERSION");
      }
      const base = options.keyVault ?? new URL(`https://${vault}.vault.azure.net`);
      const url = new URL(`/secrets/${secret}${version === undefined ? "" : `/${version}`}`, base);
      url.searchParams.set("api-version", API_VERSION);
      const answer = await reach(
        TITLE,
        name,
        "AZURE_KEY_VAULT_URL",
        () => call({ method: "GET", url }),
      );
      if (answer.status !== 200) throw refusal(TITLE, name, answer);
      const found = answered.safeParse(jsonOf(answer));
      if (!found.success) throw unavailable(name, "came in an answer that cannot be read");
      return found.data.value;
    },
  };
}
