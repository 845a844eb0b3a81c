import { describe, expect, it } from "vitest";
import { MAX_INDEX_FILES, parseIndex } from "../../src/export-file/index-lines.ts";

const parse = (text: string) => parseIndex(new TextEncoder().encode(text));

describe("parseIndex()", () => {
  it("reads one path per line, each once, in order", () => {
    expect(parse("us/b.zip\r\n\n  /us/a.zip\t\nus/b.zip\nc-1_2.zip")).toEqual({
      ok: true,
      value: { paths: ["us/b.zip", "us/a.zip", "c-1_2.zip"], refused: 0 },
    });
  });

  it("accepts an empty index", () => {
    expect(parse("\n")).toEqual({ ok: true, value: { paths: [], refused: 0 } });
  });

  it("leaves out lines that are not a safe path", () => {
    const hostile = [
      "http://127.0.0.1/a.zip",
      "//evil.example/a.zip",
      "../a.zip",
      "a/../../b.zip",
      "%2e%2e/a.zip",
      "a\\..\\b.zip",
      "a.zip?x=1",
      "a.zip#x",
      "a\u0000.zip",
      "a\u001b[2J.zip",
      "a b.zip",
      "é.zip",
      "file:a",
      "a//b.zip",
      "a/",
      "us/1600000000-1600014400-0000",
      "./../a.zip",
      "a/b/../../../c.zip",
      "/../a.zip",
      "a.zip/..",
      "a/.zip",
      ".hidden",
      "x".repeat(1025),
    ];
    expect(parse(["good.zip", ...hostile].join("\n"))).toEqual({
      ok: true,
      value: { paths: ["good.zip"], refused: hostile.length, firstRefused: 2 },
    });
  });

  it("resolves dots inside the root, each path once", () => {
    expect(parse("./us/a.zip\nus/./b.zip\nus/x/../c.zip\n././us/a.zip\n/us/b.zip")).toEqual({
      ok: true,
      value: { paths: ["us/a.zip", "us/b.zip", "us/c.zip"], refused: 0 },
    });
  });

  it.each(["<html>\n<p>moved</p>\n</html>", "OK", "maintenance\n", "us/1600000000-16000"])(
    "refuses %j as an index",
    (text) => {
      expect(parse(text)).toEqual({
        ok: false,
        code: "malformed_file",
        message: "not an index: no line is the path of a .zip file",
      });
    },
  );

  it("bounds the number of files", () => {
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i}.zip`).join("\n");
    expect(parse(lines(MAX_INDEX_FILES)).ok).toBe(true);
    expect(parse(lines(MAX_INDEX_FILES + 1))).toMatchObject({ code: "limit_exceeded" });
  });
});
