import type { WrappedKeys } from "../backup/wrapped-keys.ts";
import { unwrapLocalKey } from "../keys/local-wrap.ts";
import { loadMasterKey } from "../keys/master-key.ts";
import { masterKeys } from "../keys/master-keys.ts";
import { openKeys } from "../keys/open.ts";
import { type KeyManagerInput, MASTER_KEY_CONSTANT, otherManagers } from "./key-managers.ts";

/**
 * Throws unless the master key that is at hand, and the key managers that wrapped later ones, open every key of a
 * backup: `data_directory_unusable` or `key_unavailable`, with what to restore first. Nothing is made or written.
 */
export async function requireOpenable(
  { localKeys, masters, facts }: WrappedKeys,
  input: KeyManagerInput,
): Promise<void> {
  const { config, secrets, crypto, log } = input;
  const needsFirst = localKeys.some(({ master }) => master === undefined);
  const value = needsFirst ? await secrets.masterKey() : undefined;
  const first = !needsFirst ? undefined : await loadMasterKey({
    ...(value === undefined ? {} : { value }),
    // Without anything remembered, a lost key would be made anew.
    expectedFingerprint: facts.get(MASTER_KEY_CONSTANT) ?? "",
    dataDirectory: config.dataDirectory,
    crypto,
    warn: (text) => log.warn("master-key", { text }),
  });
  const opened = masterKeys({
    rows: { list: () => Promise.resolve(masters) },
    first: first?.bytes,
    keys: openKeys(otherManagers(input), config.keys.spelling),
    crypto,
  });
  for (const row of localKeys) {
    await unwrapLocalKey(crypto, (await opened.find(row.master)).key, row);
  }
}
