import { describe, expect, it } from "vitest";
import type { Authenticate } from "../../../federation/auth/caller.ts";
import { rateLimit } from "../../../federation/rate.ts";
import type { RpcCall } from "../../../federation/rpc/method.ts";
import { admission, fetchAllowance, pushAllowance } from "../../../federation/service/admission.ts";
import { accept, refuse } from "../../../src/errors.ts";
import { peerOf } from "../support.ts";

const peer = peerOf({ send: { maxKeysPerSecond: 1000 } });

function newCall(token = "anything"): RpcCall {
  return {
    headers: new Headers(token === "" ? {} : { authorization: token }),
    signal: new AbortController().signal,
    requestId: "test",
    answerHeaders: new Headers(),
  };
}

/** Admission of callers who are all the same peer, and which tokens it counted as used. */
function newAdmission(clock = { ms: 0 }) {
  const used: boolean[] = [];
  const authenticate: Authenticate = ({ authorization, onlyOnce, mayGoOn }) => {
    if (authorization === "away") return Promise.resolve(refuse("unavailable", "cannot be read"));
    if (authorization !== "anything") {
      return Promise.resolve(refuse("unauthenticated", `no: ${authorization}`));
    }
    const refusal = mayGoOn?.(peer);
    if (refusal === undefined) used.push(onlyOnce);
    return Promise.resolve(refusal ?? accept(peer));
  };
  const causes: string[] = [];
  const deps = {
    authenticate,
    rate: rateLimit(() => clock.ms),
    maxPushKeysPerSecond: 500,
    onUnauthenticated: (cause: string) => causes.push(cause),
  };
  return { admit: admission(deps), deps, used, causes };
}

describe("admission()", () => {
  it("answers so many calls of a peer at a time, of all methods together", async () => {
    const { admit, used } = newAdmission();
    const ends: (() => void)[] = [];
    const held = () =>
      new Promise<void>((resolve) => ends.push(resolve)).then(() => accept("done"));
    const methods = [admit.fetch, admit.push, admit.describe] as const;
    const calls = Array.from({ length: 8 }, (_, at) => methods[at % 3]?.(newCall(), held));
    const late = newCall();
    expect(await admit.fetch(late, held)).toEqual({
      ok: false,
      code: "resource_exhausted",
      message: "more than 8 calls at a time: wait for their answers",
    });
    expect(late.answerHeaders.get("retry-after")).toBe("1");
    expect(used).toHaveLength(8);
    ends.forEach((end) => end());
    expect(await Promise.all(calls)).toEqual(calls.map(() => accept("done")));
    expect(await admit.push(newCall(), () => Promise.resolve(accept(1)))).toEqual(accept(1));
  });

  it("gives the place back when the work fails", async () => {
    const { admit } = newAdmission();
    for (let at = 0; at < 20; at++) {
      const failing = admit.fetch(newCall(), () => Promise.reject(new Error("broken")));
      await expect(failing).rejects.toThrow("broken");
    }
    expect(await admit.fetch(newCall(), () => Promise.resolve(accept(1)))).toEqual(accept(1));
  });

  it("makes who owes wait, for each method by itself, and leaves the token unused", async () => {
    const clock = { ms: 0 };
    const { admit, deps, used } = newAdmission(clock);
    const never = () => Promise.reject(new Error("must not be asked"));
    fetchAllowance(deps, peer).use(2500);
    const call = newCall();
    expect(await admit.fetch(call, never)).toEqual({
      ok: false,
      code: "resource_exhausted",
      message: "more than 1000 keys a second: try again in 2 s",
    });
    expect(call.answerHeaders.get("retry-after")).toBe("2");
    expect(await admit.push(newCall(), () => Promise.resolve(accept(1)))).toEqual(accept(1));
    pushAllowance(deps, peer).use(600);
    expect(await admit.push(newCall(), never)).toMatchObject({
      message: "more than 500 keys a second: try again in 1 s",
    });
    expect(used).toEqual([true]);
    clock.ms += 2000;
    expect(await admit.fetch(newCall(), () => Promise.resolve(accept(1)))).toEqual(accept(1));
  });

  it("lets strangers ask for Describe only", async () => {
    const { admit } = newAdmission();
    const who = (caller: unknown) => Promise.resolve(accept({ caller }));
    expect(await admit.describe(newCall(""), who)).toEqual(accept({ caller: undefined }));
    expect(await admit.describe(newCall(), who)).toEqual(accept({ caller: peer }));
    expect(await admit.describe(newCall("forged"), who)).toMatchObject({ code: "unauthenticated" });
    expect(await admit.fetch(newCall(""), who)).toMatchObject({ code: "unauthenticated" });
    expect(await admit.push(newCall(""), who)).toMatchObject({ code: "unauthenticated" });
  });

  it("tells a caller that it does not know one text, whatever is wrong, and the log the cause", async () => {
    const { admit, causes } = newAdmission();
    const never = () => Promise.reject(new Error("must not be asked"));
    for (const token of ["forged", "away", ""]) {
      for (const method of [admit.fetch, admit.push]) {
        expect(await method(newCall(token), never)).toEqual({
          ok: false,
          code: "unauthenticated",
          message:
            "the token is not accepted: compare its iss, sub and aud with the agreement, its key " +
            "with the issuer's, and the clocks; the log of the server called tells the cause",
        });
      }
    }
    expect(causes).toEqual([
      "no: forged",
      "no: forged",
      "cannot be read",
      "cannot be read",
      "no: null",
      "no: null",
    ]);
  });
});
