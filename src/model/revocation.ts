/** Which keys a revocation in bulk means; each member narrows it. At least one must be there. */
export type RevocationQuery = {
  /** Name of the Issuer resource that certified them. */
  readonly issuer?: string;
  readonly healthAuthority?: string;
  /** Windows that begin in [since, until), UTC seconds. */
  readonly since?: number;
  readonly until?: number;
  /** Lower-case hex, at most 10,000. */
  readonly keys?: readonly string[];
};
