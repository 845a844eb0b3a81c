/** A command of a page or of the help that a test on this machine cannot run, and why. Its `wayfarer` parts are checked. */
export type Elsewhere = { readonly command: RegExp; readonly reason: string };

/** Every printed command that the sessions leave out. Each row must be needed. */
export const ELSEWHERE: readonly Elsewhere[] = [
  { command: /^npm ci && npm start$/, reason: "installs; test/flow/start.test.ts starts it" },
  { command: /^npm ci && npm test$/, reason: "installs, and is the run that this test belongs to" },
  { command: /^npm run demo$/, reason: "test/flow/demo.test.ts runs it" },
  { command: /^wayfarer demo /, reason: "test/flow/demo.test.ts runs it" },
  { command: /^TRUNCATE_WINDOW=\S+ .* npm start$/, reason: "is the server of every session" },
  { command: /^PORT=8080 .*serve$/, reason: "would run beside the server of the session" },
  { command: /^wayfarer serve --roles /, reason: "would run beside the server of the session" },
  {
    command: /^ROLES=efgs,jobs /,
    reason: "needs certificates; test/federation/efgs starts gateways",
  },
  { command: /^wayfarer peer add https:/, reason: "calls a peer of the reader's" },
  { command: /^gcloud /, reason: "needs the command line of Google Cloud, and a project" },
  { command: /^az /, reason: "needs the command line of Azure, and a subscription" },
  { command: /^softhsm2-util /, reason: "needs SoftHSM 2; test/foreign-keys runs it" },
  { command: /^export PKCS11_MODULE=/, reason: "needs SoftHSM 2; test/foreign-keys runs it" },
  { command: /^wayfarer .*pkcs11:/, reason: "needs SoftHSM 2; test/foreign-keys runs it" },
  {
    command: /^wayfarer .*vault:/,
    reason: "needs Vault; test/keys runs a server that acts as one",
  },
  { command: / REFERENCE$/, reason: "REFERENCE stands for a key of the reader's" },
  {
    command: /^wayfarer restore /,
    reason: "needs a key of age-keygen and a stopped server; test/backup restores backups",
  },
  {
    command: /^wayfarer simulate .*--rate 100$/,
    reason:
      "a busy machine refuses some of so many, and then it fails; test/cli/device.test.ts tries it with few",
  },
  {
    command: /^source </,
    reason: "needs bash; test/cli/command-line.test.ts reads the completions",
  },
];

/** Commands whose status tells something else than success, and what. */
export const STATUSES: readonly (Elsewhere & { readonly status: number })[] = [
  { command: /^wayfarer where </, status: 1, reason: "the key of the example is not here" },
];
