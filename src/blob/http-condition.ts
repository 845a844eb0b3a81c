/** Conditional requests by entity tag (RFC 9110, section 13). */

/** The status to answer instead of the content, evaluated in the order of section 13.2.2; undefined to send it. */
export function precondition(headers: Headers, etag: string): 304 | 412 | undefined {
  const match = headers.get("if-match");
  if (match !== null && !listed(match, etag, "strong")) return 412;
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null && listed(noneMatch, etag, "weak")) return 304;
  return undefined;
}

/** Whether to honor a Range header: If-Range is absent or holds this entity tag. A date never matches. */
export function rangeApplies(headers: Headers, etag: string): boolean {
  const ifRange = headers.get("if-range");
  return ifRange === null || ifRange.trim() === etag;
}

/** Whether the response depends on more than the path: a precondition or a range. */
export function isConditional(headers: Headers): boolean {
  return ["if-match", "if-none-match", "range"].some((name) => headers.has(name));
}

function listed(list: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  const opaque = (tag: string): string => comparison === "weak" ? tag.replace(/^W\//, "") : tag;
  // Tags may hold commas, so they are matched rather than split at them.
  for (const [tag] of list.matchAll(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g)) {
    if (opaque(tag) === opaque(etag)) return true;
  }
  return false;
}
