import * as z from "zod";
import { decodeBase64 } from "../bytes/base64.ts";
import type { BearerCall } from "../cloud/bearer-service.ts";
import { jsonOf } from "../cloud/service-call.ts";
import { reach, refusal, unavailable } from "./failure.ts";
import type { SecretManager } from "./secret-manager.ts";

const TITLE = "Google Secret Manager";
const NAME =
  /^(projects\/[A-Za-z0-9:.-]{1,64}\/(?:locations\/[a-z0-9-]{1,64}\/)?secrets\/[\w-]{1,255})(\/versions\/[\w-]{1,64})?$/;
const answered = z.object({ payload: z.object({ data: z.string() }) });

/** GOOGLE_SECRET_MANAGER: `projects/P/secrets/S[/versions/N]`; the newest version when none is named. */
export function googleSecrets(
  options: { readonly call: BearerCall; readonly endpoint: URL },
): SecretManager {
  return {
    read: async (name) => {
      const [, secret, version = "/versions/latest"] = NAME.exec(name) ?? [];
      if (secret === undefined) {
        throw unavailable(name, "must be projects/P/secrets/S, or with /versions/N");
      }
      const url = new URL(`/v1/${secret}${version}:access`, options.endpoint);
      const answer = await reach(
        TITLE,
        name,
        "GOOGLE_SECRET_MANAGER_ENDPOINT",
        () => options.call({ method: "GET", url }),
      );
      if (answer.status !== 200) throw refusal(TITLE, name, answer);
      const data = answered.safeParse(jsonOf(answer)).data?.payload.data;
      const bytes = data === undefined ? undefined : decodeBase64(data);
      if (bytes === undefined) throw unavailable(name, "came in an answer that cannot be read");
      return new TextDecoder().decode(bytes);
    },
  };
}
