/** Which IP addresses a server may be sent to by others (IANA special-purpose registries, RFC 6890). */

/**
 * `public`: anybody's. `private`: this machine, or networks that are somebody's own. `never`: what no server is at:
 * link-local and cloud metadata, multicast, unspecified, reserved, documentation, and anything that is no address.
 */
export type AddressClass = "public" | "private" | "never";

type Range = readonly [prefix: readonly number[], bits: number, AddressClass];

/** The first range that fits decides. */
const IPV4_RANGES: readonly Range[] = [
  [[100, 100, 100, 200], 32, "never"], // metadata of Alibaba Cloud
  [[168, 63, 129, 16], 32, "never"], // metadata of Azure
  [[10], 8, "private"],
  [[127], 8, "private"],
  [[172, 16], 12, "private"],
  [[192, 168], 16, "private"],
  [[100, 64], 10, "private"], // carrier-grade NAT, RFC 6598
  [[198, 18], 15, "private"], // benchmarks, RFC 2544
  [[0], 8, "never"],
  [[169, 254], 16, "never"], // link-local, metadata of most clouds
  [[192, 0, 0], 24, "never"],
  [[192, 0, 2], 24, "never"],
  [[192, 88, 99], 24, "never"],
  [[198, 51, 100], 24, "never"],
  [[203, 0, 113], 24, "never"],
  [[224], 3, "never"], // multicast, reserved, broadcast
];

const IPV6_RANGES: readonly Range[] = [
  [[0xfd, 0, 0x0e, 0xc2], 32, "never"], // metadata of Amazon Web Services
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, "private"],
  [[0xfc], 7, "private"], // unique local, RFC 4193
  [[0x20, 0x01, 0], 23, "never"], // protocol assignments, Teredo among them
  [[0x20, 0x01, 0x0d, 0xb8], 32, "never"],
  [[0x3f, 0xff], 20, "never"],
  [[0x20], 3, "public"], // all that is assigned to the Internet, RFC 4291
];

/** Where an IPv6 address holds an IPv4 address that the packet ends up at. */
const EMBEDDINGS: readonly { prefix: readonly number[]; bits: number; at: number }[] = [
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], bits: 96, at: 12 }, // IPv4-mapped
  { prefix: [0, 0x64, 0xff, 0x9b], bits: 96, at: 12 }, // NAT64, RFC 6052
  { prefix: [0x20, 0x02], bits: 16, at: 2 }, // 6to4, RFC 3056
];

/** The class of an address in text, IPv4 or IPv6, without brackets. */
export function classifyAddress(address: string): AddressClass {
  const v4 = parseIpv4(address);
  if (v4 !== undefined) return lookUp(IPV4_RANGES, v4) ?? "public";
  const v6 = parseIpv6(address);
  if (v6 === undefined) return "never";
  const embedding = EMBEDDINGS.find(({ prefix, bits }) => startsWith(v6, prefix, bits));
  if (embedding === undefined) return lookUp(IPV6_RANGES, v6) ?? "never";
  return lookUp(IPV4_RANGES, v6.slice(embedding.at, embedding.at + 4)) ?? "public";
}

/** Whether this is an IP address in text, IPv4 or IPv6, without brackets. */
export function isAddress(text: string): boolean {
  return parseIpv4(text) !== undefined || parseIpv6(text) !== undefined;
}

function lookUp(ranges: readonly Range[], address: readonly number[]): AddressClass | undefined {
  return ranges.find(([prefix, bits]) => startsWith(address, prefix, bits))?.[2];
}

function startsWith(address: readonly number[], prefix: readonly number[], bits: number): boolean {
  for (let index = 0; index * 8 < bits; index++) {
    const mask = 0xff & (0xff << Math.max(0, 8 - (bits - index * 8)));
    if (((address[index] ?? 0) & mask) !== (prefix[index] ?? 0)) return false;
  }
  return true;
}

function parseIpv4(text: string): readonly number[] | undefined {
  if (!/^(?:(?:0|[1-9][0-9]{0,2})(?:\.(?!$)|$)){4}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** Any form of RFC 4291, 2.2. A zone makes an address that means nothing elsewhere, so it is none here. */
function parseIpv6(text: string): readonly number[] | undefined {
  const tail = /^(.*:)([0-9.]*\.[0-9.]*)$/.exec(text);
  const v4 = tail?.[2] === undefined ? undefined : parseIpv4(tail[2]);
  if (tail !== null && v4 === undefined) return undefined;
  const hex = (high: number, low: number) => (high * 256 + low).toString(16);
  const whole = v4 === undefined
    ? text
    : `${tail?.[1]}${hex(v4[0] ?? 0, v4[1] ?? 0)}:${hex(v4[2] ?? 0, v4[3] ?? 0)}`;
  const halves = whole.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], rest] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - (rest?.length ?? 0);
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<string>(Math.max(0, missing)).fill("0"), ...(rest ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff]);
}

/** The host of a URL as resolvers and sockets take it: without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}
