import { isIP } from "node:net";
import { connect } from "node:tls";
import { hostOf } from "../http/address.ts";

/** Deno's code for every rejected certificate, except one for another name. */
const UNCLEAR = "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
const LOOK_MS = 2000;

/**
 * Returns an error of a TLS call with Node's code where Deno's is less specific: `CERT_HAS_EXPIRED` and
 * `CERT_NOT_YET_VALID`. To find out, reads the certificate again on a connection that sends nothing.
 */
export async function withCertificateDates(
  error: unknown,
  url: URL,
  addresses: readonly string[],
  signal?: AbortSignal,
): Promise<unknown> {
  const [address] = addresses;
  if (address === undefined || signal?.aborted === true || !isUnclear(error)) return error;
  const dates = await datesOf(url, address, signal);
  const now = Date.now();
  if (dates === undefined) return error;
  if (dates.until < now) return named("CERT_HAS_EXPIRED", error);
  return dates.from > now ? named("CERT_NOT_YET_VALID", error) : error;
}

/** The cause of an HTTP/2 stream's error is the error of its connection. */
function isUnclear(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === UNCLEAR) || isUnclear(error.cause);
}

const named = (code: string, cause: unknown): Error =>
  Object.assign(new Error("the certificate is not valid now", { cause }), { code });

type Dates = { readonly from: number; readonly until: number };

function datesOf(
  url: URL,
  address: string,
  signal: AbortSignal | undefined,
): Promise<Dates | undefined> {
  const host = hostOf(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: address,
      port: Number(url.port || 443),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // The certificate was already refused. This only finds out why, and the connection carries no data.
      rejectUnauthorized: false,
    });
    const end = (dates?: Dates): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      socket.destroy();
      resolve(dates);
    };
    const stop = (): void => end();
    const timer = setTimeout(stop, LOOK_MS);
    signal?.addEventListener("abort", stop, { once: true });
    socket.on("error", stop);
    socket.on("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) return end();
      end({ from: Date.parse(certificate.validFrom), until: Date.parse(certificate.validTo) });
    });
  });
}
