import { exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { awsCredentials } from "../../src/cloud/aws/credentials.ts";
import { isContainerEndpoint } from "../../src/cloud/aws/container.ts";
import { azureTokens } from "../../src/cloud/azure/identity.ts";
import { renewedCredential } from "../../src/cloud/credential.ts";
import { googleTokens } from "../../src/cloud/google/identity.ts";
import { testHttp } from "../blob/support/http-options.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { json, type Service, startService } from "./support/service.ts";

const { http } = testHttp({ attempts: 2 });
const EXPIRATION = new Date(Date.now() + 3_600_000).toISOString();
const ROLE = { AccessKeyId: "ASIA", SecretAccessKey: "s", Token: "t", Expiration: EXPIRATION };
const CREDENTIALS = { accessKeyId: "ASIA", secretAccessKey: "s", sessionToken: "t" };

async function serve(
  handler: (request: Request, url: URL) => Promise<Response> | Response,
): Promise<Service> {
  const service = await startService((request) => handler(request, new URL(request.url)));
  onTestFinished(() => service.stop());
  return service;
}

async function fileWith(text: string): Promise<string> {
  const path = join(await temporaryFolder(), "file");
  await writeFile(path, text);
  return path;
}

const refusal = (status: number): Response => json({ error: "invalid_grant" }, status);

describe("AWS", () => {
  test("an instance's role: version 2 of the metadata service, with a session token", async () => {
    const { url, seen } = await serve(({ method, headers }, { pathname }) => {
      if (method === "PUT" && pathname === "/latest/api/token") {
        const seconds = Number(headers.get("x-aws-ec2-metadata-token-ttl-seconds"));
        return seconds >= 1 && seconds <= 21_600 ? new Response("session") : refusal(400);
      }
      if (headers.get("x-aws-ec2-metadata-token") !== "session") return refusal(401);
      const path = "/latest/meta-data/iam/security-credentials/";
      if (pathname === path) return new Response("wayfarer-role\n");
      return pathname === `${path}wayfarer-role` ? json(ROLE) : refusal(404);
    });
    const credentials = awsCredentials({ kind: "instance", endpoint: url }, http);
    expect(await credentials.get()).toEqual(CREDENTIALS);
    expect(await credentials.get()).toEqual(CREDENTIALS);
    expect(seen).toHaveLength(3);
  });

  test("a container's role: the agent's endpoint, with the token in a file", async () => {
    const tokenFile = await fileWith("secret\n");
    const { url } = await serve(({ headers }) =>
      headers.get("authorization") === "secret" ? json(ROLE) : refusal(403)
    );
    const credentials = awsCredentials({ kind: "container", url, tokenFile }, http);
    expect(await credentials.get()).toEqual(CREDENTIALS);
    const refused = awsCredentials({ kind: "container", url }, http);
    await expect(refused.get()).rejects.toMatchObject({
      code: "identity_unavailable",
      message: expect.stringContaining("the container's credentials endpoint answered 403: check"),
    });
  });

  test("a container's endpoint is https, this machine, or the agent of ECS or EKS", () => {
    const is = (text: string): boolean => isContainerEndpoint(new URL(text));
    for (
      const text of [
        "https://h/x",
        "http://169.254.170.2/x",
        "http://169.254.170.23/",
        "http://[::1]/",
      ]
    ) {
      expect(is(text)).toBe(true);
    }
    for (const text of ["http://h/x", "http://169.254.169.254/", "ftp://127.0.0.1/"]) {
      expect(is(text)).toBe(false);
    }
  });

  test("web identity: STS gives the role's credentials for the token that is in the file now", async () => {
    const tokenFile = await fileWith("the token\n");
    const stsEndpoint = await serve(async (request) => {
      const form = new URLSearchParams(await request.text());
      const right = form.get("Action") === "AssumeRoleWithWebIdentity" &&
        form.get("WebIdentityToken") === "the token" &&
        form.get("RoleSessionName") === "wayfarer" &&
        form.get("RoleArn") === "arn:aws:iam::123456789012:role/wayfarer";
      return right
        ? new Response(
          "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>" +
            "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>" +
            `<SessionToken>t</SessionToken><Expiration>${EXPIRATION}</Expiration>` +
            "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        )
        : new Response(
          "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>",
          { status: 400 },
        );
    });
    const identity = {
      kind: "web-identity",
      tokenFile,
      roleArn: "arn:aws:iam::123456789012:role/wayfarer",
      sessionName: "wayfarer",
      stsEndpoint: stsEndpoint.url,
    } as const;
    expect(await awsCredentials(identity, http).get()).toEqual(CREDENTIALS);
    await writeFile(tokenFile, "another");
    await expect(awsCredentials(identity, http).get()).rejects.toMatchObject({
      code: "identity_unavailable",
      message: "AWS STS answered 400 InvalidIdentityToken: " +
        "check AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE and the role's trust policy",
    });
  });
});

describe("Google", () => {
  test("a service account's key signs an assertion for the token endpoint", async () => {
    const pair = await generateKeyPair("RS256", { extractable: true });
    const { url } = await serve(async (request, { origin }) => {
      const form = new URLSearchParams(await request.text());
      const checked = await jwtVerify(form.get("assertion") ?? "", pair.publicKey, {
        issuer: "wayfarer@p.iam.gserviceaccount.com",
        audience: `${origin}/token`,
        maxTokenAge: "1h",
      }).catch(() => undefined);
      const right =
        checked?.payload["scope"] === "https://www.googleapis.com/auth/cloud-platform" &&
        checked.protectedHeader.kid === "key-1" &&
        form.get("grant_type") === "urn:ietf:params:oauth:grant-type:jwt-bearer";
      return right ? json({ access_token: "ya29", expires_in: 3600 }) : refusal(400);
    });
    const account = {
      type: "service_account",
      client_email: "wayfarer@p.iam.gserviceaccount.com",
      private_key_id: "key-1",
      private_key: await exportPKCS8(pair.privateKey),
      token_uri: `${url.origin}/token`,
    };
    const path = await fileWith(JSON.stringify(account));
    expect(await googleTokens({ kind: "file", path }, http).get()).toBe("ya29");
    const other = await generateKeyPair("RS256", { extractable: true });
    await writeFile(
      path,
      JSON.stringify({ ...account, private_key: await exportPKCS8(other.privateKey) }),
    );
    await expect(googleTokens({ kind: "file", path }, http).get()).rejects.toMatchObject({
      code: "identity_unavailable",
      message: expect.stringContaining("Google's token endpoint answered 400 invalid_grant: check"),
    });
    await writeFile(path, JSON.stringify(account));
    // An assertion that ended, or that is not valid yet: Google refuses both.
    for (const [hours, side] of [[-2, "behind"], [2, "ahead of"]] as const) {
      const { http: off } = testHttp({ now: () => Date.now() + hours * 3_600_000 });
      await expect(googleTokens({ kind: "file", path }, off).get()).rejects.toMatchObject({
        code: "identity_unavailable",
        message: expect.stringMatching(
          new RegExp(
            `; this machine's clock is 7\\d{3} s ${side} the service's: set it, best by NTP$`,
          ),
        ),
      });
    }
  });

  test("the metadata server is asked, and believed, only with Metadata-Flavor", async () => {
    let flavor = { "metadata-flavor": "Google" };
    const { url } = await serve(({ headers }, { pathname }) => {
      const path = "/computeMetadata/v1/instance/service-accounts/default/token";
      const right = headers.get("metadata-flavor") === "Google" && pathname === path;
      return right ? json({ access_token: "ya29", expires_in: 3600 }, 200, flavor) : refusal(403);
    });
    const identity = { kind: "metadata", endpoint: url } as const;
    expect(await googleTokens(identity, http).get()).toBe("ya29");
    flavor = { "metadata-flavor": "none" };
    await expect(googleTokens(identity, http).get()).rejects.toMatchObject({
      code: "identity_unavailable",
    });
  });

  test("workload identity federation exchanges a token of another provider, then acts as an account", async () => {
    const { url } = await serve(async (request, { pathname }) => {
      const { headers } = request;
      if (pathname === "/subject") {
        return headers.get("x-proof") === "p" ? json({ id_token: "subject" }) : refusal(403);
      }
      if (pathname === "/sts") {
        const form = new URLSearchParams(await request.text());
        const right = form.get("subject_token") === "subject" &&
          form.get("audience") === "//iam/pool" &&
          form.get("grant_type") === "urn:ietf:params:oauth:grant-type:token-exchange" &&
          form.get("subject_token_type") === "urn:ietf:params:oauth:token-type:jwt";
        return right ? json({ access_token: "federated", expires_in: 3600 }) : refusal(400);
      }
      return headers.get("authorization") === "Bearer federated"
        ? json({ accessToken: "impersonated", expireTime: EXPIRATION })
        : refusal(401);
    });
    const account = {
      type: "external_account",
      audience: "//iam/pool",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${url.origin}/sts`,
    };
    const fromUrl = await fileWith(JSON.stringify({
      ...account,
      credential_source: {
        url: `${url.origin}/subject`,
        headers: { "x-proof": "p" },
        format: { type: "json", subject_token_field_name: "id_token" },
      },
      service_account_impersonation_url: `${url.origin}/impersonate`,
    }));
    expect(await googleTokens({ kind: "file", path: fromUrl }, http).get()).toBe("impersonated");
    const fromFile = await fileWith(JSON.stringify({
      ...account,
      credential_source: { file: await fileWith("subject\n") },
    }));
    expect(await googleTokens({ kind: "file", path: fromFile }, http).get()).toBe("federated");
    const program = await fileWith(JSON.stringify({
      ...account,
      credential_source: { executable: { command: "/bin/true" } },
    }));
    await expect(googleTokens({ kind: "file", path: program }, http).get()).rejects.toMatchObject({
      message: expect.stringContaining(
        "or an external account whose token comes from a file or a URL",
      ),
    });
  });
});

describe("Azure", () => {
  const RESOURCE = "https://vault.azure.net";

  test("workload identity and a service principal's secret ask the tenant's token endpoint", async () => {
    const { url } = await serve(async (request, { pathname }) => {
      const form = new URLSearchParams(await request.text());
      const proven = form.get("client_secret") === "s3cret" ||
        (form.get("client_assertion") === "mounted" &&
          form.get("client_assertion_type") ===
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      const right = proven && pathname === "/tenant/oauth2/v2.0/token" &&
        form.get("client_id") === "client" && form.get("scope") === `${RESOURCE}/.default` &&
        form.get("grant_type") === "client_credentials";
      return right ? json({ access_token: "eyJ", expires_in: 3599 }) : refusal(401);
    });
    const who = { authority: url, tenant: "tenant", clientId: "client" };
    const tokenFile = await fileWith("mounted\n");
    const workload = azureTokens({ kind: "workload", ...who, tokenFile }, http);
    expect(await workload(RESOURCE).get()).toBe("eyJ");
    const secret = (value: string) => () => Promise.resolve(value);
    const principal = azureTokens({ kind: "secret", ...who, secret: secret("s3cret") }, http);
    expect(await principal(RESOURCE).get()).toBe("eyJ");
    const mistaken = azureTokens({ kind: "secret", ...who, secret: secret("x") }, http);
    await expect(mistaken(RESOURCE).get()).rejects.toMatchObject({
      code: "identity_unavailable",
      message: "Azure's token endpoint answered 401 invalid_grant: " +
        "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    });
  });

  test("managed identity: of an app with its header, of a machine with Metadata", async () => {
    const { url, seen } = await serve(({ headers }, { pathname, searchParams }) => {
      const asked = searchParams.get("resource") === RESOURCE &&
        searchParams.get("client_id") === "chosen";
      const app = pathname === "/msi/token" && headers.get("x-identity-header") === "h" &&
        searchParams.get("api-version") === "2019-08-01";
      const machine = pathname === "/metadata/identity/oauth2/token" &&
        headers.get("metadata") === "true" && searchParams.get("api-version") === "2018-02-01";
      return asked && (app || machine)
        ? json({ access_token: app ? "app" : "machine", expires_in: "86399" })
        : refusal(400);
    });
    const clientId = "chosen";
    const endpoint = new URL("/msi/token", url);
    const app = azureTokens({ kind: "app", endpoint, header: "h", clientId }, http);
    expect(await app(RESOURCE).get()).toBe("app");
    const machine = azureTokens({ kind: "machine", endpoint: url, clientId }, http);
    expect([await machine(RESOURCE).get(), await machine(RESOURCE).get()])
      .toEqual(["machine", "machine"]);
    expect(seen).toHaveLength(2);
  });
});

describe("renewedCredential()", () => {
  const HOUR_MS = 3_600_000;

  function setUp() {
    const clock = { ms: 0 };
    let fails = false;
    let number = 0;
    const credential = renewedCredential(async () => {
      const mine = ++number;
      await Promise.resolve();
      if (fails) throw new Error("away");
      return { value: `token ${mine}`, expiresAtMs: clock.ms + HOUR_MS };
    }, () => clock.ms);
    return { clock, credential, fail: (is: boolean) => fails = is, count: () => number };
  }
  /** Lets what was begun in the background end. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test("asks once for all who come at once, and again five minutes before the end", async () => {
    const { clock, credential, count } = setUp();
    expect(await Promise.all([credential.get(), credential.get()])).toEqual(["token 1", "token 1"]);
    clock.ms = HOUR_MS - 300_001;
    expect(await credential.get()).toBe("token 1");
    expect(count()).toBe(1);
    clock.ms = HOUR_MS - 300_000;
    expect(await credential.get()).toBe("token 1");
    await settle();
    expect(await credential.get()).toBe("token 2");
    expect(count()).toBe(2);
  });

  test("goes on with what is still valid while it cannot be renewed, and tells when it no longer is", async () => {
    const { clock, credential, fail, count } = setUp();
    await credential.get();
    fail(true);
    clock.ms = HOUR_MS - 60_000;
    expect(await credential.get()).toBe("token 1");
    await settle();
    expect(await credential.get()).toBe("token 1");
    await settle();
    expect(count()).toBe(2);
    clock.ms = HOUR_MS;
    await expect(credential.get()).rejects.toThrow("away");
    fail(false);
    expect(await credential.get()).toBe("token 4");
  });

  test("drops what a service refused", async () => {
    const { credential } = setUp();
    const first = await credential.get();
    expect(credential.refused(first)).toBe(true);
    expect(await credential.get()).toBe("token 2");
    expect(credential.refused(first)).toBe(true);
    expect(await credential.get()).toBe("token 2");
  });
});
