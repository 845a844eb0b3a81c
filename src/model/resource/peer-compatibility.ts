/**
 * Whose habits an agreement allows for; `reference`: a deployed reference server, which fails on days since onset and
 * self reports, speaks native gRPC alone, and cannot be pushed to.
 */
export type PeerCompatibility = "reference";

/** Members of an agreement that such habits decide. */
export type DecidedMembers = {
  readonly protocol?: string | undefined;
  readonly send: {
    readonly symptomOnset?: boolean | undefined;
    readonly selfReport?: boolean | undefined;
  };
  readonly push: { readonly enabled: boolean };
};

/** What is wrong with a member, and where it is. */
export type MemberFault = { readonly path: string[]; readonly message: string };

/** What of an agreement a deployed reference server cannot live with. */
export function referenceFaults({ protocol, send, push }: DecidedMembers): readonly MemberFault[] {
  const faults: MemberFault[] = [];
  const must = (path: string[], message: string): void => void faults.push({ path, message });
  if (protocol !== undefined && protocol !== "grpc" && protocol !== "auto") {
    must(["protocol"], "must be grpc with compatibility: reference, which speaks nothing else");
  }
  for (const member of ["symptomOnset", "selfReport"] as const) {
    if (send[member] !== true) continue;
    must(
      ["send", member],
      "must be false with compatibility: reference: such a server fails on a key that has it",
    );
  }
  if (push.enabled) {
    must(
      ["push", "enabled"],
      "must be false with compatibility: reference: such a server knows no Push, let it pull",
    );
  }
  return faults;
}
