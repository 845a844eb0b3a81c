import type { ConsoleDependencies } from "./dependencies.ts";
import type { Html } from "./parts/html.ts";
import type { Visit } from "./visit.ts";

/** A request of somebody who is signed in and whose role is enough. */
export type Call = {
  readonly deps: ConsoleDependencies;
  readonly visit: Visit;
  readonly request: Request;
  readonly query: URLSearchParams;
  /** Of a POST; empty for a GET. */
  readonly form: URLSearchParams;
  /** A part of the path, decoded. */
  readonly param: (name: string) => string;
};

/** Answers a request with a page, or with whatever else. */
export type Handler = (call: Call) => Promise<Response>;

/** What a page draws from. */
export type View = (call: Call) => Promise<Html>;
