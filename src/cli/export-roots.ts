import * as z from "zod";
import { fetchBounded } from "../device/bounded-fetch.ts";
import type { Downloads } from "../device/export-source.ts";
import { parseJson } from "../device/publish-client.ts";
import { AppError } from "../errors.ts";
import { printable } from "./printable.ts";

const MAX_LIST_BYTES = 256 * 1024;
const TIMEOUT_MS = 10_000;
const listed = z.object({ exports: z.array(z.object({ filenameRoot: z.string() })).max(1000) });

/**
 * The failure of looking for a root that does not exist: it names the roots that the server tells of. Undefined when
 * the root is one of them: then its index is about to be made.
 */
export async function noSuchRoot(
  { fetch, source, signal }: Downloads,
  serverUrl: string,
): Promise<AppError | undefined> {
  const bounds = { maxBytes: MAX_LIST_BYTES, timeoutMs: TIMEOUT_MS, signal };
  const headers = { accept: "application/json" };
  const answer = await fetchBounded(fetch, `${serverUrl}/`, bounds, { headers });
  const parsed = listed.safeParse(answer.ok ? parseJson(answer.value.body) : undefined);
  const roots = parsed.success ? parsed.data.exports.map((one) => one.filenameRoot) : undefined;
  if (roots?.includes(source.root) === true) return undefined;
  const cure = roots === undefined
    ? "give the filenameRoot of an export of this server with --root"
    : roots.length === 0
    ? "this server has no export: make an ExportConfig first"
    : `its exports have --root ${roots.map((root) => printable(root)).join(", ")}`;
  const index = `${source.baseUrl}/${source.root}/index.txt`;
  return new AppError("not_found", `there is no index ${index}: ${cure}`);
}
