import { expect, it } from "vitest";
import { historyWriter } from "../../../federation/service/history.ts";
import type { PageRecord } from "../../../src/model/peer-sync.ts";

const page = (peer: string, keys: number): PageRecord => ({
  peer,
  kind: "fetched",
  keys,
  revised: 1,
  verdicts: { stored: keys },
  tookMs: 10,
});

it("writes one page after the other, and those that wait as one a peer", async () => {
  const written: PageRecord[] = [];
  const errors: unknown[] = [];
  let finish: (error?: Error) => void = () => {};
  const record = historyWriter((one) => {
    written.push(one);
    return new Promise((resolve, reject) => {
      finish = (error) => error === undefined ? resolve() : reject(error);
    });
  }, (error) => errors.push(error));
  const finished = async (error?: Error) => {
    finish(error);
    await new Promise(setImmediate);
  };
  record(page("a", 1));
  expect(written).toEqual([page("a", 1)]);
  for (let at = 0; at < 1000; at++) record(page(at % 2 === 0 ? "a" : "b", 3));
  expect(written).toHaveLength(1);
  await finished(new Error("no database"));
  expect(errors).toMatchObject([{ message: "no database" }]);
  const whole = { keys: 1500, revised: 500, verdicts: { stored: 1500 }, tookMs: 5000 };
  expect(written.slice(1)).toEqual([{ ...page("a", 0), ...whole }]);
  await finished();
  expect(written.slice(2)).toEqual([{ ...page("b", 0), ...whole }]);
  await finished();
  expect(written).toHaveLength(3);
  record(page("a", 7));
  expect(written.slice(3)).toEqual([page("a", 7)]);
});
