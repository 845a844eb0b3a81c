import { concatBytes } from "../../../src/keys/pem.ts";
import { readBatch, writeBatch } from "../wire/batch.ts";
import { formatOfAccept, MEDIA_TYPES, PROTOCOL_VERSION } from "../wire/media-type.ts";
import { batchOf, dayOf } from "./batch-request.ts";
import type { CountryRequest, GatewayDependencies, Route } from "./route.ts";
import { problem } from "./problem.ts";

/** `GET /diagnosiskeys/download/DATE`: a batch without the caller's own keys. */
export const downloadRoute: Route = {
  precheck: (request) => {
    const accept = formatOfAccept(request.headers.get("accept"));
    return accept.ok || accept.fault !== "type"
      ? undefined
      : problem(request, 406, "Accept must be application/protobuf or application/json");
  },
  answer: async (deps, call) => {
    const { request, caller } = call;
    const accept = formatOfAccept(request.headers.get("accept"));
    if (!accept.ok) {
      return problem(
        request,
        415,
        `Accept must name one type with version=${PROTOCOL_VERSION}, and no wildcard`,
      );
    }
    const day = dayOf(deps, call);
    if (day instanceof Response) return day;
    const batch = await wantedBatch(deps, call, day);
    if (batch instanceof Response) return batch;
    const uploads = await deps.batches.keysFor(batch.id, caller.country);
    // One protobuf after the other is the protobuf of all their keys.
    const keys = concatBytes(...uploads);
    return new Response(accept.format === "protobuf" ? keys : jsonOf(keys), {
      status: 200,
      headers: {
        "content-type": MEDIA_TYPES[accept.format],
        "cache-control": "no-store",
        batchTag: batch.tag,
        nextBatchTag: batch.nextTag ?? "null",
        "X-Protobuf-Schema": "Efgs.proto",
        "X-Protobuf-Message": "eu.interop.DiagnosisKeyBatch",
      },
    });
  },
};

async function wantedBatch(deps: GatewayDependencies, call: CountryRequest, day: number) {
  const { request } = call;
  const tag = request.headers.get("batchtag");
  if (tag === null) {
    return await deps.batches.firstFrom(day) ??
      problem(request, 404, "there is no batch of this date or later");
  }
  const batch = await batchOf(deps, call, tag);
  if (batch instanceof Response || batch.day >= day) return batch;
  return problem(request, 400, "the batch is older than the date: use the date of the batch");
}

function jsonOf(keys: Uint8Array): Uint8Array<ArrayBuffer> {
  const batch = readBatch(keys, "protobuf");
  if (!batch.ok) throw new TypeError("a stored batch cannot be read");
  return writeBatch(batch.value, "json");
}
