import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ListenOptions, TlsIdentity } from "../runtime/runtime.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Certificates for serving without a proxy: PEM texts, and the files that they are read from again. */
export type ServerTls = NonNullable<ListenOptions["tls"]> & { readonly files: TlsFiles };

/** Paths of the files. */
export type TlsFiles = {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
};

/**
 * TLS_CERT_FILE, TLS_KEY_FILE and TLS_CLIENT_CA_FILE. Callers are asked for certificates when there is a client
 * authority, or with TLS_ASK_CLIENTS, which is on unless told where `asks`.
 */
export function serverTls(read: EnvironmentReader, asks: boolean): ServerTls | undefined {
  const cert = read.file("TLS_CERT_FILE");
  const key = read.file("TLS_KEY_FILE");
  const clientCa = read.file("TLS_CLIENT_CA_FILE");
  if (cert !== undefined && key !== undefined) {
    const askClients = read.flag("TLS_ASK_CLIENTS", asks);
    const files = {
      cert: read.path("TLS_CERT_FILE"),
      key: read.path("TLS_KEY_FILE"),
      ...(clientCa === undefined ? {} : { clientCa: read.path("TLS_CLIENT_CA_FILE") }),
    };
    return { cert, key, askClients, files, ...(clientCa === undefined ? {} : { clientCa }) };
  }
  if (cert !== undefined || key !== undefined || clientCa !== undefined) {
    read.refuse(
      "TLS_CERT_FILE",
      "and TLS_KEY_FILE must be set together, also for TLS_CLIENT_CA_FILE",
    );
  }
  return undefined;
}

/** TLS_CLIENT_CERT_FILE and TLS_CLIENT_KEY_FILE. */
export function clientIdentity(read: EnvironmentReader): TlsIdentity | undefined {
  const cert = read.file("TLS_CLIENT_CERT_FILE");
  const key = read.file("TLS_CLIENT_KEY_FILE");
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    read.refuse("TLS_CLIENT_CERT_FILE", "and TLS_CLIENT_KEY_FILE must be set together");
    return undefined;
  }
  if (fits(cert, key)) return { cert, key };
  read.refuse(
    "TLS_CLIENT_CERT_FILE",
    "must be a PEM certificate, and TLS_CLIENT_KEY_FILE its private key without a passphrase",
  );
  return undefined;
}

function fits(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
