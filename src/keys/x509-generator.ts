/** Making X.509 certificates to throw away, by a library whose decorators need `reflect-metadata` to be loaded before it. */

import "reflect-metadata";

export {
  BasicConstraintsExtension,
  Extension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
