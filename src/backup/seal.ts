import { Decrypter, Encrypter } from "age-encryption";
import { chunksOfStream, streamOfChunks } from "../bytes/chunks.ts";
import { AppError } from "../errors.ts";

/** For whom a backup is encrypted (age, C2SP age.md): holders of identities, or of a passphrase. */
export type Sealing =
  | { readonly kind: "recipients"; readonly recipients: readonly string[] }
  | { readonly kind: "passphrase"; readonly passphrase: string };

/** What opens encrypted backups. */
export type Opening = {
  readonly identities: readonly string[];
  readonly passphrase?: string | undefined;
};

/** Every file of age begins with this line (C2SP age.md, "Header"). */
const AGE_LINE = new TextEncoder().encode("age-encryption.org/v1\n");

/** Whether age can encrypt for this text: `age1…`. */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

/** Encrypts a stream, 64 KiB at a time. */
export async function* sealed(
  chunks: AsyncIterable<Uint8Array>,
  sealing: Sealing,
): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  if (sealing.kind === "passphrase") encrypter.setPassphrase(sealing.passphrase);
  else sealing.recipients.forEach((recipient) => encrypter.addRecipient(recipient));
  yield* chunksOfStream(await encrypter.encrypt(streamOfChunks(chunks)));
}

/**
 * The bytes of a backup, decrypted if it is encrypted. Throws `key_unavailable` when nothing that is given opens it, and
 * `malformed_file` when it was changed or cut off.
 */
export async function* opened(
  chunks: AsyncIterable<Uint8Array>,
  opening: Opening,
): AsyncGenerator<Uint8Array> {
  const { isSealed, whole } = await peeked(chunks);
  if (!isSealed) return yield* whole;
  const decrypted = await decryption(whole, opening);
  try {
    yield* chunksOfStream(decrypted);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      "malformed_file",
      "not a whole backup: it was changed or cut off after it was encrypted",
      { cause },
    );
  }
}

async function decryption(
  chunks: AsyncIterable<Uint8Array>,
  { identities, passphrase }: Opening,
): Promise<ReadableStream<Uint8Array>> {
  const decrypter = new Decrypter();
  identities.forEach((identity) => decrypter.addIdentity(identity));
  if (passphrase !== undefined) decrypter.addPassphrase(passphrase);
  if (identities.length === 0 && passphrase === undefined) {
    throw new AppError(
      "key_unavailable",
      "the backup is encrypted: give --identity FILE, or its passphrase with --passphrase-file",
    );
  }
  try {
    return await decrypter.decrypt(streamOfChunks(chunks));
  } catch (cause) {
    throw new AppError(
      "key_unavailable",
      "what you gave does not open the backup: give the identity or the passphrase that it was made for",
      { cause },
    );
  }
}

/** Looks at how a stream begins; `whole` gives all of it. */
async function peeked(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly isSealed: boolean; readonly whole: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < AGE_LINE.length) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first.push(value);
    length += value.length;
  }
  const begins = first.flatMap((chunk) => [...chunk.subarray(0, AGE_LINE.length)]);
  return {
    isSealed: AGE_LINE.every((byte, index) => begins[index] === byte),
    whole: chained(first, iterator),
  };
}

async function* chained(
  first: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
