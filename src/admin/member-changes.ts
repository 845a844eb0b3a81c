/** A member that a change sets, clears or replaces; `undefined`: it is not there. */
export type MemberChange = {
  /** `period`, or `pull.enabled`. */
  readonly member: string;
  readonly before: unknown;
  readonly after: unknown;
};

/** The members that differ, objects looked into, lists as a whole. */
export function memberChanges(before: object, after: object, prefix = ""): readonly MemberChange[] {
  const old = new Map<string, unknown>(Object.entries(before));
  const fresh = new Map<string, unknown>(Object.entries(after));
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((name) => {
    const [left, right] = [old.get(name), fresh.get(name)];
    const member = `${prefix}${name}`;
    if (isObject(left) && isObject(right)) return memberChanges(left, right, `${member}.`);
    return JSON.stringify(left) === JSON.stringify(right)
      ? []
      : [{ member, before: left, after: right }];
  });
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
