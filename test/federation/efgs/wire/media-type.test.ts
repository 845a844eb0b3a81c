import { describe, expect, it } from "vitest";
import {
  acceptsJson,
  formatOfAccept,
  formatOfContentType,
} from "../../../../federation/efgs/wire/media-type.ts";

const fault = (name: string) => ({ ok: false, fault: name });

describe("formatOfContentType()", () => {
  it.each([
    ["application/protobuf; version=1.0", { ok: true, format: "protobuf" }],
    ["APPLICATION/JSON; Version=1.00; charset=utf-8", { ok: true, format: "json" }],
    ["application/json", fault("no-version")],
    ["application/json; version=1", fault("malformed")],
    ["application/json; version=1.0.0", fault("malformed")],
    ['application/json; version="1.0"', fault("malformed")],
    ["application/json; version=1.1", fault("version")],
    ["application/protobuf; version=2.0", fault("version")],
    ["application/x-protobuf; version=1.0", fault("type")],
    ["text/plain", fault("type")],
    ["constructor; version=1.0", fault("type")],
    ["", fault("type")],
    [null, fault("type")],
  ])("reads %s", (text, expected) => {
    expect(formatOfContentType(text)).toEqual(expected);
  });
});

describe("formatOfAccept()", () => {
  it.each([
    ["application/json; version=1.0", { ok: true, format: "json" }],
    ["application/json; version=1.0; q=0.5, application/protobuf; version=1.0", {
      ok: true,
      format: "protobuf",
    }],
    ["application/json; version=1.0, application/protobuf; version=1.0", {
      ok: true,
      format: "json",
    }],
    ["text/plain, application/json; version=1.0", { ok: true, format: "json" }],
    ["application/protobuf; version=1.0; q=0.9, */*", fault("no-version")],
    ["application/*", fault("no-version")],
    ["*/*", fault("no-version")],
    ["application/protobuf", fault("no-version")],
    ["application/protobuf; version=1.1", fault("version")],
    ["text/plain", fault("type")],
    [null, fault("no-version")],
  ])("reads %s", (text, expected) => {
    expect(formatOfAccept(text)).toEqual(expected);
  });
});

describe("acceptsJson()", () => {
  it("looks at the type alone", () => {
    expect([null, "*/*", "application/json; version=9", "application/protobuf, application/json"]
      .map(acceptsJson)).toEqual([true, true, true, true]);
    expect(acceptsJson("application/protobuf; version=1.0")).toBe(false);
  });
});
