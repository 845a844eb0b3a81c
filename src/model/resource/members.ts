import * as z from "zod";
import { parseDuration } from "../duration.ts";
import { asHealthAuthorityId, asRegion, type HealthAuthorityId, type Region } from "../ids.ts";

/** Members that several kinds of resource share. Bounds are ours: generous for people, small for machines. */

/** Name of a resource. */
export const nameMember: z.ZodType<string, string> = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
  "must be 1 to 100 letters, digits, dots, dashes or underscores, beginning with a letter or digit",
);

/** Name of a health authority: the ID that apps send; any printable text without spaces, in lower case. */
export const healthAuthorityName: z.ZodType<HealthAuthorityId, string> = z.string()
  .regex(/^[!-~]{1,200}$/, "must be 1 to 200 printable characters without spaces")
  .transform(asHealthAuthorityId);

/** A region code; kept in upper case. */
export const regionMember: z.ZodType<Region, string> = z.string()
  .regex(/^[A-Za-z0-9_-]{1,50}$/, "must be a region code such as MAG or US-CA")
  .transform(asRegion);

/** Region codes, each once. */
export const regionsMember: z.ZodType<Region[], string[]> = z.array(regionMember).max(500)
  .transform((regions) => [...new Set(regions)]);

/** A moment; kept as given, RFC 3339 in UTC or with an offset. */
export const momentMember: z.ZodType<string, string> = z.iso.datetime({
  offset: true,
  message: "must be a time such as 2026-01-31T00:00:00Z",
});

/** An http or https URL without user, password or fragment. */
export const urlMember: z.ZodType<string, string> = z.string().max(2000).refine((text) => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === "https:" || url.protocol === "http:") && url.username === "" &&
    url.password === "" && url.hash === "";
}, {
  message: "must be an http or https URL without user, password and fragment",
  // What is asked of a URL beyond this would throw.
  abort: true,
});

const PUBLIC_KEY_BLOCK = /-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----/;

/** A public key in PEM; what stands before and after it is left out. That it is a P-256 key is checked where keys are known. */
export const publicKeyMember: z.ZodType<string, string> = z.string().max(16_000)
  .superRefine((text, context) => {
    if (!PUBLIC_KEY_BLOCK.test(text)) {
      context.addIssue({ code: "custom", message: noPublicKeyText(text) });
    }
  })
  .transform((text) => {
    const [block = text] = PUBLIC_KEY_BLOCK.exec(text) ?? [];
    return text.startsWith(block) && text.trimEnd() === block ? text : `${block}\n`;
  });

function noPublicKeyText(text: string): string {
  const [, label] = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text) ?? [];
  if (label === undefined) return "must be a PEM text that begins with -----BEGIN PUBLIC KEY-----";
  if (label.endsWith("PRIVATE KEY")) {
    return "is a private key: give the public one, as `openssl pkey -pubout` prints it";
  }
  if (label === "CERTIFICATE") {
    return "is a certificate: give its public key, as `openssl x509 -pubkey -noout` prints it";
  }
  return label === "PUBLIC KEY"
    ? "is a damaged PEM text: copy all of it, with its last line -----END PUBLIC KEY-----"
    : `is a PEM block of ${label}: give one that begins with -----BEGIN PUBLIC KEY-----`;
}

/** A duration between two bounds, both in the form of the text, such as `4h`. */
export function durationMember(least: string, most: string): z.ZodType<string, string> {
  const low = parseDuration(least) ?? 0;
  const high = parseDuration(most) ?? Infinity;
  return z.string().refine((text) => {
    const value = parseDuration(text);
    return value !== undefined && value >= low && value <= high;
  }, `must be a duration from ${least} to ${most}, such as 4h or 15m`);
}

/** A file by reference. */
export const fileReference: z.ZodType<string, string> = z.string().regex(
  /^file:\S{1,500}$/,
  "must be a file reference such as file:/etc/wayfarer/token",
);

/** The path of a {@link fileReference}. */
export const pathOf = (reference: string): string => reference.slice("file:".length);

/** Seconds since the epoch of an optional moment. */
export function secondsOf(moment: string | undefined): number | undefined {
  return moment === undefined ? undefined : Math.floor(Date.parse(moment) / 1000);
}

/** Whether a moment lies in [from, thru); an absent bound does not bind. */
export function isActive(
  span: { readonly from?: string | undefined; readonly thru?: string | undefined },
  nowSeconds: number,
): boolean {
  const from = secondsOf(span.from);
  const thru = secondsOf(span.thru);
  return (from === undefined || from <= nowSeconds) && (thru === undefined || nowSeconds < thru);
}
