import { expect, it } from "vitest";
import { platformOf } from "../../src/publish/platform.ts";

it.each([
  [null, "unknown"],
  ["", "unknown"],
  ["Dalvik/2.1.0 (Linux; U; Android 11)", "android"],
  ["okhttp ANDROID", "android"],
  ["App/1 (iPhone; iOS 14.4)", "ios"],
  ["bluetoothd (unknown version) CFNetwork/1220.1 Darwin/20.3.0", "ios"],
  ["App/1 CFNetwork/1220.1 Darwin/20.3.0", "unknown"],
  ["bluetoothd", "unknown"],
  ["curl/8.0", "unknown"],
])("platformOf(%j) is %s", (agent, platform) => {
  expect(platformOf(agent)).toBe(platform);
});
