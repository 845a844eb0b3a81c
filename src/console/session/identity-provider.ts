import type { Outcome } from "../../errors.ts";
import type { SessionOwner } from "../../store/admin/session.ts";

/** An identity provider that people sign in with: the port. */
export type IdentityProvider = {
  /** What people call it. */
  readonly name: string;
  /** Its `iss`. */
  readonly issuer: string;
  /** Where to send the browser, and what to remember until it comes back. */
  begin(): Promise<Outcome<ProviderSignIn>>;
  /** Who came back to this address; refused with why not, in words for the person. */
  finish(url: URL, remembered: ProviderSignIn): Promise<Outcome<SessionOwner>>;
  /** Which session a back-channel logout token ends; refused when it is not the provider's. */
  ended(
    logoutToken: string,
  ): Promise<Outcome<{ readonly sid?: string; readonly subject?: string }>>;
};

/** A sign-in on its way. */
export type ProviderSignIn = {
  readonly address: string;
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
};
