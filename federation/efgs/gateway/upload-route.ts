import { readBounded } from "../../../src/bounds/read.ts";
import { isValidAt } from "../../../src/keys/certificate.ts";
import { keyFault, textFault } from "../key-fault.ts";
import { inSignedOrder, payloadHash, signedBytes } from "../signing/signed-bytes.ts";
import { verifyBatch } from "../signing/verify-batch.ts";
import { type EfgsKey, readBatch, writeBatch } from "../wire/batch.ts";
import { acceptsJson, formatOfContentType, PROTOCOL_VERSION } from "../wire/media-type.ts";
import type { CountryRequest, GatewayDependencies, Route } from "./route.ts";
import { problem } from "./problem.ts";
import { isRevoked, type RegisteredCertificate } from "./registry.ts";

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const BODY_TIMEOUT_MS = 60_000;
const MAX_TAG_CHARACTERS = 64;

/** `POST /diagnosiskeys/upload`: a signed batch is stored whole, or refused with the reason. */
export const uploadRoute: Route = {
  precheck: (request) => {
    if (!acceptsJson(request.headers.get("accept"))) {
      return problem(request, 406, "Accept must take application/json");
    }
    const named = formatOfContentType(request.headers.get("content-type"));
    if (named.ok || named.fault !== "type") return undefined;
    const accept = "application/protobuf, application/json";
    return problem(request, 415, `Content-Type must be one of ${accept}`, { headers: { accept } });
  },
  answer: async (deps, call) => {
    const read = await readUpload(call);
    return read instanceof Response ? read : await storeUpload(deps, call, read);
  },
};

type Upload = {
  readonly tag: string;
  readonly signature: string;
  readonly keys: readonly EfgsKey[];
};

/** Headers and body; an answer when they cannot be read. */
async function readUpload({ request }: CountryRequest): Promise<Upload | Response> {
  const { headers } = request;
  const tag = headers.get("batchtag");
  const signature = headers.get("batchsignature");
  if (tag === null) return problem(request, 400, "the header batchTag is missing");
  if (signature === null) return problem(request, 400, "the header batchSignature is missing");
  const named = formatOfContentType(headers.get("content-type"));
  if (!named.ok) {
    return named.fault === "version"
      ? problem(request, 406, `Content-Type must say version=${PROTOCOL_VERSION}`)
      : problem(request, 400, `Content-Type must say version=${PROTOCOL_VERSION}, not quoted`);
  }
  if (tag.length > MAX_TAG_CHARACTERS || !/^[\x20-\x7e]+$/.test(tag)) {
    return problem(request, 400, "batchTag must have 1 to 64 printable ASCII characters");
  }
  const body = await readBounded(request.body, {
    maxBytes: MAX_BODY_BYTES,
    timeoutMs: BODY_TIMEOUT_MS,
    rest: "leave",
  });
  if (!body.ok) return problem(request, 413, `the body must have at most ${MAX_BODY_BYTES} bytes`);
  const batch = readBatch(body.value, named.format);
  if (!batch.ok) {
    return problem(request, batch.code === "limit_exceeded" ? 413 : 400, batch.message);
  }
  if (batch.value.length === 0) return problem(request, 400, "the batch has no keys");
  return { tag, signature, keys: batch.value };
}

async function storeUpload(
  { uploads, settings }: GatewayDependencies,
  call: CountryRequest,
  { tag, signature, keys }: Upload,
): Promise<Response> {
  const { request, caller, nowSeconds } = call;
  const fault = faultOfKeys(keys, nowSeconds);
  if (fault !== undefined) return problem(request, 400, fault, { message: fault });
  if (keys.length > settings.maxBatchKeys) {
    return problem(request, 413, `a batch must have at most ${settings.maxBatchKeys} keys`);
  }
  if (await uploads.isTagTaken(tag)) return tagTaken(request);
  const signed = inSignedOrder(keys);
  const signer = signerOf(call, keys, verifyBatch(signedBytes(signed), signature));
  if (typeof signer === "string") return problem(request, 400, `Invalid signature: ${signer}`);
  if (keys.some(({ origin }) => origin !== caller.country)) {
    return problem(request, 400, `every origin must be ${caller.country}, the caller's country`);
  }
  const hashes = new Map(signed.map((one) => [one.key, payloadHash(one)]));
  const unique = new Set(hashes.values());
  const verdict = unique.size < keys.length ? undefined : await uploads.add({
    tag,
    country: caller.country,
    version: PROTOCOL_VERSION,
    authentication: { ...caller, thumbprint: caller.certificate.thumbprint },
    signing: { ...signer, thumbprint: signer.certificate.thumbprint },
    signature,
    keyCount: keys.length,
    keys: writeBatch(keys, "protobuf"),
    hashes: [...unique],
  });
  if (verdict?.kind === "stored") {
    return new Response(null, { status: 201, headers: { batchTag: tag } });
  }
  if (verdict?.kind === "tag-taken") return tagTaken(request);
  const known = verdict?.known ?? await uploads.knownOf([...unique]);
  return knownAnswer(keys.map((key) => hashes.get(key) ?? ""), known);
}

const tagTaken = (request: Request): Response => problem(request, 409, "batchTag already exists");

/** The first fault of the first key that has one. */
function faultOfKeys(keys: readonly EfgsKey[], nowSeconds: number): string | undefined {
  for (const [index, key] of keys.entries()) {
    const fault = keyFault(key, nowSeconds) ?? textFault(key);
    if (fault !== undefined) return `keys[${index}].${fault.field} ${fault.reason}`;
  }
  return undefined;
}

/** Who signed, or why that does not count. */
function signerOf(
  { registry, nowSeconds }: CountryRequest,
  keys: readonly EfgsKey[],
  verified: ReturnType<typeof verifyBatch>,
): RegisteredCertificate | string {
  if (!verified.ok) return verified.reason;
  if (!isValidAt(verified.signer, nowSeconds)) return "the signer's certificate is not valid now";
  const signer = registry.get(verified.signer.thumbprint);
  if (signer === undefined || signer.type !== "SIGNING") {
    return "the signer's certificate is not registered for signing";
  }
  if (isRevoked(signer, nowSeconds)) return "the signer's certificate is revoked";
  const [country, second] = verified.signer.countries;
  if (country !== signer.country || second !== undefined) {
    return "the signer's certificate must have one C, that of its country";
  }
  return keys.every(({ origin }) => origin === country)
    ? signer
    : `every origin must be ${country}, the signer's country`;
}

/** 207: nothing was stored. Of a key that comes twice the first one could have been. */
function knownAnswer(hexes: readonly string[], known: ReadonlySet<string>): Response {
  const seen = new Set(known);
  const [free, taken]: [number[], number[]] = [[], []];
  for (const [index, hex] of hexes.entries()) {
    (seen.has(hex) ? taken : free).push(index);
    seen.add(hex);
  }
  return new Response(JSON.stringify({ 201: free, 409: taken, 500: [] }), {
    status: 207,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
