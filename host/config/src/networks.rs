//! Servers as the configuration names them, by where their connections come from: single
//! addresses, whole networks, and Unix sockets.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// From where servers connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    Network(IpNet),
    /// A Unix socket, whoever is at its other end.
    Unix,
}

/// Some servers; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<Hop>);

impl Networks {
    /// Whether an address is in one of them. An IPv4 address is the same on a socket for
    /// both.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        !self.0.is_empty() && {
            let address = address.to_canonical();
            self.0.iter().any(|hop| matches!(hop, Hop::Network(network) if network.contains(&address)))
        }
    }

    /// Whether those at Unix sockets are among them.
    #[must_use]
    pub fn has_unix(&self) -> bool {
        self.0.contains(&Hop::Unix)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What [`parse_network`] takes.
pub const NETWORK: &str =
    "an address such as 10.0.0.7, a network such as 10.0.0.0/24, which ends in zeros, or unix for Unix sockets";

/// A network, one address, or Unix sockets.
#[must_use]
pub fn parse_network(text: &str) -> Option<Hop> {
    if text == "unix" {
        return Some(Hop::Unix);
    }
    let address = || text.parse().ok().map(|address: IpAddr| IpNet::from(address));
    // Of 10.1.2.3/8, nobody can say whether the address or the network is meant.
    let network = |network: IpNet| Some(network).filter(|network| network.trunc() == *network);
    text.parse().ok().map_or_else(address, network).map(Hop::Network)
}

impl fmt::Display for Hop {
    /// One address without its length, as most write it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) if network.prefix_len() == network.max_prefix_len() => network.addr().fmt(out),
            Self::Network(network) => network.fmt(out),
            Self::Unix => out.write_str("unix"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_network_however_it_is_written() {
        let networks =
            Networks(["10.0.0.0/24", "192.0.2.1", "2001:db8::/32"].map(|one| parse_network(one).unwrap()).into());
        let table = [
            ("10.0.0.255", true),
            ("::ffff:10.0.0.1", true),
            ("10.0.1.0", false),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("2001:db8::1", true),
            ("::1", false),
        ];
        for (address, inside) in table {
            assert_eq!(networks.contains(address.parse().unwrap()), inside, "{address}");
            assert!(!Networks::default().contains(address.parse().unwrap()), "{address}");
        }
        assert!(!networks.has_unix());
        let unix = Networks(vec![parse_network("unix").unwrap()]);
        assert!(unix.has_unix() && !unix.contains("127.0.0.1".parse().unwrap()));
        for text in ["10.0.0.0/24", "192.0.2.1", "2001:db8::/32", "unix"] {
            assert_eq!(parse_network(text).unwrap().to_string(), text);
        }
        for text in [
            "10.0.0.0/33",
            "10.0.0",
            "host",
            "",
            "10.0.0.1:80",
            "0.0.0.0/0/0",
            "10.1.2.3/8",
            "2001:db8::1/32",
            "unix:",
            "Unix",
        ] {
            assert_eq!(parse_network(text), None, "{text}");
        }
    }
}
