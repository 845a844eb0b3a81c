import { expect, it } from "vitest";
import { peerStatusLines } from "../../src/cli/peer-status-lines.ts";
import { NOW, peerOf } from "../federation/support.ts";

it("tells after each direction why nothing can go over", () => {
  const agreement = peerOf({ pull: { enabled: true } });
  const { name, serverId, protocol } = agreement;
  const nothing = { pull: "accept.regions is empty", fetched: "it asks for no region" };
  const status = { name, serverId, protocol, nothing, lastPages: [], days: [] };
  expect(peerStatusLines(status, agreement, NOW)).toEqual([
    "sla  https://keys.sla.example  auto",
    "  pull: not tried yet; accept.regions is empty",
    "  push: off",
    "  calls us: last fetched never, last pushed never; it asks for no region",
  ]);
});
