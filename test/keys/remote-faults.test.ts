import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { awsCaller } from "../../src/cloud/aws/service.ts";
import { bearerCaller } from "../../src/cloud/bearer-service.ts";
import { renewedCredential } from "../../src/cloud/credential.ts";
import { awsKmsKeys } from "../../src/keys/aws-kms.ts";
import { gcpKmsKeys } from "../../src/keys/gcp-kms.ts";
import { testHttp } from "../blob/support/http-options.ts";
import { startKmsServer } from "../cloud/support/aws-kms-server.ts";
import { startGcpKmsServer } from "../cloud/support/gcp-kms-server.ts";
import { json, type ServiceFault } from "../cloud/support/service.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { REMOTE_MANAGERS, type RemoteManagerUnderTest } from "./support/remote-managers.ts";

const DATA = new TextEncoder().encode("export.bin");

describe.each(REMOTE_MANAGERS)("$title", ({ title, start }) => {
  const patience = { timeoutMs: 10_000 };
  const { http: usual, delays } = testHttp({ attempts: 3 });
  const http = {
    ...usual,
    get timeoutMs() {
      return patience.timeoutMs;
    },
  };
  let manager: RemoteManagerUnderTest;
  let signer: string;
  beforeEach(async () => {
    patience.timeoutMs = 10_000;
    manager = await start(http);
    signer = manager.reference("signer");
    await manager.keys.create(signer, "sign");
    await manager.keys.sign(signer, DATA);
    manager.service.seen.length = 0;
    delays.length = 0;
  });
  afterEach(() => manager.service.stop());

  test("costs one call a signature, and none for a public key that it was asked for before", async () => {
    await manager.keys.publicKeyPem(signer);
    manager.service.seen.length = 0;
    await manager.keys.sign(signer, DATA);
    await manager.keys.publicKeyPem(signer);
    expect(manager.service.seen).toHaveLength(1);
  });

  test("is tried again after 429 and 503, no sooner than Retry-After says", async () => {
    const busy = (status: number, headers: Record<string, string> = {}): ServiceFault => () =>
      json({}, status, headers);
    manager.service.faults.push(busy(503), busy(429, { "retry-after": "2" }));
    await manager.keys.sign(signer, DATA);
    expect(delays).toEqual([50, 2000]);
  });

  test("is given up after three attempts", async () => {
    const silent = Array<ServiceFault>(3).fill("silence");
    manager.service.faults.push(...silent);
    patience.timeoutMs = 1_000;
    await expect(manager.keys.sign(signer, DATA)).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringMatching(
        new RegExp(
          `: ${title} cannot be asked: check .+ and the network; it is tried again later$`,
        ),
      ),
      cause: { message: expect.stringContaining("no answer within 1000 ms") },
    });
    expect(manager.service.seen).toHaveLength(3);
    patience.timeoutMs = 10_000;
    manager.service.faults.push(...Array<ServiceFault>(3).fill(() => json({}, 500)));
    await expect(manager.keys.sign(signer, DATA)).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringContaining(`${title} answered 500: it is tried again later`),
    });
    expect(manager.service.seen).toHaveLength(6);
  });

  test("that is down is told, and used again when it is back", async () => {
    await manager.service.stop();
    await expect(manager.keys.sign(signer, DATA)).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringContaining(`${title} cannot be asked: check `),
    });
  });

  test("says what to do when the key is disabled", async () => {
    manager.disable("signer");
    await expect(manager.keys.sign(signer, DATA)).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringContaining(manager.disabledCure),
    });
  });

  test("refuses a key on another curve", async () => {
    manager.addP384("other");
    const other = manager.reference("other");
    const refusal = {
      code: "key_not_found",
      message: `${JSON.stringify(other)} is no ECDSA key on the curve P-256: name another key here`,
    };
    await expect(manager.keys.publicKeyPem(other)).rejects.toMatchObject(refusal);
    await expect(manager.keys.sign(other, DATA)).rejects.toMatchObject(refusal);
  });

  test("says whose credentials to check when it takes them no longer", async () => {
    manager.forbid();
    await expect(manager.keys.sign(signer, DATA)).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringMatching(/credentials|identity|VAULT_TOKEN/),
    });
  });

  test("that answers something else is refused, and nothing of its answer is shown", async () => {
    manager.service.faults.push(() => json({ sesame: "open" }));
    const error = await manager.keys.sign(signer, DATA).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "key_unavailable",
      message: expect.stringContaining(`${title} sent an answer that cannot be read: check `),
    });
    expect(String(error)).not.toContain("sesame");
    manager.service.faults.push(
      ...Array<ServiceFault>(3).fill(() => new Response("x".repeat(1024 * 1024 + 1))),
    );
    await expect(manager.keys.sign(signer, DATA)).rejects.toMatchObject({
      code: "key_unavailable",
      cause: { message: "the answer has more than 1048576 bytes" },
    });
  });
});

test("AWS KMS: ThrottlingException comes as 400 and is tried again like 429", async () => {
  const { http, delays } = testHttp({ attempts: 3 });
  const [kms] = REMOTE_MANAGERS;
  const { service, keys, reference } = await (kms?.start(http) ?? Promise.reject(new Error()));
  await keys.create(reference("a"), "sign");
  const throttled = () => json({ __type: "ThrottlingException" }, 400);
  service.faults.push(throttled, throttled);
  await keys.sign(reference("a"), DATA);
  expect(delays).toHaveLength(2);
  service.faults.push(throttled, throttled, throttled);
  await expect(keys.sign(reference("a"), DATA)).rejects.toMatchObject({
    message: expect.stringContaining("AWS KMS answered 400 ThrottlingException: raise the request"),
  });
  await service.stop();
});

test("AWS KMS: credentials that expire in the middle are renewed once, and the request made again", async () => {
  const { http } = testHttp();
  const service = await startKmsServer();
  let issued = 0;
  const credential = renewedCredential(() => {
    issued += 1;
    const id = `ASIA${issued}`;
    service.keys.set(id, { secret: "temporary", sessionToken: `session-${issued}` });
    const value = {
      accessKeyId: id,
      secretAccessKey: "temporary",
      sessionToken: `session-${issued}`,
    };
    return Promise.resolve({ value, expiresAtMs: Date.now() + 3_600_000 });
  }, Date.now);
  const keys = awsKmsKeys({
    call: awsCaller(credential, http),
    region: "eu-central-1",
    endpoint: service.url,
    crypto: NATIVE,
    now: Date.now,
  });
  await keys.create("aws-kms:alias/a", "sign");
  service.keys.clear();
  await keys.sign("aws-kms:alias/a", DATA);
  expect(issued).toBe(2);
  await service.stop();
});

test("Google Cloud KMS: signs with the newest enabled version, and with the one before when that is destroyed", async () => {
  const { http } = testHttp();
  const service = await startGcpKmsServer();
  let token = "token";
  const keys = gcpKmsKeys({
    call: bearerCaller(
      { get: () => Promise.resolve(token), refused: () => (token = "new", true) },
      http,
    ),
    endpoint: service.url,
    hardware: false,
    crypto: NATIVE,
    now: http.now,
  });
  const name = "gcp-kms:projects/p/locations/l/keyRings/r/cryptoKeys/k";
  for (const version of ["1", "2", "3"]) {
    expect(await keys.create(name, "sign")).toMatchObject({ version });
  }
  expect((await keys.versions(name)).map(({ version }) => version)).toEqual(["1", "2", "3"]);
  const newest = await keys.publicKeyPem(name);
  expect(await keys.publicKeyPem(`${name}/cryptoKeyVersions/3`)).toBe(newest);
  await keys.destroy(name, "3");
  expect(await keys.publicKeyPem(name)).toBe(
    await keys.publicKeyPem(`${name}/cryptoKeyVersions/2`),
  );
  await expect(keys.sign(`${name}/cryptoKeyVersions/3`, DATA)).rejects.toMatchObject({
    code: "key_unavailable",
    message: expect.stringContaining(
      "FAILED_PRECONDITION: enable the key version, or name another",
    ),
  });
  service.tokens.clear();
  service.tokens.add("new");
  await keys.sign(name, DATA);
  await service.stop();
});

test.each([[901, "901 s ahead of"], [-901, "901 s behind"]])(
  "AWS KMS: a clock that is %i s off is told, and how to mend it",
  async (seconds, side) => {
    // AWS refuses signatures that are more than five minutes old or new.
    const { http } = testHttp({ now: () => Date.now() + seconds * 1000 });
    const service = await startKmsServer();
    const credential = { accessKeyId: "AKID", secretAccessKey: "secret" };
    const keys = awsKmsKeys({
      call: awsCaller({ get: () => Promise.resolve(credential), refused: () => false }, http),
      region: "eu-west-1",
      endpoint: service.url,
      crypto: NATIVE,
      now: http.now,
    });
    await expect(keys.sign("aws-kms:alias/a", DATA)).rejects.toMatchObject({
      code: "key_unavailable",
      message: expect.stringMatching(
        new RegExp(
          '^"aws-kms:alias/a": AWS KMS answered 400 InvalidSignatureException: check this server\'s credentials for AWS, ' +
            `and this machine's clock; this machine's clock is ${
              side.replace("901", "(?:89|90)\\d")
            } the service's: set it, best by NTP$`,
        ),
      ),
    });
    // Asking again would not help.
    expect(service.seen).toHaveLength(1);
    await service.stop();
  },
);

test("a version that another process destroyed is noticed at the next signature", async () => {
  const { http } = testHttp();
  const google = REMOTE_MANAGERS.find(({ scheme }) => scheme === "gcp-kms");
  const { service, keys, reference } = await (google?.start(http) ?? Promise.reject(new Error()));
  const name = reference("k");
  await keys.create(name, "sign");
  await keys.create(name, "sign");
  await keys.sign(name, DATA);
  const url = new URL(
    `/v1/${name.slice("gcp-kms:".length)}/cryptoKeyVersions/2:destroy`,
    service.url,
  );
  const headers = { authorization: "Bearer token" };
  await fetch(url, { method: "POST", headers, body: "{}" }).then((answer) => answer.text());
  await expect(keys.sign(name, DATA)).rejects.toMatchObject({ code: "key_unavailable" });
  await keys.sign(name, DATA);
  await service.stop();
});
