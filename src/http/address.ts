/** Classifies the IP addresses that others may make us connect to (IANA special-purpose registries, RFC 6890). */

import ipaddr from "ipaddr.js";

/**
 * `public`: on the Internet. `private`: this machine or a private network. `never`: no server uses it: link-local and
 * cloud metadata, multicast, unspecified, reserved, documentation, and anything that is not an address.
 */
export type AddressClass = "public" | "private" | "never";

/** Tried in this order; the first match decides. */
type Ranges = readonly {
  readonly cidr: ReturnType<typeof ipaddr.parseCIDR>;
  readonly class: AddressClass;
}[];

const IPV4_RANGES = rangesOf([
  ["100.100.100.200/32", "never"], // metadata of Alibaba Cloud
  ["168.63.129.16/32", "never"], // metadata of Azure
  ["10.0.0.0/8", "private"],
  ["127.0.0.0/8", "private"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  ["100.64.0.0/10", "private"], // carrier-grade NAT, RFC 6598
  ["198.18.0.0/15", "private"], // benchmarks, RFC 2544
  ["0.0.0.0/8", "never"],
  ["169.254.0.0/16", "never"], // link-local, metadata of most clouds
  ["192.0.0.0/24", "never"],
  ["192.0.2.0/24", "never"],
  ["192.88.99.0/24", "never"],
  ["198.51.100.0/24", "never"],
  ["203.0.113.0/24", "never"],
  ["224.0.0.0/3", "never"], // multicast, reserved, broadcast
  ["0.0.0.0/0", "public"],
]);

const IPV6_RANGES = rangesOf([
  ["fd00:ec2::/32", "never"], // metadata of Amazon Web Services
  ["fd20:ce::254/128", "never"], // metadata of Google Cloud
  ["fd00:c1::a9fe:a9fe/128", "never"], // metadata of Oracle Cloud
  ["fd00:a9fe:a9fe::/48", "never"], // metadata of Akamai
  ["fd00:42::42/128", "never"], // metadata of Scaleway
  ["::1/128", "private"],
  ["fc00::/7", "private"], // unique local, RFC 4193
  ["2001::/23", "never"], // protocol assignments, including Teredo
  ["2001:db8::/32", "never"],
  ["3fff::/20", "never"],
  ["2000::/3", "public"], // global unicast, RFC 4291
]);

/** IPv6 networks that embed the IPv4 address of the actual destination, and the offset of its first byte. */
const EMBEDDINGS = [
  { cidr: ipaddr.parseCIDR("::ffff:0:0/96"), at: 12 }, // IPv4-mapped
  { cidr: ipaddr.parseCIDR("64:ff9b::/96"), at: 12 }, // NAT64, RFC 6052
  { cidr: ipaddr.parseCIDR("2002::/16"), at: 2 }, // 6to4, RFC 3056
] as const;

/** `::1.2.3.4`, deprecated by RFC 4291, 2.5.5.1, which ipaddr.js treats as IPv4-mapped. */
const IPV4_COMPATIBLE = /^::[0-9]+\./;

/** The class of an address in text, IPv4 or IPv6, without brackets. */
export function classifyAddress(address: string): AddressClass {
  if (!isAddress(address) || IPV4_COMPATIBLE.test(address)) return "never";
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === "ipv4") return lookUp(IPV4_RANGES, parsed);
  const embedding = EMBEDDINGS.find(({ cidr }) => parsed.match(cidr));
  if (embedding === undefined) return lookUp(IPV6_RANGES, parsed);
  const { at } = embedding;
  return lookUp(IPV4_RANGES, new ipaddr.IPv4(parsed.toByteArray().slice(at, at + 4)));
}

/**
 * Whether this is an IP address in text, IPv4 or IPv6, without brackets. False for an address with a zone,
 * which has no meaning elsewhere, and for the octal, hexadecimal and short forms of IPv4 that ipaddr.js accepts.
 */
export function isAddress(text: string): boolean {
  const tail = text.slice(text.lastIndexOf(":") + 1);
  const v4 = ipaddr.IPv4.isValidFourPartDecimal(tail);
  if (tail === text) return v4;
  return ipaddr.IPv6.isValid(text) && !text.includes("%") && (v4 || !tail.includes("."));
}

function rangesOf(ranges: readonly (readonly [cidr: string, AddressClass])[]): Ranges {
  return ranges.map(([cidr, as]) => ({ cidr: ipaddr.parseCIDR(cidr), class: as }));
}

function lookUp(ranges: Ranges, address: ReturnType<typeof ipaddr.parse>): AddressClass {
  return ranges.find(({ cidr }) => address.match(cidr))?.class ?? "never";
}

/** The host of a URL for resolvers and sockets: without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}
