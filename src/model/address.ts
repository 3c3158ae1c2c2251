import { isIP } from "node:net";

/** An address as a number. IPv6 addresses that are another way to write an IPv4 one are that one. */
export type Address = { readonly family: 4 | 6; readonly value: bigint };

/** A run of addresses that share their first bits, as in `10.0.0.0/8`. */
export type AddressRange = { readonly family: 4 | 6; readonly value: bigint; readonly bits: number };

const WIDTH = { 4: 32, 6: 128 } as const;
const LOW_32 = (1n << 32n) - 1n;

/** The address that `text` is; null when it is none. */
export function parseAddress(text: string): Address | null {
  switch (isIP(text)) {
    case 4:
      return { family: 4, value: joined(text.split("."), 8n) };
    case 6:
      return unwrapped(ipv6Value(text));
    default:
      return null;
  }
}

/** A range, or a single address as a range of one; null when it is neither. */
export function parseAddressRange(text: string): AddressRange | null {
  const [head = "", length, more] = text.split("/");
  const family = isIP(head);
  if ((family !== 4 && family !== 6) || more !== undefined) return null;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return null;
  const bits = length === undefined ? WIDTH[family] : Number(length);
  if (bits > WIDTH[family]) return null;
  const value = family === 4 ? joined(head.split("."), 8n) : ipv6Value(head);
  // Mapped IPv4 is met as IPv4, so that is how a range of it has to be kept.
  if (family === 6 && bits >= 96 && value >> 32n === MAPPED) return { family: 4, value: value & LOW_32, bits: bits - 96 };
  return { family, value, bits };
}

/** Whether only this machine is reached by a host, which may be an address of a URL, in brackets. Names are not looked up. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

export function isWithin(address: Address, range: AddressRange): boolean {
  const rest = BigInt(WIDTH[range.family] - range.bits);
  return address.family === range.family && address.value >> rest === range.value >> rest;
}

const MAPPED = 0xffffn;

function joined(parts: readonly string[], bits: bigint, base: "" | "0x" = ""): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(`${base}${part}`), 0n);
}

function ipv6Value(text: string): bigint {
  const plain = text.replace(/%.*$/, "").replace(/[\d.]+$/, (tail) => {
    if (!tail.includes(".")) return tail;
    const value = joined(tail.split("."), 8n);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  return joined([...before, ...Array.from({ length: missing }, () => "0"), ...after], 16n, "0x");
}

/** IPv4 inside IPv6 reaches the IPv4 address: mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96) and NAT64 (64:ff9b::/96). */
function unwrapped(value: bigint): Address {
  const head = value >> 32n;
  const wraps = head === MAPPED || head === MAPPED << 16n || head === 0x64_ff9bn << 64n;
  return wraps ? { family: 4, value: value & LOW_32 } : { family: 6, value };
}

type Special = { readonly range: AddressRange; readonly kind: string };

const special = (text: string, kind: string): Special => {
  const range = parseAddressRange(text);
  if (!range) throw new Error(`${text} is no range of addresses`);
  return { range, kind };
};

/** What the registries of special-purpose addresses (IPv4 and IPv6) keep from the public network. */
const SPECIAL: readonly Special[] = [
  special("0.0.0.0/8", "this host"),
  special("10.0.0.0/8", "private"),
  special("100.64.0.0/10", "shared"),
  special("127.0.0.0/8", "loopback"),
  special("169.254.0.0/16", "link-local"),
  special("172.16.0.0/12", "private"),
  special("192.0.0.0/24", "reserved"),
  special("192.0.2.0/24", "documentation"),
  special("192.88.99.0/24", "reserved"),
  special("192.168.0.0/16", "private"),
  special("198.18.0.0/15", "benchmarking"),
  special("198.51.100.0/24", "documentation"),
  special("203.0.113.0/24", "documentation"),
  special("224.0.0.0/4", "multicast"),
  special("240.0.0.0/4", "reserved"),
  special("::1/128", "loopback"),
  special("fc00::/7", "private"),
  special("fe80::/10", "link-local"),
  special("fec0::/10", "private"),
  special("ff00::/8", "multicast"),
  // Of the public range: protocols' own (Teredo among them), documentation, and 6to4, which hides an IPv4 address.
  special("2001::/23", "reserved"),
  special("2001:db8::/32", "documentation"),
  special("2002::/16", "6to4"),
  special("3fff::/20", "documentation"),
];

const PUBLIC_IPV6: AddressRange = { family: 6, value: 0x2000n << 112n, bits: 3 };

/** Why an address is not on the public network, in a word; null when it is. IPv6 outside its public range never is. */
export function notPublic(address: Address): string | null {
  const found = SPECIAL.find(({ range }) => isWithin(address, range));
  if (found) return found.kind;
  return address.family === 6 && !isWithin(address, PUBLIC_IPV6) ? "reserved" : null;
}
