import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate with its private key, both PEM, and where they are. */
export type TestCertificate = {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
};

/** What a certificate is made of. */
export type CertificateOptions = {
  readonly subject?: string;
  /** Arguments of `openssl req -newkey`. Default: EC P-256. */
  readonly newkey?: readonly string[];
  /** Negative: it has expired. */
  readonly days?: number;
};

const P256 = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
let made = 0;
const folder: { path?: string } = {};

/** A folder of this test process alone. */
export function testFolder(): string {
  folder.path ??= mkdtempSync(join(tmpdir(), "efgs-"));
  return folder.path;
}

/** Runs openssl; its standard output. */
export function openssl(...args: readonly string[]): Buffer {
  return execFileSync("openssl", [...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** A self-signed certificate by openssl. */
export function makeCertificate(
  country: string,
  options: CertificateOptions = {},
): TestCertificate {
  const path = join(testFolder(), `c${made++}`);
  const [certFile, keyFile] = [`${path}.pem`, `${path}.key`];
  const subject = options.subject ?? `/C=${country}/O=Test/CN=${country} ${made}`;
  const { newkey = P256, days = 30 } = options;
  openssl(
    "req",
    "-x509",
    "-newkey",
    ...newkey,
    "-nodes",
    "-sha256",
    "-subj",
    subject,
    "-keyout",
    keyFile,
    "-out",
    certFile,
    "-days",
    String(Math.max(1, days)),
  );
  if (days < 1) {
    const csr = `${path}.csr`;
    openssl("req", "-new", "-key", keyFile, "-subj", subject, "-out", csr);
    openssl(
      "x509",
      "-req",
      "-in",
      csr,
      "-signkey",
      keyFile,
      "-days",
      String(days),
      "-out",
      certFile,
    );
  }
  return {
    cert: readFileSync(certFile, "utf8"),
    key: readFileSync(keyFile, "utf8"),
    certFile,
    keyFile,
  };
}

/** Writes bytes to a file in the test's folder and answers its path. */
export function testFile(name: string, bytes: Uint8Array | string): string {
  const path = join(testFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

/** A certificate of IE whose SHA-256 begins with 00, valid for a hundred years; its key is gone. */
export const LEADING_ZEROS: string = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgICAZQwCgYIKoZIzj0EAwIwHTELMAkGA1UEBhMCSUUxDjAM
BgNVBAMMBXplcm9zMCAXDTI2MTEyOTExMzMyM1oYDzIxMjYxMTA1MTEzMzIzWjAd
MQswCQYDVQQGEwJJRTEOMAwGA1UEAwwFemVyb3MwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ7Ae8EYihnv99FtOqJ7Z7ITT7cIi2dFu8QYfdeaeioc5Eaw4dYHH3S
EMvvTxlmH7vgeNwTP/IkpqXZXp/BLfexo1MwUTAdBgNVHQ4EFgQUz5i1VyXNr2d1
9x1US2sO76aDXQAwHwYDVR0jBBgwFoAUz5i1VyXNr2d19x1US2sO76aDXQAwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAdgZTkSGa1fotjIlzbH0Ro
3gkR/cXOBW4YERjBZrcE/AIhAJNgzIa7lhlL0AjEKlFQfYTXGMxtztIhZvjiWxV7
2/qn
-----END CERTIFICATE-----
`;
