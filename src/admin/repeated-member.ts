/** Strings, with the colon behind those that are names, and the brackets of objects and arrays. */
const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;

/**
 * A name that one object of a valid JSON text has twice; undefined when there is none. JSON.parse takes the last of
 * them, others the first: a text that two programs read differently is refused.
 */
export function repeatedMember(json: string): string | undefined {
  // An array has no names of its own.
  const open: (Set<string> | undefined)[] = [];
  for (const [token, colon] of json.matchAll(TOKEN)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (colon !== undefined) {
      const name = String(JSON.parse(token.slice(0, -colon.length)));
      const names = open.at(-1);
      if (names?.has(name) === true) return name;
      names?.add(name);
    }
  }
  return undefined;
}
