/** `base` with some of its members replaced. Methods keep their own `this`, which native ones require. */
export function overlay<T extends object>(base: T, own: object): T {
  return new Proxy(base, {
    get: (target, name) => {
      const member: unknown = Reflect.get(own, name) ?? Reflect.get(target, name);
      return typeof member === "function" && !(name in own) ? member.bind(target) : member;
    },
  });
}

/** The name in an AlgorithmIdentifier (W3C Web Cryptography API), as the caller spelled it; "" if there is none. */
export function nameOf(algorithm: unknown): string {
  if (typeof algorithm === "string") return algorithm;
  return isObject(algorithm) && typeof algorithm["name"] === "string" ? algorithm["name"] : "";
}

/** Whether the value is an object whose members can be read. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
