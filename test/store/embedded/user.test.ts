import { describe, expect, it } from "vitest";
import { OWN_IDS, ownId } from "../../../src/store/embedded/user.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n";

describe("ownId()", () => {
  it("is the same for the same data directory, and in the documented range", () => {
    const ids = ["/srv/a/data", "/srv/b/data", "/srv/a/data"].map((folder) =>
      ownId(folder, PASSWD, OWN_IDS)
    );
    expect(ids[0]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
    for (const id of ids) expect(id).toBeGreaterThanOrEqual(60_578);
    for (const id of ids) expect(id).toBeLessThanOrEqual(61_183);
  });

  it("is not the ID of a user or a group", () => {
    const first = ownId("/data", PASSWD, OWN_IDS);
    const second = ownId("/data", `${PASSWD}app:x:${first}:100::/:/bin/sh\n`, OWN_IDS);
    const third = ownId("/data", `${PASSWD}app:x:${first}:\nops:x:${second}:me\n`, OWN_IDS);
    expect(new Set([first, second, third]).size).toBe(3);
    expect(ownId("/data", "a:x:5:5::/:/\nb:x:6:6::/:/\n", { first: 5, last: 6 })).toBeUndefined();
    expect(ownId("/data", "a:x:5:7::/:/\n", { first: 5, last: 6 })).toBe(6);
  });
});
