import { describe, expect, it } from "vitest";
import { type AwsContext, signAws } from "../../src/cloud/aws/sign.ts";

/**
 * The examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
 * Payload in a Single Chunk", with the credentials given there.
 */
const EXAMPLES = [
  {
    title: "GET Object",
    method: "GET",
    url: "https://examplebucket.s3.amazonaws.com/test.txt",
    headers: { range: "bytes=0-9" },
    body: "",
    signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    title: "PUT Object",
    method: "PUT",
    url: "https://examplebucket.s3.amazonaws.com/test$file.text",
    headers: {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
    },
    body: "Welcome to Amazon S3.",
    signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    title: "GET Bucket Lifecycle",
    method: "GET",
    url: "https://examplebucket.s3.amazonaws.com/?lifecycle",
    headers: {},
    body: "",
    signedHeaders: "host;x-amz-content-sha256;x-amz-date",
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    title: "GET Bucket (List Objects)",
    method: "GET",
    url: "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2",
    headers: {},
    body: "",
    signedHeaders: "host;x-amz-content-sha256;x-amz-date",
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
] as const;

const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const CONTEXT: AwsContext = {
  credentials: CREDENTIALS,
  service: "s3",
  region: "us-east-1",
  nowMs: Date.UTC(2013, 4, 24),
};

async function sign(
  example: Omit<(typeof EXAMPLES)[number], "title" | "signedHeaders" | "signature">,
  context: AwsContext = CONTEXT,
): Promise<Record<string, string>> {
  const { method, url, headers, body } = example;
  const request = { method, url: new URL(url), headers, body };
  return Object.fromEntries(new Headers((await signAws(request, context)).init.headers));
}

describe("signAws()", () => {
  it.each(EXAMPLES)("signs the documentation's example $title", async (example) => {
    const headers = await sign(example);
    expect(headers["authorization"]).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
        `SignedHeaders=${example.signedHeaders}, Signature=${example.signature}`,
    );
    expect(headers["x-amz-date"]).toBe("20130524T000000Z");
    expect(headers).toMatchObject(example.headers);
  });

  it("sends and signs a session token", async () => {
    const credentials = { ...CREDENTIALS, sessionToken: "a/session+token==" };
    const headers = await sign(EXAMPLES[0], { ...CONTEXT, credentials });
    expect(headers["x-amz-security-token"]).toBe("a/session+token==");
    expect(headers["authorization"]).toContain("x-amz-date;x-amz-security-token, ");
  });

  it("gives another signature for another secret, region, time, header or query", async () => {
    const [example] = EXAMPLES;
    const answers = await Promise.all([
      sign(example),
      sign(example, { ...CONTEXT, credentials: { ...CREDENTIALS, secretAccessKey: "other" } }),
      sign(example, { ...CONTEXT, region: "eu-west-1" }),
      sign(example, { ...CONTEXT, nowMs: CONTEXT.nowMs + 1000 }),
      sign({ ...EXAMPLES[3], url: EXAMPLES[3].url }),
      sign(EXAMPLES[2]),
    ]);
    const signatures = answers.map(({ authorization }) => authorization?.split("Signature=")[1]);
    expect(new Set(signatures).size).toBe(answers.length);
  });

  it("signs AWS's published example of a request with a query for another service", async () => {
    // AWS Signature Version 4 test suite, "get-vanilla-query-order-key-case".
    const { init } = await signAws({
      method: "GET",
      url: new URL("https://example.amazonaws.com/?Param2=value2&Param1=value1"),
      headers: {},
    }, {
      credentials: {
        accessKeyId: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      },
      service: "service",
      region: "us-east-1",
      nowMs: Date.UTC(2015, 7, 30, 12, 36),
    });
    expect(new Headers(init.headers).get("authorization")).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
        "SignedHeaders=host;x-amz-date, " +
        "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    );
  });
});
