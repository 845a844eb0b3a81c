/** Secrets behind names: the port. Back ends beside it. */

/** Where secrets are kept. */
export type SecretManager = {
  /**
   * The secret of this name, as text. Throws `secret_unavailable` with the name and what to mend, never with what
   * was found.
   */
  read(name: string): Promise<string>;
};
