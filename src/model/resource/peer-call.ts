import { z } from "zod";
import { fileReference, urlMember } from "./members.ts";

/** Who we are towards a peer that does not take our own tokens for our own name. */
export type PeerCall = {
  /** Whom the token is for. Absent: the peer's server ID. */
  readonly audience?: string | undefined;
  /** `file:` reference of a token that others write and renew. */
  readonly tokenFile?: string | undefined;
  /** `file:` reference of the key file of a Google service account: its ID tokens are shown. */
  readonly serviceAccount?: string | undefined;
  readonly client?: CallClient | undefined;
};

/** A client of an authorization server, which gives it access tokens (RFC 6749, 4.4). */
export type CallClient = {
  readonly tokenEndpoint: string;
  readonly id: string;
  /** `file:` reference of its secret. */
  readonly secret?: string | undefined;
  /** `file:` reference of its private key in PKCS #8 PEM, P-256 or RSA, in place of a secret (RFC 7523). */
  readonly key?: string | undefined;
  /** `kid` of that key. */
  readonly keyId?: string | undefined;
  readonly scope?: string | undefined;
  /** The resource that the token is for (RFC 8707). */
  readonly resource?: string | undefined;
};

const text = z.string().regex(/^[\x20-\x7e]{1,500}$/, "must be 1 to 500 printable characters");

const client = z.strictObject({
  tokenEndpoint: urlMember,
  id: text,
  secret: fileReference.optional(),
  key: fileReference.optional(),
  keyId: text.optional(),
  scope: text.optional(),
  resource: text.optional(),
}).superRefine((one, context) => {
  if ((one.secret === undefined) === (one.key === undefined)) {
    context.addIssue({
      code: "custom",
      path: ["secret"],
      message: "must be there, or key in its place, as file:PATH",
    });
  }
  if (one.keyId !== undefined && one.key === undefined) {
    context.addIssue({ code: "custom", path: ["keyId"], message: "goes with key only" });
  }
});

const schema = z.strictObject({
  audience: text.optional(),
  tokenFile: fileReference.optional(),
  serviceAccount: fileReference.optional(),
  client: client.optional(),
}).superRefine(({ tokenFile, serviceAccount, client: own }, context) => {
  if ([tokenFile, serviceAccount, own].filter((one) => one !== undefined).length > 1) {
    context.addIssue({
      code: "custom",
      path: [],
      message: "must have only one of tokenFile, serviceAccount and client",
    });
  }
});

/** What the member `call` of a Peer must look like. */
export const peerCallSchema: z.ZodType<PeerCall> = schema;
