//! What members of a configuration say about each other, whether they come from the file
//! or the command line.

use std::collections::HashSet;
use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;
use solgate::policy::PolicyFile;

use crate::gateway::{Config, UpstreamConfig};

/// Members that do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The member at fault, as a JSON Pointer.
    pub place: String,
    pub message: String,
}

impl Misfit {
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    /// The same in a member that is itself below `place`.
    pub fn below(self, place: &str) -> Self {
        Self { place: format!("{place}{}", self.place), message: self.message }
    }
}

impl Config {
    /// Checks what members say about each other, but for addresses: those of the file may
    /// not be the ones that hold.
    ///
    /// # Errors
    /// What does not go together.
    pub fn check(&self) -> Result<(), Misfit> {
        for (index, upstream) in self.upstreams.iter().enumerate() {
            let place = format!("/upstreams/{index}");
            let facts = upstream.gate.facts.url.as_ref();
            let members = [("caFile", upstream.ca_file.is_some()), ("certFile", upstream.own_certificate.is_some())];
            if let Some((member, _)) = members.into_iter().find(|(_, is_there)| *is_there)
                && !is_https(&upstream.url)
                && !facts.is_some_and(is_https)
            {
                let message = format!("{member} is for an https VNFM: leave it out, or write https:// in url");
                return Err(Misfit::new(format!("{place}/{member}"), message));
            }
            check_once(&upstream.gate.policies.files, &format!("{place}/policies"))?;
            check_once(&upstream.shadow, &format!("{place}/shadow"))?;
        }
        Ok(())
    }

    /// Checks that the gate has addresses of its own.
    ///
    /// # Errors
    /// Two of them are one, or that of a VNFM.
    pub fn check_addresses(&self) -> Result<(), Misfit> {
        let own = [Some(("listen", &self.listen)), self.admin.as_ref().map(|admin| ("admin", admin))];
        let own: Vec<(&str, Address<'_>)> =
            own.into_iter().flatten().filter_map(|(name, text)| Some((name, Address::of(text)?))).collect();
        if let [(_, listen), (_, admin)] = own.as_slice()
            && listen.takes(admin)
        {
            let message = "admin is the address that clients use (listen): give it another port";
            return Err(Misfit::new("/admin", message));
        }
        for (index, upstream) in self.upstreams.iter().enumerate() {
            for (member, asked) in asked(upstream) {
                if let Some((name, _)) = own.iter().find(|(_, own)| own.is(&asked)) {
                    let message =
                        format!("this is the address of the gate itself ({name}): expected that of the VNFM behind it");
                    return Err(Misfit::new(format!("/upstreams/{index}/{member}"), message));
                }
            }
        }
        Ok(())
    }
}

/// Where the gate asks, with the member that says so.
fn asked(upstream: &UpstreamConfig) -> impl Iterator<Item = (String, Address<'_>)> {
    let facts = upstream.gate.facts.url.as_ref().map(|url| ("facts/url".to_owned(), url));
    // Where there are addresses, nobody connects to what the URL says.
    let url = upstream.addresses.is_empty().then(|| ("url".to_owned(), &upstream.url));
    let urls = [url, facts].into_iter().flatten().filter_map(|(member, url)| Some((member, Address::of_url(url)?)));
    let standard = if is_https(&upstream.url) { 443 } else { 80 };
    let addresses = upstream.addresses.iter().enumerate().map(move |(index, authority)| {
        let port = authority.port_u16().unwrap_or(standard);
        (format!("addresses/{index}"), Address { host: Host::of(authority.host()), port })
    });
    urls.chain(addresses)
}

fn check_once(files: &[PolicyFile], place: &str) -> Result<(), Misfit> {
    let mut known = HashSet::new();
    match files.iter().position(|file| !known.insert(&file.path)) {
        None => Ok(()),
        Some(index) => {
            let message = "this policy is in the list already, and would judge every request twice: name it once";
            Err(Misfit::new(format!("{place}/{index}"), message))
        }
    }
}

fn is_https(url: &Uri) -> bool {
    url.scheme() == Some(&Scheme::HTTPS)
}

/// A host and a port.
struct Address<'c> {
    host: Host<'c>,
    port: u16,
}

#[derive(PartialEq, Eq)]
enum Host<'c> {
    /// All addresses of the machine.
    Any,
    /// This machine, by its name.
    Localhost,
    Ip(IpAddr),
    Name(&'c str),
}

impl<'c> Address<'c> {
    /// `None` for a port that the system chooses.
    fn of(text: &'c str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port != 0)?;
        Some(Self { host: Host::of(host), port })
    }

    fn of_url(url: &'c Uri) -> Option<Self> {
        let port = url.port_u16().unwrap_or(if is_https(url) { 443 } else { 80 });
        Some(Self { host: Host::of(url.host()?), port })
    }

    /// Whether who connects to `url` reaches what listens here.
    fn is(&self, url: &Self) -> bool {
        // To connect to no address in particular is to connect to this machine.
        let url_host = if url.host == Host::Any { &Host::Localhost } else { &url.host };
        let is_local = match url_host {
            Host::Localhost => true,
            Host::Ip(address) => address.is_loopback(),
            Host::Any | Host::Name(_) => false,
        };
        let reached = match (&self.host, url_host) {
            (Host::Any, _) => is_local,
            (Host::Ip(own), Host::Localhost) => own.is_loopback(),
            (Host::Localhost, Host::Ip(address)) => address.is_loopback(),
            (Host::Name(own), Host::Name(name)) => own.eq_ignore_ascii_case(name),
            (own, other) => own == other,
        };
        self.port == url.port && reached
    }

    /// Whether both cannot be listened on.
    fn takes(&self, other: &Self) -> bool {
        let any = self.host == Host::Any || other.host == Host::Any;
        self.port == other.port && (any || self.is(other))
    }
}

impl<'c> Host<'c> {
    fn of(text: &'c str) -> Self {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if address.is_unspecified() => Self::Any,
            Ok(address) => Self::Ip(address),
            Err(_) if bare.eq_ignore_ascii_case("localhost") => Self::Localhost,
            Err(_) => Self::Name(bare),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_however_it_is_written() {
        let is = |own: &str, url: &str| {
            let url: Uri = url.parse().unwrap();
            Address::of(own).is_some_and(|own| own.is(&Address::of_url(&url).unwrap()))
        };
        let table = [
            ("127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("127.0.0.1:8080", "http://localhost:8080", true),
            ("localhost:8080", "http://[::1]:8080", true),
            ("0.0.0.0:8080", "http://127.0.0.1:8080", true),
            ("[::]:80", "http://localhost", true),
            ("[::]:443", "https://[::1]", true),
            ("0.0.0.0:8080", "http://0.0.0.0:8080", true),
            ("gate.example:8080", "http://GATE.example:8080", true),
            ("10.0.0.1:8080", "http://10.0.0.1:8080", true),
            // It may be that of another machine.
            ("0.0.0.0:8080", "http://10.0.0.1:8080", false),
            ("0.0.0.0:8080", "http://vnfm:8080", false),
            ("127.0.0.1:8080", "http://127.0.0.2:8080", false),
            ("127.0.0.1:8080", "http://127.0.0.1:8081", false),
            ("10.0.0.1:8080", "http://localhost:8080", false),
            ("127.0.0.1:0", "http://127.0.0.1:80", false),
        ];
        for (own, url, expected) in table {
            assert_eq!(is(own, url), expected, "{own} and {url}");
        }
        let takes = |one: &str, other: &str| Address::of(one).unwrap().takes(&Address::of(other).unwrap());
        assert!(takes("10.0.0.1:80", "0.0.0.0:80") && takes("[::]:80", "10.0.0.1:80") && takes("a:80", "A:80"));
        assert!(!takes("10.0.0.1:80", "127.0.0.1:80") && !takes("a:80", "a:81"));
    }
}
