import { AppError } from "../errors.ts";

const NOT_OURS = "is not an address of this machine: set another HOST";

const CURES: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use: stop the program that listens there, or set another PORT",
  EACCES: "is not allowed: set PORT to 1024 or more, or HOST to an allowed address",
  EADDRNOTAVAIL: NOT_OURS,
  // The codes of Deno.
  EINVAL: NOT_OURS,
  ENOTFOUND: "is not a known name: set another HOST",
};

/** Converts a failure to listen to `invalid_configuration` that names HOST and PORT. */
export function listenError(error: unknown, host: string, port: number): AppError {
  const code = typeof error === "object" && error !== null && "code" in error
    ? String(error.code)
    : "";
  const cure = CURES[code] ?? "cannot be listened on: check HOST and PORT";
  return new AppError("invalid_configuration", `${host} port ${port} ${cure}`, { cause: error });
}

/** The error for an unusable certificate and key. */
export function tlsError(error: unknown): AppError {
  const text =
    "the TLS certificate, its key or the client authority cannot be used: set PEM texts that belong together";
  return new AppError("invalid_configuration", text, { cause: error });
}
