import { describe, expect, it } from "vitest";
import { xmlLeaves } from "../../src/blob/xml.ts";

const read = (xml: string): string[] =>
  [...xmlLeaves(xml)].map(({ path, text }) => `${path}=${text}`);

describe("xmlLeaves()", () => {
  it.each([
    ["leaves in their order", "<a><b>1</b><c><d>2</d></c><b>3</b></a>", [
      "a/b=1",
      "a/c/d=2",
      "a/b=3",
    ]],
    ["attributes and a declaration", '<?xml version="1.0"?>\n<a x="1"><b y="2">t</b></a>', [
      "a/b=t",
    ]],
    ["empty elements", '<a><b/><c /><d></d><e x="1"/></a>', ["a/b=", "a/c=", "a/d=", "a/e="]],
    ["comments", "<a><!-- <b>no</b> --><b>yes</b></a>", ["a/b=yes"]],
    ["entities once", "<a><b>&amp;lt; &lt;&gt;&quot;&apos;</b></a>", ["a/b=&lt; <>\"'"]],
    ["character references", "<a><b>&#65;&#x42;&#x1F600;</b></a>", ["a/b=AB\u{1f600}"]],
    ["unknown entities as they are", "<a><b>&nope;&#x110000;&;&#;</b></a>", [
      "a/b=&nope;&#x110000;&;&#;",
    ]],
    ["what comes before a cut", "<a><b>1</b><c>2</", ["a/b=1"]],
    ["nothing in text", "no markup", []],
    ["nothing in nothing", "", []],
  ])("reads %s", (_, xml, expected) => expect(read(xml)).toEqual(expected));

  it.each([
    ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', "XML with a document type or CDATA"],
    ["CDATA", "<a><![CDATA[x]]></a>", "XML with a document type or CDATA"],
    ["wrong nesting", "<a><b></a></b>", "XML is not nested properly"],
    ["an end without a start", "</a>", "XML is not nested properly"],
    ["a nameless element", "<a>< /></a>", "XML is malformed"],
    ["17 levels", "<a>".repeat(17), "XML is malformed"],
  ])("refuses %s", (_, xml, message) => expect(() => read(xml)).toThrow(message));

  it("reads a million of the same character in linear time", () => {
    for (const part of ["<", ">", "&", "<a>", "<!--", "<a ", "&#", "</"]) {
      try {
        read(part.repeat(1_000_000 / part.length));
      } catch (error) {
        expect(String(error)).toContain("XML");
      }
    }
  }, 5_000);
});
