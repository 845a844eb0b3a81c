/** Calls of HashiCorp Vault or OpenBao. Source: Vault, "HTTP API". */

import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import { identityFailure } from "../failure.ts";
import { callService, type ServiceAnswer } from "../service-call.ts";
import type { VaultSettings } from "../settings.ts";

/** A request: the path is what follows `/v1/`. */
export type VaultRequest = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
};

/** Rejects when there is no answer, or no address or token (`identity_unavailable`). */
export type VaultCall = (request: VaultRequest) => Promise<ServiceAnswer>;

/** Calls with the token of the settings, asked for at each attempt. */
export function vaultCaller(settings: VaultSettings, http: HttpOptions): VaultCall {
  const { address, namespace } = settings;
  return async ({ method, path, body }) => {
    if (address === undefined) {
      throw identityFailure("there is no Vault", "set VAULT_ADDR and VAULT_TOKEN_FILE");
    }
    const url = new URL(`/v1/${path}`, address);
    return await callService({
      prepare: async () => {
        const token = await settings.token().catch((cause: unknown) => {
          throw identityFailure("VAULT_TOKEN_FILE cannot be read", "check the file", cause);
        });
        if (!token) throw identityFailure("there is no token for Vault", "set VAULT_TOKEN_FILE");
        const headers: Record<string, string> = {
          "x-vault-token": token,
          "x-vault-request": "true",
          ...(namespace === undefined ? {} : { "x-vault-namespace": namespace }),
        };
        if (body === undefined) return { url, init: { method, headers } };
        headers["content-type"] = "application/json";
        return { url, init: { method, headers, body: JSON.stringify(body) } };
      },
    }, http);
  };
}
