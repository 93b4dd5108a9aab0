import { describe, expect, test } from "vitest";
import { createAddressFilter, isLoopbackHost } from "../../../../src/sinks/webhook/address.ts";

const refuseAll = createAddressFilter("allowPrivate", []);

describe("the address filter", () => {
  test.each(["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8"])(
    "lets the public internet pass: %s",
    (address) => {
      expect(refuseAll(address)).toBe(true);
    },
  );

  test.each([
    ["loopback", "127.0.0.1"],
    ["loopback, the far end", "127.255.255.254"],
    ["loopback v6", "::1"],
    ["private 10/8", "10.1.2.3"],
    ["private 172.16/12", "172.31.255.255"],
    ["private 192.168/16", "192.168.0.1"],
    ["link-local and metadata", "169.254.169.254"],
    ["link-local v6", "fe80::1"],
    ["link-local v6 with a zone", "fe80::1%eth0"],
    ["metadata v6", "fd00:ec2::254"],
    ["platform endpoint of Azure", "168.63.129.16"],
    ["metadata of Alibaba, CGNAT", "100.100.100.200"],
    ["metadata of Oracle, reserved", "192.0.0.192"],
    ["unique local", "fc00::1"],
    ["site-local", "fec0::1"],
    ["this network", "0.0.0.0"],
    ["this network, a host", "0.1.2.3"],
    ["unspecified v6", "::"],
    ["multicast", "224.0.0.1"],
    ["multicast v6", "ff02::1"],
    ["broadcast", "255.255.255.255"],
    ["reserved", "240.0.0.1"],
    ["documentation", "192.0.2.1"],
    ["documentation v6", "2001:db8::1"],
    ["benchmarking", "198.18.0.1"],
    ["v4-mapped loopback", "::ffff:127.0.0.1"],
    ["v4-mapped private, in hexadecimal", "::ffff:a00:1"],
    ["v4-compatible loopback", "::7f00:1"],
    ["NAT64 of a private address", "64:ff9b::10.0.0.1"],
    ["NAT64 of a public address", "64:ff9b::8.8.8.8"],
    ["local NAT64", "64:ff9b:1::1"],
    ["6to4", "2002:a00:1::1"],
    ["Teredo", "2001::1"],
    ["outside of global unicast", "4000::1"],
    ["no address", "example.com"],
    ["a number", "2130706433"],
    ["octal", "0177.0.0.1"],
    ["nothing", ""],
  ])("refuses %s: %s", (_what, address) => {
    expect(refuseAll(address)).toBe(false);
  });

  test("lets pass what is listed and nothing beside it", () => {
    const allow = createAddressFilter("allowPrivate", [
      "10.20.0.0/16",
      "127.0.0.1",
      "fd00::/8",
      "::ffff:192.168.7.0/120",
    ]);
    for (const address of ["10.20.255.1", "::ffff:10.20.0.1", "127.0.0.1", "fd12::1", "192.168.7.9", "8.8.8.8"]) {
      expect(allow(address), address).toBe(true);
    }
    for (const address of ["10.21.0.1", "127.0.0.2", "fe80::1", "::1", "192.168.8.9"]) {
      expect(allow(address), address).toBe(false);
    }
  });

  test("judges a listed NAT64 address by the IPv4 address that it carries", () => {
    const allow = createAddressFilter("allowPrivate", ["64:ff9b::/96", "10.20.0.0/16"]);
    expect(allow("64:ff9b::8.8.8.8")).toBe(true);
    expect(allow("64:ff9b::10.20.0.1")).toBe(true);
    expect(allow("64:ff9b::10.21.0.1")).toBe(false);
    expect(allow("64:ff9b::169.254.169.254")).toBe(false);
  });

  test.each([
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "::/129",
    "localhost",
    "10.1",
    "",
    "10.0.0.0/1e1",
  ])("refuses a list with %j in it, naming the place", (range) => {
    expect(() => createAddressFilter("allowPrivate", ["10.0.0.0/8", range])).toThrow(
      /allowPrivate\[1\]: an address or a range/,
    );
  });

  test("knows this machine by its names and numbers", () => {
    for (const host of ["localhost", "localhost.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"]) {
      expect(isLoopbackHost(host), host).toBe(true);
    }
    for (const host of ["localhost.example.com", "10.0.0.1", "example.com", "[::2]", ""]) {
      expect(isLoopbackHost(host), host).toBe(false);
    }
  });
});
