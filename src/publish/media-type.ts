/** Whether a request says that its body is JSON: `application/json`, whatever parameters follow. */
export function isJson(request: Request): boolean {
  return /^\s*application\/json/i.test(request.headers.get("content-type") ?? "");
}
