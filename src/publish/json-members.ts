import type { JsonReader } from "./json-reader.ts";

/** Reads one member's value into what is being built; the reader stands at the value. */
export type MemberReader<T> = (json: JsonReader, into: T) => void;

/** A member: how it is read, and whether it may come twice (its reader then compares). */
export type Member<T> = {
  readonly name: string;
  readonly read: MemberReader<T>;
  readonly repeatable?: boolean;
};

/** The members of an object, at most 32, by their own and by their lower-case name. */
export type Members<T> = ReadonlyMap<string, Member<T> & { readonly bit: number }>;

/** Members from their readers by name. `repeatable` names those that may come twice. */
export function members<T>(
  readers: Readonly<Record<string, MemberReader<T>>>,
  repeatable: readonly string[] = [],
): Members<T> {
  return new Map(
    Object.entries(readers).flatMap(([name, read], index) => {
      const member = { name, read, repeatable: repeatable.includes(name), bit: 1 << index };
      return [[name, member], [name.toLowerCase(), member]];
    }),
  );
}
