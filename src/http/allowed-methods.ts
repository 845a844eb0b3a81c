import { errorAnswer } from "./answer.ts";

/** A route as Hono lists it: `ALL` for every method; `:name` is one segment of the path, `*` is the rest of it. */
export type Route = { readonly method: string; readonly path: string };

/** The methods that a path has routes for; empty if there are none. A GET route also answers HEAD. */
export function allowedMethods(routes: readonly Route[], path: string): readonly string[] {
  const methods = routes
    .filter(({ method, path: pattern }) => method !== "ALL" && fits(pattern, path))
    .flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]);
  return [...new Set(methods)].sort();
}

/** 405 with the allowed methods (RFC 9110, 15.5.6). */
export function methodNotAllowed(allowed: readonly string[]): Response {
  const answer = errorAnswer("method_not_allowed", `use ${allowed.join(" or ")} here`);
  answer.headers.set("allow", allowed.join(", "));
  return answer;
}

function fits(pattern: string, path: string): boolean {
  const source = pattern.split("/")
    .map((part) =>
      part === "*" ? ".*" : part.startsWith(":") ? "[^/]+" : part.replaceAll(".", "\\.")
    )
    .join("/");
  return new RegExp(`^${source}$`).test(path);
}
