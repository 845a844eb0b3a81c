/** A part of a JSON document. */
export type Json = { readonly [member: string]: unknown };
