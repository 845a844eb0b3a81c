import type { Credential } from "../../src/cloud/credential.ts";
import { watchedFile } from "../../src/cloud/watched-file.ts";
import { callFailure, checkedToken } from "./call-token.ts";

/** An ID token is a JWT: nothing else that a file may hold is shown to a peer. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** The token in a file that others renew; read again when the file changes. */
export function tokenFile(
  path: string,
  audience: string | undefined,
  clockMs: () => number,
): Credential<string> {
  const read = watchedFile(path);
  return {
    get: async () => {
      const text = await read().catch(() => {
        throw callFailure(
          "call.tokenFile cannot be read",
          `check that ${path} exists, and that the server may read it`,
        );
      });
      const token = text.trim();
      if (!JWT.test(token)) {
        throw callFailure("call.tokenFile holds no JWT", `check what writes ${path}`);
      }
      return checkedToken({ token, audience, nowMs: clockMs(), from: "call.tokenFile" }).value;
    },
    // It may have been renewed meanwhile.
    refused: () => true,
  };
}
