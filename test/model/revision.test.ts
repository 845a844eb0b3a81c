import { describe, expect, it } from "vitest";
import type { ReportType } from "../../src/model/report-type.ts";
import { type RevisionState, revisionStep } from "../../src/model/revision.ts";

const TYPES: readonly ReportType[] = ["confirmed", "likely", "user-report", "negative"];

/** Every transition of a key that was never revised: rows are stored types, columns incoming ones, both as in TYPES. */
const FRESH = {
  confirmed: ["unchanged", "not-allowed", "not-allowed", "not-allowed"],
  likely: ["revise", "unchanged", "not-allowed", "revise"],
  "user-report": ["revise", "revise", "unchanged", "revise"],
  negative: ["not-allowed", "not-allowed", "not-allowed", "unchanged"],
  "": ["revise", "unchanged", "not-allowed", "revise"],
} as const satisfies Record<ReportType | "", readonly string[]>;

describe("revisionStep()", () => {
  for (const [stored, row] of Object.entries(FRESH)) {
    for (const [index, kind] of row.entries()) {
      const to = TYPES[index] ?? "confirmed";
      it(`${stored === "" ? "empty" : stored} to ${to}: ${kind}`, () => {
        const step = revisionStep({ reportType: stored as ReportType | "" }, to);
        expect(step.kind).toBe(kind);
        if (step.kind === "not-allowed") {
          expect(step).toEqual({ kind, from: stored === "" ? "likely" : stored, to });
        }
      });
    }
  }

  const revised: readonly RevisionState[] = [
    { reportType: "likely", revisedTo: "confirmed" },
    { reportType: "likely", revisedTo: "negative" },
    { reportType: "user-report", revisedTo: "confirmed" },
    { reportType: "user-report", revisedTo: "likely" },
    { reportType: "user-report", revisedTo: "negative" },
    { reportType: "", revisedTo: "confirmed" },
  ];
  for (const state of revised) {
    for (const to of TYPES) {
      const same = to === state.revisedTo || to === (state.reportType || "likely");
      it(`${state.reportType || "empty"}, revised to ${state.revisedTo}, to ${to}`, () => {
        expect(revisionStep(state, to).kind).toBe(same ? "unchanged" : "already-revised");
      });
    }
  }
});
