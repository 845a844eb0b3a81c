import { isIP } from "node:net";
import { connect } from "node:tls";
import { hostOf } from "../http/address.ts";

/** What Deno says of every certificate that it does not take, but for one of another name. */
const UNCLEAR = "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
const LOOK_MS = 2000;

/**
 * An error of a call over TLS, with the code that Node has where Deno's says less: `CERT_HAS_EXPIRED` and
 * `CERT_NOT_YET_VALID`. For that the certificate is looked at once more, on a connection on which nothing is sent.
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

/** The error of an HTTP/2 stream has that of its connection as its cause. */
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
      // It was refused already: this only finds out why, and the connection carries nothing.
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
