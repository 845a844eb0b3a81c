import { accept, type Outcome, refuse } from "../errors.ts";

/** A request's body up to `maxBytes`, counted while it is read; more is refused with `body_too_large`. */
export async function readBody(request: Request, maxBytes: number): Promise<Outcome<Uint8Array>> {
  if (request.body === null) return accept(new Uint8Array());
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > maxBytes) {
      await reader.cancel().catch(() => undefined);
      return refuse("body_too_large", `the body is larger than ${maxBytes} bytes`);
    }
    chunks.push(part.value);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return accept(body);
}
