import { expect, test } from "vitest";
import {
  rollingProximityIdentifierKey,
  rollingProximityIdentifiers,
  rpiAt,
} from "../../src/device/rpi.ts";
import { decodeHex, encodeHex } from "../../src/bytes/base64.ts";
import { GAEN_DAY } from "../vectors/gaen-rpi.ts";

const tek = decodeHex(GAEN_DAY.tek) ?? new Uint8Array();

test("rollingProximityIdentifierKey() derives the published RPIK", () => {
  expect(encodeHex(rollingProximityIdentifierKey(tek))).toBe(GAEN_DAY.rpik);
});

test("rollingProximityIdentifierKey() refuses a TEK of another length", () => {
  expect(() => rollingProximityIdentifierKey(tek.subarray(1))).toThrow("a TEK must have 16 bytes");
});

test("rollingProximityIdentifiers() derives the published RPIs of a day", () => {
  const day = rollingProximityIdentifiers(tek, GAEN_DAY.intervalNumber, GAEN_DAY.intervalCount);
  expect(day.length).toBe(144 * 16);
  const published = Object.entries(GAEN_DAY.rpis);
  const derived = published.map(([offset]) => {
    const at = Number(offset) * 16;
    return [offset, encodeHex(day.subarray(at, at + 16))];
  });
  expect(derived).toEqual(published);
});

test("rpiAt() derives the same RPI alone", () => {
  const rpi = rpiAt({ key: tek }, GAEN_DAY.intervalNumber + 99);
  expect(encodeHex(rpi)).toBe(GAEN_DAY.rpis[99]);
});
