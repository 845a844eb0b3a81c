import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import type { GatewayConnection } from "../../federation/efgs/client/gateway-connection.ts";
import type { GatewayPeer } from "../../federation/efgs/client/incoming-key.ts";
import { isEmbeddable } from "../../federation/efgs/signing/sign-batch.ts";
import { accept, asAppError, type Outcome, refuse } from "../errors.ts";
import { type FetchPolicy, guardedFetch } from "../http/guarded-fetch.ts";
import { pathOf } from "../model/resource/members.ts";
import { type ReadCertificate, readPemCertificate } from "../keys/certificate.ts";
import type { TlsIdentity } from "../runtime/runtime.ts";
import type { Foundation } from "./foundation.ts";

/** Opens the way to a gateway of the European kind. */
export type ConnectGateway = (peer: GatewayPeer) => Promise<Outcome<GatewayConnection>>;

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
const DAY_MS = 86_400_000;
const WARN_DAYS = 30;

/**
 * Ways to gateways: TLS with the agreement's own certificate (files that are read again each time), and the key that
 * signs batches. Certificates that run out within 30 days are told of once a day.
 */
export function gatewayConnector(
  foundation: Pick<Foundation, "config" | "keys" | "outgoing" | "clock" | "log">,
): ConnectGateway {
  const { config, keys, outgoing, clock, log } = foundation;
  const warnedOn = new Map<string, number>();
  const warn = (peer: string, member: string, certificate: ReadCertificate): void => {
    const today = Math.floor(clock.now() / DAY_MS);
    const daysLeft = Math.floor(certificate.validUntil / 86_400) - today;
    const name = `${peer} ${member}`;
    if (daysLeft >= WARN_DAYS || warnedOn.get(name) === today) return;
    warnedOn.set(name, today);
    log.warn("efgs-certificate-expires", { peer, member, daysLeft });
  };
  return async (peer) => {
    const { efgs } = peer;
    const certificate = readPemCertificate(efgs.signingCertificate);
    if (certificate === undefined || !isEmbeddable(certificate)) {
      return refuse("invalid_configuration", "efgs.signingCertificate is not a certificate in DER");
    }
    warn(peer.name, "efgs.signingCertificate", certificate);
    const identity = await identityOf(peer, config.clientIdentity);
    if (!identity.ok) return identity;
    const shown = identity.value === undefined
      ? undefined
      : readPemCertificate(identity.value.cert);
    if (shown !== undefined) warn(peer.name, "efgs.clientCertificate", shown);
    const policy: FetchPolicy = {
      ...outgoing,
      ...(identity.value === undefined ? {} : { identity: identity.value }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
    };
    const extra = efgs.certificateHeaders && shown !== undefined
      ? certificateHeaders(shown, efgs.country)
      : {};
    return accept({
      signer: { certificate, sign: (data) => keys.sign(efgs.signingKey, data) },
      send: ({ path, method, headers, body, signal }) =>
        guardedFetch(`${peer.serverId}${path}`, policy, {
          method,
          headers: { ...extra, ...headers },
          ...(body === undefined ? {} : { body }),
          signal,
          accepts: () => true,
        }),
    });
  };
}

/** What a load balancer would set: the hash in base64, which works in more cases than hex. */
function certificateHeaders({ thumbprint }: ReadCertificate, country: string) {
  return {
    "X-SSL-Client-SHA256": Buffer.from(thumbprint, "hex").toString("base64"),
    "X-SSL-Client-DN": `C=${country}`,
  };
}

/** The TLS pair of the agreement, else that of the process. */
async function identityOf(
  { efgs }: GatewayPeer,
  ofProcess: TlsIdentity | undefined,
): Promise<Outcome<TlsIdentity | undefined>> {
  if (efgs.clientCertificate === undefined) return accept(ofProcess);
  const { certificate, key } = efgs.clientCertificate;
  try {
    const read = (reference: string) => readFile(pathOf(reference), "utf8");
    return accept({ cert: await read(certificate), key: await read(key) });
  } catch (error) {
    const { code } = asAppError(error);
    return refuse(
      code === "internal" ? "invalid_configuration" : code,
      "efgs.clientCertificate names a file that cannot be read: give certificate and key as file:PATH",
    );
  }
}
