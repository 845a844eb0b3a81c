import {
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from "node:crypto";
import { encodeDer } from "../../../src/bytes/ecdsa-der.ts";
import { signDigest } from "./sign-digest.ts";
import { json, type Service, startService } from "./service.ts";
import { checkSigV4, type KnownKey } from "./sigv4-check.ts";

type KmsKey = {
  readonly id: string;
  readonly spec: string;
  readonly pair?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly secret: Uint8Array;
  state: "Enabled" | "Disabled" | "PendingDeletion";
};
type Input = Readonly<Record<string, unknown>> & {
  readonly KeyId?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
};

/** AWS KMS as its API reference describes it, for P-256, P-384 and symmetric keys. */
export type KmsServer = Service & {
  readonly keys: Map<string, KnownKey>;
  /** By alias or id. */
  setState(name: string, state: KmsKey["state"]): void;
  /** A key that no action of ours can make. */
  addP384(alias: string): void;
};

const CURVES: Readonly<Record<string, string>> = { ECC_NIST_P256: "P-256", ECC_NIST_P384: "P-384" };
const refuse = (code: string): Response => json({ __type: code, message: "no" }, 400);
const bytes = (value: unknown): Buffer => Buffer.from(String(value ?? ""), "base64");

/** Starts one; it knows the access key `AKID` with the secret `secret`. */
export async function startKmsServer(now: () => number = Date.now): Promise<KmsServer> {
  const keys = new Map<string, KnownKey>([["AKID", { secret: "secret" }]]);
  const known = new Map<string, KmsKey>();
  const aliases = new Map<string, string>();

  const make = (spec: string): KmsKey => {
    const namedCurve = CURVES[spec];
    const pair = namedCurve === undefined
      ? {}
      : { pair: generateKeyPairSync("ec", { namedCurve }) };
    const key = {
      id: randomUUID(),
      spec,
      ...pair,
      secret: randomBytes(32),
      state: "Enabled",
    } as const;
    known.set(key.id, key);
    return key;
  };
  const find = (name: string): KmsKey | undefined => {
    const local = name.replace(/^arn:aws:kms:[^:]+:\d+:(key\/)?/, "");
    return known.get(aliases.get(local) ?? local);
  };
  const aad = (key: KmsKey, context: Input["EncryptionContext"]): Buffer =>
    Buffer.from(JSON.stringify([key.id, Object.entries(context ?? {}).sort()]));

  const actions: Readonly<Record<string, (key: KmsKey, input: Input) => Response>> = {
    DescribeKey: (key) => json({ KeyMetadata: { KeyId: key.id, CreationDate: now() / 1000 } }),
    GetPublicKey: ({ pair }) =>
      pair === undefined ? refuse("UnsupportedOperationException") : json({
        PublicKey: pair.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
      }),
    Sign: ({ pair, spec }, { Message, MessageType, SigningAlgorithm }) => {
      if (pair === undefined) return refuse("InvalidKeyUsageException");
      if (spec !== "ECC_NIST_P256" || SigningAlgorithm !== "ECDSA_SHA_256") {
        return refuse("ValidationException");
      }
      const digest = bytes(Message);
      if (MessageType !== "DIGEST" || digest.length !== 32) return refuse("ValidationException");
      const der = encodeDer(signDigest(digest, pair.privateKey));
      return json({ Signature: Buffer.from(der).toString("base64") });
    },
    Encrypt: (key, { Plaintext, EncryptionContext }) => {
      if (key.pair !== undefined) return refuse("InvalidKeyUsageException");
      const plain = bytes(Plaintext);
      if (plain.length < 1 || plain.length > 4096) return refuse("ValidationException");
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key.secret, iv).setAAD(
        aad(key, EncryptionContext),
      );
      const sealed = [iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
      return json({ CiphertextBlob: Buffer.concat(sealed).toString("base64") });
    },
    Decrypt: (key, { CiphertextBlob, EncryptionContext }) => {
      if (key.pair !== undefined) return refuse("InvalidKeyUsageException");
      const blob = bytes(CiphertextBlob);
      if (blob.length < 29) return refuse("InvalidCiphertextException");
      try {
        const decipher = createDecipheriv("aes-256-gcm", key.secret, blob.subarray(0, 12))
          .setAAD(aad(key, EncryptionContext)).setAuthTag(blob.subarray(-16));
        const plain = [decipher.update(blob.subarray(12, -16)), decipher.final()];
        return json({ Plaintext: Buffer.concat(plain).toString("base64") });
      } catch {
        return refuse("InvalidCiphertextException");
      }
    },
    ScheduleKeyDeletion: (key) => {
      key.state = "PendingDeletion";
      return json({ KeyId: key.id });
    },
  };

  const service = await startService(async (request) => {
    const body = await request.text();
    const checked = checkSigV4(request, body, keys, now());
    if (!checked.ok) return refuse(checked.code);
    const action = /^TrentService\.(\w+)$/.exec(request.headers.get("x-amz-target") ?? "")?.[1];
    const input: Input = JSON.parse(body);
    if (action === "CreateKey") {
      const key = make(String(input["KeySpec"]));
      return json({ KeyMetadata: { KeyId: key.id, CreationDate: now() / 1000 } });
    }
    if (action === "CreateAlias") {
      aliases.set(String(input["AliasName"]), String(input["TargetKeyId"]));
      return json({});
    }
    const key = find(input.KeyId ?? "");
    if (key === undefined) return refuse("NotFoundException");
    const reads = action === "DescribeKey" || action === "GetPublicKey";
    if (!reads && key.state === "Disabled") return refuse("DisabledException");
    if (!reads && key.state === "PendingDeletion") return refuse("KMSInvalidStateException");
    return actions[action ?? ""]?.(key, input) ?? refuse("UnknownOperationException");
  });
  return {
    ...service,
    keys,
    setState: (name, state) => {
      const key = find(name);
      if (key === undefined) throw new Error(`no key ${name}`);
      key.state = state;
    },
    addP384: (alias) => void aliases.set(alias, make("ECC_NIST_P384").id),
  };
}
