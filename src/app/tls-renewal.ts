import { watchedFile } from "../cloud/watched-file.ts";
import type { TlsFiles } from "../config/tls.ts";
import { errorFields, type Log } from "../observe/log.ts";
import type { Listening } from "../runtime/runtime.ts";

/** Looks at the files of a listener's certificate. */
export type TlsRenewal = {
  /** Shows the certificate that is in the files now, if it is another one than before. Never rejects. */
  look(): Promise<void>;
};

/**
 * Renews the certificate of a listener when its files change, as certbot and mounted secrets do. Files that cannot be
 * read or do not fit are told of once, and the certificate before stays: while certificate and key are being replaced
 * one after the other, they do not fit for a moment.
 */
export function tlsRenewal(
  files: TlsFiles,
  listening: Pick<Listening, "renewTls">,
  log: Log,
): TlsRenewal {
  const [cert, key] = [watchedFile(files.cert), watchedFile(files.key)];
  const clientCa = files.clientCa === undefined ? undefined : watchedFile(files.clientCa);
  let shown: string | undefined;
  let told: string | undefined;
  return {
    look: async () => {
      let state = "unreadable";
      try {
        const tls = {
          cert: await cert(),
          key: await key(),
          ...(clientCa === undefined ? {} : { clientCa: await clientCa() }),
        };
        state = JSON.stringify(tls);
        if (state === shown) return;
        // The first look is at what the listener began with.
        if (shown !== undefined) {
          listening.renewTls(tls);
          log.info("tls-renewed");
        }
        shown = state;
        told = undefined;
      } catch (error) {
        if (told !== state) log.error("tls-renewal-failed", errorFields(error));
        told = state;
      }
    },
  };
}

/** How often the files are looked at. */
const LOOK_MS = 60_000;

/** Looks now and every minute, until the answer is called; does not keep the process alive. */
export function keepLooking({ look }: TlsRenewal): () => void {
  void look();
  const timer = setInterval(look, LOOK_MS);
  if (typeof timer === "object") timer.unref();
  return () => clearInterval(timer);
}
