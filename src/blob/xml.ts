/** Parses the XML responses of object stores in one pass: elements and text, nothing else. */

/** Deepest nesting that is accepted. */
const MAX_DEPTH = 16;

const NAMED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** An element without children: its path (`Root/Child/Leaf`) and its text. */
export type XmlLeaf = { readonly path: string; readonly text: string };

/**
 * The leaves of a document, in order. Skips attributes, comments and processing instructions. Throws an `Error` for a
 * document type, a CDATA section, wrong nesting, or nesting deeper than 16. A truncated document yields the leaves
 * before the cut. Time is linear in the text, whose length the caller bounds.
 */
export function* xmlLeaves(xml: string): Generator<XmlLeaf> {
  const open: string[] = [];
  let leaf = false;
  let text = "";
  for (let at = 0; at < xml.length;) {
    const start = xml.indexOf("<", at);
    if (start === -1) return;
    text = xml.slice(at, start);
    const comment = xml.startsWith("<!--", start);
    const close = xml.indexOf(comment ? "-->" : ">", start);
    if (close === -1) return;
    at = close + (comment ? 3 : 1);
    const tag = xml.slice(start + 1, close);
    if (comment || tag.startsWith("?")) continue;
    if (tag.startsWith("!")) throw new Error("XML with a document type or CDATA is not supported");
    if (tag.startsWith("/")) {
      const path = open.join("/");
      if (open.pop() !== tag.slice(1).trimEnd()) throw new Error("XML is not nested properly");
      if (leaf) yield { path, text: unescape(text) };
      leaf = false;
    } else {
      const name = /^[^\s/]{1,100}/.exec(tag)?.[0];
      if (name === undefined || open.length === MAX_DEPTH) throw new Error("XML is malformed");
      leaf = !tag.endsWith("/");
      if (leaf) open.push(name);
      else yield { path: [...open, name].join("/"), text: "" };
    }
  }
}

function unescape(text: string): string {
  return text.replace(/&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,4});/gi, (whole, entity: string) => {
    const code = /^#x/i.test(entity) ? parseInt(entity.slice(2), 16) : Number(entity.slice(1));
    if (!entity.startsWith("#")) return NAMED.get(entity) ?? whole;
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
