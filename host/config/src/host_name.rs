//! Names of hosts, and addresses in their place.

use std::net::Ipv4Addr;

/// Whether a name could be found, or an address reached: `http` takes much that is neither.
#[must_use]
pub fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    let labels = name.split('.').all(|label| !label.is_empty()) && !name.contains(['*', '/', '@', ' ']);
    // What ends in a number is an address, by all that resolve names.
    labels && (!last.bytes().all(|b| b.is_ascii_digit()) || host.parse::<Ipv4Addr>().is_ok())
}
