//! Addresses as the configuration names them: single ones, and whole networks.

use std::net::IpAddr;

use ipnet::IpNet;

/// Some networks; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<IpNet>);

impl Networks {
    /// Whether an address is in one of them. An IPv4 address is the same on a socket for
    /// both.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        !self.0.is_empty() && {
            let address = address.to_canonical();
            self.0.iter().any(|network| network.contains(&address))
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What [`parse_network`] takes.
pub const NETWORK: &str = "an address such as 10.0.0.7, or a network such as 10.0.0.0/24, which ends in zeros";

/// A network, or one address.
#[must_use]
pub fn parse_network(text: &str) -> Option<IpNet> {
    let address = || text.parse().ok().map(|address: IpAddr| IpNet::from(address));
    // Of 10.1.2.3/8, nobody can say whether the address or the network is meant.
    let network = |network: IpNet| Some(network).filter(|network| network.trunc() == *network);
    text.parse().ok().map_or_else(address, network)
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
        for text in ["10.0.0.0/33", "10.0.0", "host", "", "10.0.0.1:80", "0.0.0.0/0/0", "10.1.2.3/8", "2001:db8::1/32"]
        {
            assert_eq!(parse_network(text), None, "{text}");
        }
    }
}
