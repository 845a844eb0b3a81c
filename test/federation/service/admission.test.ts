import { describe, expect, it } from "vitest";
import type { Authenticate } from "../../../federation/auth/caller.ts";
import { rateLimit } from "../../../federation/rate.ts";
import type { RpcCall } from "../../../federation/rpc/method.ts";
import { admission, fetchAllowance, pushAllowance } from "../../../federation/service/admission.ts";
import { accept, AppError, refuse } from "../../../src/errors.ts";
import { peerOf } from "../support.ts";

const peer = peerOf({ send: { maxKeysPerSecond: 1000 } });

function newCall(token = "anything", more: Partial<RpcCall> = {}): RpcCall {
  return {
    headers: new Headers(token === "" ? {} : { authorization: token }),
    signal: new AbortController().signal,
    timeLeftMs: () => 20_000,
    requestId: "test",
    answerHeaders: new Headers(),
    ...more,
  };
}

/** Admission of callers who are all the same peer, and which tokens it counted as used. */
function newAdmission(clock = { ms: 0 }) {
  const used: boolean[] = [];
  const authenticate: Authenticate = async ({ authorization, onlyOnce, mayGoOn }) => {
    if (authorization === "away") return refuse("unavailable", "cannot be read");
    if (authorization !== "anything") return refuse("unauthenticated", `no: ${authorization}`);
    const refusal = await mayGoOn?.(peer);
    if (refusal === undefined) used.push(onlyOnce);
    return refusal ?? accept(peer);
  };
  const causes: string[] = [];
  const waits: number[] = [];
  const deps = {
    authenticate,
    rate: rateLimit(() => clock.ms),
    maxPushKeysPerSecond: 500,
    onUnauthenticated: (cause: string) => causes.push(cause),
    delay: (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      waits.push(ms);
      clock.ms += ms;
      return Promise.resolve();
    },
  };
  return { admit: admission(deps), deps, used, causes, waits };
}

/** Work that goes on until it is told to end. */
function heldWork() {
  const ends: (() => void)[] = [];
  let begun = 0;
  const work = async () => {
    begun += 1;
    await new Promise<void>((resolve) => ends.push(resolve));
    return accept("done");
  };
  return { work, begun: () => begun, end: () => ends.splice(0).forEach((end) => end()) };
}

/** Lets everything run that waits for nothing. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("admission()", () => {
  it("answers 8 calls of a peer at a time for each method, and the others in order after them", async () => {
    const { admit, used } = newAdmission();
    const { work, begun, end } = heldWork();
    const pulls = Array.from({ length: 30 }, () => admit.fetch(newCall(), work));
    await settle();
    expect(begun()).toBe(8);
    expect(await admit.push(newCall(), () => Promise.resolve(accept(1)))).toEqual(accept(1));
    for (const all of [16, 24, 30]) {
      end();
      await settle();
      expect(begun()).toBe(all);
    }
    end();
    expect(await Promise.all(pulls)).toEqual(pulls.map(() => accept("done")));
    expect(used).toHaveLength(31);
  });

  it("refuses a call when 100 wait already, and leaves its token unused", async () => {
    const { admit, used } = newAdmission();
    const { work, begun, end } = heldWork();
    const calls = Array.from({ length: 108 }, () => admit.push(newCall(), work));
    await settle();
    const late = newCall();
    expect(await admit.push(late, work)).toEqual({
      ok: false,
      code: "resource_exhausted",
      message: "more than 100 calls wait: wait for their answers",
    });
    expect(late.answerHeaders.get("retry-after")).toBe("1");
    expect(used).toHaveLength(8);
    while (begun() < 108) {
      end();
      await settle();
    }
    end();
    expect(await Promise.all(calls)).toHaveLength(108);
  });

  it("forgets a call that goes away while it waits", async () => {
    const { admit } = newAdmission();
    const { work, begun, end } = heldWork();
    const first = Array.from({ length: 8 }, () => admit.fetch(newCall(), work));
    const gone = new AbortController();
    const leaving = admit.fetch(newCall("anything", { signal: gone.signal }), work);
    const next = admit.fetch(newCall(), work);
    await settle();
    gone.abort(new AppError("deadline_exceeded"));
    await expect(leaving).rejects.toMatchObject({ code: "deadline_exceeded" });
    end();
    await Promise.all(first);
    await settle();
    expect(begun()).toBe(9);
    end();
    expect(await next).toEqual(accept("done"));
  });

  it("gives the place back when the work fails", async () => {
    const { admit } = newAdmission();
    for (let at = 0; at < 20; at++) {
      const failing = admit.fetch(newCall(), () => Promise.reject(new Error("broken")));
      await expect(failing).rejects.toThrow("broken");
    }
    expect(await admit.fetch(newCall(), () => Promise.resolve(accept(1)))).toEqual(accept(1));
  });

  it("makes who owes wait, for each method by itself", async () => {
    const clock = { ms: 0 };
    const { admit, deps, used, waits } = newAdmission(clock);
    fetchAllowance(deps, peer).use(2500);
    expect(await admit.push(newCall(), () => Promise.resolve(accept(1)))).toEqual(accept(1));
    expect(waits).toEqual([]);
    expect(await admit.fetch(newCall(), () => Promise.resolve(accept(2)))).toEqual(accept(2));
    expect(waits).toEqual([1501]);
    pushAllowance(deps, peer).use(1000);
    expect(await admit.push(newCall(), () => Promise.resolve(accept(3)))).toEqual(accept(3));
    expect(waits).toEqual([1501, 1001]);
    expect(used).toEqual([true, false, true]);
  });

  it.each([
    ["a second is left for its work", 3000, 2999],
    ["half of its time is left for its work, when that is less", 400, 300],
  ])("lets nobody wait unless %s", async (_, left, wait) => {
    const { admit, deps, used, waits } = newAdmission();
    const never = () => Promise.reject(new Error("must not be asked"));
    fetchAllowance(deps, peer).use(1000 + wait - 1);
    const call = newCall("anything", { timeLeftMs: () => left });
    const seconds = Math.ceil(wait / 1000);
    expect(await admit.fetch(call, never)).toEqual({
      ok: false,
      code: "resource_exhausted",
      message: `more than 1000 keys a second: try again in ${seconds} s, or with a longer deadline`,
    });
    expect(call.answerHeaders.get("retry-after")).toBe(String(seconds));
    expect([used, waits]).toEqual([[], []]);
    const patient = newCall("anything", { timeLeftMs: () => wait + 1000 });
    expect(await admit.fetch(patient, () => Promise.resolve(accept(1)))).toEqual(accept(1));
    expect(waits).toEqual([wait]);
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
