import { expect, test } from "vitest";
import { concatBytes, derToPem, pemToDer } from "../../src/keys/pem.ts";

const der = new Uint8Array(100).map((_, index) => index);
const pem = derToPem(der, "PUBLIC KEY");

test("derToPem() breaks lines after 64 characters, and pemToDer() reads them", () => {
  const lines = pem.split("\n");
  expect(lines.map((line) => line.length)).toEqual([26, 64, 64, 8, 24, 0]);
  expect(pemToDer(pem, "PUBLIC KEY")).toEqual(der);
});

test("pemToDer() takes other line ends, indentation, one long line, and text around the block", () => {
  const body = pem.split("\n").slice(1, -2).join("");
  const variants = [
    pem.replaceAll("\n", "\r\n"),
    pem.replaceAll("\n", "\n   "),
    `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----`,
    `-----BEGIN PUBLIC KEY-----${body}-----END PUBLIC KEY-----`,
    `issued to a health authority\n${pem}\n\n`,
  ];
  for (const variant of variants) expect(pemToDer(variant, "PUBLIC KEY")).toEqual(der);
});

test("pemToDer() refuses other labels, damage and too much", () => {
  const bad = [
    "",
    "secret",
    derToPem(der, "PRIVATE KEY"),
    derToPem(der, "PRIVATE KEY") + pem,
    pem.replace("END PUBLIC", "END PRIVATE"),
    pem.replace("AAEC", "AA!C"),
    pem.replace("AAEC", "AAE"),
    "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
    pem.slice(0, -10),
    " ".repeat(70_000) + pem,
    "-----BEGIN PUBLIC KEY-----".repeat(2000),
  ];
  for (const text of bad) expect(pemToDer(text, "PUBLIC KEY")).toBeUndefined();
});

test("concatBytes() joins all parts in order", () => {
  expect(concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)))
    .toEqual(Uint8Array.of(1, 2, 3));
});
