import type { AuditedCertificate, AuditedUpload } from "../../../src/model/efgs-gateway.ts";
import { acceptsJson } from "../wire/media-type.ts";
import { batchOf, dayOf } from "./batch-request.ts";
import type { Route } from "./route.ts";
import { problem } from "./problem.ts";
import { isRevoked, type Registry } from "./registry.ts";

/** `GET /diagnosiskeys/audit/download/DATE/TAG`: who uploaded what is in a batch, in the order of its keys. */
export const auditRoute: Route = {
  precheck: (request) =>
    acceptsJson(request.headers.get("accept"))
      ? undefined
      : problem(request, 406, "Accept must take application/json"),
  answer: async (deps, call) => {
    const { request, registry, nowSeconds, names } = call;
    const day = dayOf(deps, call);
    if (day instanceof Response) return day;
    const batch = await batchOf(deps, call, names[1] ?? "");
    if (batch instanceof Response) return batch;
    if (batch.day !== day) return problem(request, 404, "the batch was made on another day");
    const uploads = await deps.batches.audit(batch.id);
    return new Response(
      JSON.stringify(uploads.map((upload) => entryOf(upload, registry, nowSeconds))),
      { headers: { "content-type": "application/json", "cache-control": "no-store" } },
    );
  },
};

function entryOf(upload: AuditedUpload, registry: Registry, nowSeconds: number) {
  const { authentication, signing } = upload;
  const revoked = ({ thumbprint }: AuditedCertificate, name: string): Record<string, string> => {
    const known = registry.get(thumbprint);
    return known?.revokedAt === undefined || !isRevoked(known, nowSeconds)
      ? {}
      : { [name]: timeText(known.revokedAt) };
  };
  return {
    country: upload.country,
    uploadedTime: timeText(upload.uploadedAt),
    uploaderCertificate: authentication.pem,
    uploaderThumbprint: authentication.thumbprint,
    uploaderOperatorSignature: authentication.operatorSignature,
    signingCertificate: signing.pem,
    uploaderSigningThumbprint: signing.thumbprint,
    signingCertificateOperatorSignature: signing.operatorSignature,
    amount: upload.keyCount,
    batchSignature: upload.signature,
    ...revoked(authentication, "uploaderCertificateRevoked"),
    ...revoked(signing, "signingCertificateRevoked"),
  };
}

const timeText = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
