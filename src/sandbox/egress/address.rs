//! The addresses a box may connect to: is one of them out in the world?
//! What belongs to this machine or to its own network is not: the database, Temporal, a cloud's metadata.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether it is somebody else's machine. An address that carries another one inside is that other one.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let own = a == 0 || address.is_loopback() || address.is_private() || address.is_link_local();
    // Carriers' NAT, the IETF's own, the relays of 6to4, benchmarks.
    let special = (a == 100 && b & 0xC0 == 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && b & 0xFE == 18);
    // From 224 on: multicast, reserved, broadcast.
    !own && !special && a < 224
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out; of that, 2001::/23 is for protocols.
    let first = address.segments()[0];
    first & 0xE000 == 0x2000 && !(first == 0x2001 && address.segments()[1] < 0x0200)
}

/// IPv4 that is mapped (`::ffff:…`), compatible (`::…`), translated (`64:ff9b::…`) or tunnelled (`2002:…`).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match (s0, s1, s2, s3, s4, s5) {
        (0, 0, 0, 0, 0, 0 | 0xFFFF) | (0, 0, 0, 0, 0xFFFF, 0) | (0x64, 0xFF9B, 0, 0, 0, 0) => {
            v4(s6, s7)
        }
        (0x2002, high, low, ..) => v4(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_not_public() {
        for own in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.9.9",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.1.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
            "100::1",
            "::ffff:0:7f00:1",
            "4000::1",
        ] {
            assert!(!is_public(own.parse().unwrap()), "{own}");
        }
    }

    #[test]
    fn the_world_is_public() {
        for theirs in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "203.0.113.80",
            "2606:4700::1111",
            "2a00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(theirs.parse().unwrap()), "{theirs}");
        }
    }
}
