/** One step of the schema. */
export type Migration = { readonly version: number; readonly name: string; readonly sql: string };
