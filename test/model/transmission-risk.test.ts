import { expect, it } from "vitest";
import type { ReportType } from "../../src/model/report-type.ts";
import { transmissionRisk } from "../../src/model/transmission-risk.ts";

it.each<[ReportType, number]>([
  ["confirmed", 2],
  ["likely", 4],
  ["user-report", 5],
  ["negative", 6],
])("transmissionRisk() of %s is %i when the app lets the server choose", (type, risk) => {
  expect(transmissionRisk(0, type)).toBe(risk);
  expect(transmissionRisk(1, type)).toBe(1);
  expect(transmissionRisk(8, type)).toBe(8);
});
