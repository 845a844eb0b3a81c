/** `aws-kms:ARN`: keys in AWS Key Management Service. Source: AWS KMS API Reference. */

import * as z from "zod";
import { encodeBase64 } from "../bytes/base64.ts";
import { AWS_REGION, awsEndpoint } from "../cloud/aws/region.ts";
import { type AwsCall, awsErrorCode } from "../cloud/aws/service.ts";
import type { ServiceAnswer } from "../cloud/service-call.ts";
import { AppError } from "../errors.ts";
import { sha256 } from "./crypto.ts";
import { expiringCache } from "./expiring-cache.ts";
import type { KeyManager, KeyReference, KeyVersion } from "./key-manager.ts";
import { missingKey, shown, splitReference, undecryptable, wrongPurpose } from "./reference.ts";
import {
  base64Member,
  membersOf,
  p256Pem,
  plainSignature,
  reach,
  refusal,
  type RemoteManager,
  wrongCurve,
} from "./remote.ts";

/** What {@link awsKmsKeys} needs. */
export type AwsKmsOptions = {
  readonly call: AwsCall;
  /** Of references that name no region. */
  readonly region: string;
  /** In place of `https://kms.REGION.amazonaws.com`. */
  readonly endpoint?: URL;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Public keys and creation times do not change; a key that is destroyed meanwhile refuses to sign. */
const CACHE_MS = 300_000;
/** The least that KMS allows between the order and the end of a key. */
const DELETION_DAYS = 7;

const ARN =
  /^arn:aws(?:-[a-z]{2,8}){0,2}:kms:([a-z0-9-]+):\d{12}:(?:key|alias)\/[A-Za-z0-9/_-]{1,250}$/;
const LOCAL_NAME = /^(?:alias\/[A-Za-z0-9/_-]{1,250}|(?:mrk-)?[a-f0-9-]{32,36})$/;

const POLICY = "allow it in the key's policy or this server's role";
const IDENTITY = "check this server's credentials for AWS, and this machine's clock";
const MANAGER: RemoteManager = {
  title: "AWS KMS",
  settings: "AWS_REGION and AWS_ENDPOINT_URL_KMS",
  cures: new Map([
    ["AccessDeniedException", POLICY],
    ["DisabledException", "enable the key"],
    ["KMSInvalidStateException", "enable the key, or cancel its deletion"],
    ["ExpiredTokenException", IDENTITY],
    ["UnrecognizedClientException", IDENTITY],
    ["InvalidSignatureException", IDENTITY],
    ["IncompleteSignature", IDENTITY],
    ["ThrottlingException", "raise the request quota of KMS; it is tried again later"],
  ]),
};

const description = z.object({
  KeyMetadata: z.object({
    KeyId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
    CreationDate: z.number(),
  }),
});
const publicKey = z.object({ PublicKey: base64Member });
const signature = z.object({ Signature: base64Member });
const ciphertextBlob = z.object({ CiphertextBlob: base64Member });
const plaintext = z.object({ Plaintext: base64Member });

/**
 * Keys of KMS: `aws-kms:` and an ARN, a key ID or `alias/NAME`; the last two are in AWS_REGION. A key has one
 * version. {@link KeyManager.encrypt} gives what KMS gives, with the additional data, in base64, as encryption
 * context `aad`. Only keys below an alias can be made.
 */
export function awsKmsKeys(options: AwsKmsOptions): KeyManager {
  const { crypto, now } = options;

  const ask = (reference: KeyReference, action: string, input: object = {}) =>
    reach(MANAGER, reference, () => {
      const { region, keyId } = placeOf(reference, options.region);
      return options.call({
        service: "kms",
        region,
        endpoint: options.endpoint ?? awsEndpoint("kms", region),
        target: `TrentService.${action}`,
        input: action === "CreateKey" ? { ...input } : { KeyId: keyId, ...input },
      });
    });

  const describe = async (reference: KeyReference): Promise<KeyVersion | undefined> => {
    const answer = await ask(reference, "DescribeKey");
    if (awsErrorCode(answer) === "NotFoundException") return undefined;
    if (answer.status !== 200) throw explain(reference, answer);
    const { KeyMetadata } = membersOf(MANAGER, reference, description, answer);
    return { version: KeyMetadata.KeyId, createdAt: Math.floor(KeyMetadata.CreationDate) };
  };

  const readPublicKey = async (reference: KeyReference): Promise<string> => {
    const answer = await ask(reference, "GetPublicKey");
    const code = awsErrorCode(answer);
    if (code === "UnsupportedOperationException" || code === "InvalidKeyUsageException") {
      throw wrongPurpose(reference, "encrypt");
    }
    if (answer.status !== 200) throw explain(reference, answer);
    return p256Pem(reference, membersOf(MANAGER, reference, publicKey, answer).PublicKey);
  };

  const publicKeys = expiringCache<string>({ read: readPublicKey, now, cacheMs: CACHE_MS });
  const versions = expiringCache<KeyVersion>({ read: describe, now, cacheMs: CACHE_MS });

  return {
    async create(reference, purpose) {
      const { keyId } = placeOf(reference, options.region);
      const alias = /(?:^|:)(alias\/.+)$/.exec(keyId)?.[1];
      if (alias === undefined || await describe(reference) !== undefined) {
        throw new AppError(
          "unimplemented",
          `${shown(reference)}: a key of AWS KMS has one version and is made below an alias: ` +
            "name a new one, such as aws-kms:alias/mag-signer-2",
        );
      }
      const made = await ask(reference, "CreateKey", {
        KeySpec: purpose === "sign" ? "ECC_NIST_P256" : "SYMMETRIC_DEFAULT",
        KeyUsage: purpose === "sign" ? "SIGN_VERIFY" : "ENCRYPT_DECRYPT",
        Description: "Wayfarer",
      });
      if (made.status !== 200) throw explain(reference, made);
      const { KeyMetadata } = membersOf(MANAGER, reference, description, made);
      const named = await ask(reference, "CreateAlias", {
        AliasName: alias,
        TargetKeyId: KeyMetadata.KeyId,
        KeyId: undefined,
      });
      if (named.status !== 200) throw explain(reference, named);
      return { version: KeyMetadata.KeyId, createdAt: Math.floor(KeyMetadata.CreationDate) };
    },

    async exists(reference) {
      return await versions.get(reference, true) !== undefined;
    },

    async publicKeyPem(reference) {
      const pem = await publicKeys.get(reference, false);
      if (pem === undefined) throw missingKey(reference);
      return pem;
    },

    async sign(reference, data) {
      const answer = await ask(reference, "Sign", {
        Message: encodeBase64(await sha256(crypto, data)),
        MessageType: "DIGEST",
        SigningAlgorithm: "ECDSA_SHA_256",
      });
      const code = awsErrorCode(answer);
      if (code === "InvalidKeyUsageException") throw await misused(reference);
      if (code === "ValidationException") throw wrongCurve(reference);
      if (answer.status !== 200) throw explain(reference, answer);
      return plainSignature(reference, membersOf(MANAGER, reference, signature, answer).Signature);
    },

    async encrypt(reference, plain, additionalData) {
      const answer = await ask(reference, "Encrypt", {
        Plaintext: encodeBase64(plain),
        EncryptionContext: contextOf(additionalData),
      });
      if (NOT_FOR_ENCRYPTION.has(awsErrorCode(answer))) throw wrongPurpose(reference, "sign");
      if (answer.status !== 200) throw explain(reference, answer);
      return membersOf(MANAGER, reference, ciphertextBlob, answer).CiphertextBlob;
    },

    async decrypt(reference, ciphertext, additionalData) {
      const answer = await ask(reference, "Decrypt", {
        CiphertextBlob: encodeBase64(ciphertext),
        EncryptionContext: contextOf(additionalData),
      });
      const code = awsErrorCode(answer);
      if (UNDECRYPTABLE.has(code)) throw undecryptable(reference);
      if (code === "InvalidKeyUsageException") throw wrongPurpose(reference, "sign");
      if (answer.status !== 200) throw explain(reference, answer);
      return membersOf(MANAGER, reference, plaintext, answer).Plaintext;
    },

    async versions(reference) {
      const found = await versions.get(reference, false);
      return found === undefined ? [] : [found];
    },

    async destroy(reference, version) {
      const found = await describe(reference);
      if (found?.version !== version) {
        throw new AppError("key_not_found", `${shown(reference)} has no version ${shown(version)}`);
      }
      const answer = await ask(reference, "ScheduleKeyDeletion", {
        KeyId: version,
        PendingWindowInDays: DELETION_DAYS,
      });
      publicKeys.forget(reference);
      versions.forget(reference);
      if (answer.status !== 200) throw explain(reference, answer);
    },
  };

  /** A key that does not sign encrypts, or signs by something else than ECDSA on P-256. */
  async function misused(reference: KeyReference): Promise<AppError> {
    return await readPublicKey(reference).then(
      () => wrongCurve(reference),
      (error: unknown) => error instanceof AppError ? error : wrongCurve(reference),
    );
  }
}

const UNDECRYPTABLE: ReadonlySet<string> = new Set([
  "InvalidCiphertextException",
  "IncorrectKeyException",
  // An empty ciphertext, or one of more than 6144 bytes.
  "ValidationException",
]);
const NOT_FOR_ENCRYPTION: ReadonlySet<string> = new Set([
  "InvalidKeyUsageException",
  "ValidationException",
]);

/** The reference server's own form, so that what it wrapped can be unwrapped. */
const contextOf = (additionalData: Uint8Array): object => ({ aad: encodeBase64(additionalData) });

function explain(reference: KeyReference, answer: ServiceAnswer): AppError {
  const code = awsErrorCode(answer);
  if (code === "NotFoundException") return missingKey(reference);
  return refusal(MANAGER, reference, answer, code);
}

function placeOf(
  reference: KeyReference,
  region: string,
): { readonly region: string; readonly keyId: string } {
  const { scheme, rest } = splitReference(reference);
  const own = ARN.exec(rest)?.[1];
  if (scheme === "aws-kms" && own !== undefined && AWS_REGION.test(own)) {
    return { region: own, keyId: rest };
  }
  if (scheme === "aws-kms" && LOCAL_NAME.test(rest) && AWS_REGION.test(region)) {
    return { region, keyId: rest };
  }
  throw new AppError(
    "key_not_found",
    `${shown(reference)} is no key of AWS KMS: write aws-kms:ARN, aws-kms:alias/NAME or ` +
      "aws-kms:KEY-ID, the last two with AWS_REGION",
  );
}
