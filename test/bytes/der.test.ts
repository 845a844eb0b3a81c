import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { derChildren, derElement, derOid } from "../../src/bytes/der.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

describe("derElement()", () => {
  it("returns the offsets of the content, in short and in long form", () => {
    expect(derElement(hex("0203010203"), 0)).toEqual({ tag: 2, from: 0, start: 2, end: 5 });
    const long = hex(`048180${"00".repeat(128)}`);
    expect(derElement(long, 0)).toEqual({ tag: 4, from: 0, start: 3, end: 131 });
  });

  it.each([
    ["nothing", ""],
    ["no length", "30"],
    ["an indefinite length", "30800000"],
    ["a length in four bytes", "048400000000"],
    ["a long form that the short one would do for", "04810100"],
    ["a long form with a leading zero", `04820080${"00".repeat(128)}`],
    ["a length that is cut off", "0482"],
    ["content that is cut off", "04020000".slice(0, 6)],
    ["a tag of several bytes", "1f8101"],
  ])("refuses %s", (_, text) => {
    expect(derElement(hex(text), 0)).toBeUndefined();
  });

  it("ends at its limit", () => {
    expect(derElement(hex("0402ffff"), 0, 3)).toBeUndefined();
  });
});

it("derChildren() refuses bytes left over", () => {
  const whole = hex("3006020101020102");
  const element = derElement(whole, 0);
  if (element === undefined) throw new Error("no element");
  expect(derChildren(whole, element)?.map(({ start }) => whole[start])).toEqual([1, 2]);
  expect(derChildren(whole, { ...element, end: element.end - 1 })).toBeUndefined();
});

describe("derOid()", () => {
  it.each([
    ["2a864886f763640802", "1.2.840.113635.100.8.2"],
    ["551d13", "2.5.29.19"],
    ["2b81040022", "1.3.132.0.34"],
    ["883703", "2.999.3"],
  ])("reads %s as %s", (content, oid) => {
    expect(derOid(hex(content))).toBe(oid);
  });

  it.each(["", "2a86", "2a8001", "2a8fffffffff7f"])("refuses %s", (content) => {
    expect(derOid(hex(content))).toBeUndefined();
  });
});
