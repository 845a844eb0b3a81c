import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { parseAlphaPublish, parsePublish } from "../../src/publish/request-parser.ts";

const KEY = `{"key":"z2Cx9hdz2SlxZ8GEgqTYpA==","rollingStartNumber":1}`;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const fault = (text: string): string => {
  const outcome = parsePublish(bytes(text), 30);
  if (outcome.ok) return "accepted";
  expect(outcome.code).toBe("bad_request");
  return outcome.message;
};
const body = (more: string) =>
  `{"healthAuthorityID":"mag","temporaryExposureKeys":[${KEY}]${more}}`;

describe("parsePublish()", () => {
  it("gives absent members their defaults", () => {
    expect(parsePublish(bytes(body("")), 30)).toEqual({
      ok: true,
      value: {
        temporaryExposureKeys: [{
          key: "z2Cx9hdz2SlxZ8GEgqTYpA==",
          rollingStartNumber: 1,
          rollingPeriod: 144,
          transmissionRisk: 0,
        }],
        healthAuthorityID: "mag",
        verificationPayload: undefined,
        hmacKey: undefined,
        symptomOnsetInterval: undefined,
        traveler: false,
        revisionToken: undefined,
        regions: undefined,
      },
    });
  });

  it.each([
    ["names in any case", `,"HMACKEY":"a","SYMPTOMONSETINTERVAL":5,"Traveler":true`],
    ["null members", `,"hmackey":null,"padding":null,"traveler":null,"revisionToken":null`],
    ["a member that is null first", `,"traveler":null,"TRAVELER":true`],
    ["hmackey and hmacKey alike", `,"hmackey":"a","hmacKey":"a"`],
    ["white space anywhere", ` \n\t\r,\n "padding" \t:\r "x" `],
    ["escapes", `,"padding":"a\\"b\\\\\\u0041\\n"`],
    ["an escaped name", `,"\\u0070adding":"x"`],
    ["a number with an exponent", `,"symptomOnsetInterval":2.9e6`],
  ])("takes %s", (_, more) => {
    expect(fault(body(more))).toBe("accepted");
  });

  it.each([
    ["", "the body is empty"],
    [" ", "an object is missing (at character 1)"],
    ["[]", "must be an object (at character 0)"],
    ["null", "must be an object (at character 0)"],
    ["{", "must be a member name (at character 1)"],
    [`{"a"}`, 'unknown member "a" (at character 4)'],
    [`{"traveler"}`, "must be a colon (at character 11)"],
    [`{"traveler":1}`, "traveler: must be true or false (at character 12)"],
    [`{"traveler":"true"}`, "traveler: must be true or false (at character 12)"],
    [`{"padding":5}`, "padding: must be a string (at character 11)"],
    [`{"padding":{}}`, "padding: must be a string (at character 11)"],
    [`{"padding":"x}`, "padding: a string without an end (at character 11)"],
    [
      `{"padding":"\\x"}`,
      "padding: a string with a wrong escape or a control character (at character 11)",
    ],
    [
      `{"padding":"\u0001"}`,
      "padding: a string with a wrong escape or a control character (at character 11)",
    ],
    [`{"padding":"\\"}`, "padding: a string without an end (at character 11)"],
    [`{"padding":"a","padding":"b"}`, "member padding twice (at character 25)"],
    [`{"hmackey":"a","hmacKey":"b"}`, "hmacKey: two different values (at character 28)"],
    [`{"symptomOnsetInterval":"5"}`, "symptomOnsetInterval: must be an integer (at character 24)"],
    [
      `{"symptomOnsetInterval":1.5}`,
      "symptomOnsetInterval: must be an integer of 32 bits (at character 24)",
    ],
    [
      `{"symptomOnsetInterval":2147483648}`,
      "symptomOnsetInterval: must be an integer of 32 bits (at character 24)",
    ],
    [
      `{"symptomOnsetInterval":1e999}`,
      "symptomOnsetInterval: must be an integer of 32 bits (at character 24)",
    ],
    [
      `{"symptomOnsetInterval":05}`,
      "must be a comma or the end of the object (at character 25)",
    ],
    [`{"symptomOnsetInterval":+5}`, "symptomOnsetInterval: must be an integer (at character 24)"],
    [`{"temporaryExposureKeys":{}}`, "temporaryExposureKeys: must be an array (at character 25)"],
    [
      `{"temporaryExposureKeys":[null]}`,
      "temporaryExposureKeys[0]: must be an object (at character 26)",
    ],
    [
      `{"temporaryExposureKeys":[${KEY},]}`,
      "temporaryExposureKeys[1]: must be an object (at character 84)",
    ],
    [
      `{"temporaryExposureKeys":[{"key":7}]}`,
      "temporaryExposureKeys[0].key: must be a string (at character 33)",
    ],
    [
      `{"temporaryExposureKeys":[{"tek":""}]}`,
      'temporaryExposureKeys[0]: unknown member "tek" (at character 32)',
    ],
    [`{"regions":["x"]}`, 'unknown member "regions" (at character 10)'],
    [`{"__proto__":{}}`, 'unknown member "__proto__" (at character 12)'],
    [`{"1a":{}}`, "unknown member (not printable or too long) (at character 5)"],
    [body("") + "x", "something follows the JSON object (at character 111)"],
    [body("") + "{}", "something follows the JSON object (at character 111)"],
    [body(","), "must be a member name (at character 111)"],
    [
      `{"temporaryExposureKeys":[${Array(31).fill(KEY).join(",")}]}`,
      `temporaryExposureKeys: more than 30 elements (at character ${26 + 30 * 58})`,
    ],
    ["[".repeat(60_000), "must be an object (at character 0)"],
    [
      `{"temporaryExposureKeys":${"[".repeat(60_000)}`,
      "temporaryExposureKeys[0]: must be an object (at character 26)",
    ],
  ])("refuses %.60s", (text, message) => {
    expect(fault(text)).toBe(message);
  });

  it("refuses what is not UTF-8, and a byte order mark", () => {
    const broken = bytes(body(`,"padding":"x"`));
    broken[broken.length - 3] = 0xff;
    expect(parsePublish(broken, 30)).toMatchObject({ message: "the body is not UTF-8" });
    expect(parsePublish(bytes("\ufeff{}"), 30)).toMatchObject({
      message: "must be an object (at character 0)",
    });
  });
});

describe("parseAlphaPublish()", () => {
  it("takes the old API's members", () => {
    const outcome = parseAlphaPublish(
      bytes(
        `{"appPackageName":"mag","regions":["MAG","SLA"],"platform":"ios",` +
          `"deviceVerificationPayload":"x","temporaryExposureKeys":[${KEY}]}`,
      ),
      30,
    );
    expect(outcome).toMatchObject({
      ok: true,
      value: { healthAuthorityID: "mag", regions: ["MAG", "SLA"] },
    });
  });

  it("does not know healthAuthorityID", () => {
    expect(parseAlphaPublish(bytes(`{"healthAuthorityID":"x"}`), 30)).toMatchObject({
      message: 'unknown member "healthAuthorityID" (at character 20)',
    });
  });
});
