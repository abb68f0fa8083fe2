//! What members of a configuration say about each other, whether they come from the file
//! or the command line.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::{Component, PathBuf};

use http::Uri;
use http::uri::Scheme;
use solgate::policy::PolicyFile;

use crate::gateway::{Config, Limits};
use crate::jwt::JwksSource;
use crate::listen::ListenAddress;
use crate::misfit::Misfit;

impl Config {
    /// Checks what members say about each other, but for addresses: those of the file may
    /// not be the ones that hold.
    ///
    /// # Errors
    /// What does not go together.
    pub fn check(&self) -> Result<(), Misfit> {
        check_requests(&self.limits)?;
        self.check_export()?;
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
        if let (ListenAddress::Unix(listen), Some(ListenAddress::Unix(admin))) = (&self.listen, &self.admin)
            && listen.path == admin.path
        {
            return Err(Misfit::new("/admin", "admin is the socket that clients use (listen): give it another path"));
        }
        let own = [Some(("listen", &self.listen)), self.admin.as_ref().map(|admin| ("admin", admin))];
        let own = own.into_iter().flatten().filter_map(|(name, own)| Some((name, Address::of(own.tcp()?)?)));
        let own: Vec<(&str, Address<'_>)> = own.collect();
        if let [(_, listen), (_, admin)] = own.as_slice()
            && listen.takes(admin)
        {
            let message = "admin is the address that clients use (listen): give it another port";
            return Err(Misfit::new("/admin", message));
        }
        for (place, whose, asked) in self.asked() {
            if let Some((name, _)) = own.iter().find(|(_, own)| own.is(&asked)) {
                let message = format!("this is the address of the gate itself ({name}): expected that of {whose}");
                return Err(Misfit::new(place, message));
            }
        }
        Ok(())
    }

    /// Something must be sent, and be there.
    fn check_export(&self) -> Result<(), Misfit> {
        let Some(export) = &self.decision_export else { return Ok(()) };
        if export.records && self.record.is_none() {
            let message = "records goes with decisionLog: name the file that the records are kept in";
            return Err(Misfit::new("/decisionExport/records", message));
        }
        if !export.lines && !export.records {
            let message = "nothing is sent: expected lines: true or records: true, or no decisionExport";
            return Err(Misfit::new("/decisionExport", message));
        }
        Ok(())
    }

    /// Where the gate asks: the member that says so, and who is there.
    fn asked(&self) -> Vec<(String, &'static str, Address<'_>)> {
        const VNFM: &str = "the VNFM behind it";
        let mut asked = Vec::new();
        let of_url = |place, whose, url| Address::of_url(url).map(|address| (place, whose, address));
        for (index, upstream) in self.upstreams.iter().enumerate() {
            let place = |member: &str| format!("/upstreams/{index}/{member}");
            let standard = if is_https(&upstream.url) { 443 } else { 80 };
            // Where there are addresses, nobody connects to what the URL says.
            if upstream.addresses.is_empty() {
                asked.extend(of_url(place("url"), VNFM, &upstream.url));
            }
            for (index, authority) in upstream.addresses.iter().enumerate() {
                let port = authority.port_u16().unwrap_or(standard);
                let address = Address { host: Host::of(authority.host()), port };
                asked.push((place(&format!("addresses/{index}")), VNFM, address));
            }
            asked.extend(upstream.gate.facts.url.as_ref().and_then(|url| of_url(place("facts/url"), VNFM, url)));
        }
        let tracing = self.tracing.as_ref().map(|tracing| ("/tracing/otlp", &tracing.otlp));
        let export = self.decision_export.as_ref().map(|export| ("/decisionExport/otlp", &export.otlp));
        let collectors = tracing.into_iter().chain(export);
        asked.extend(collectors.filter_map(|(place, url)| of_url(place.to_owned(), "the collector", url)));
        let issuers = self.jwt.as_ref().map(|jwt| jwt.issuers.as_slice()).unwrap_or_default();
        for (index, issuer) in issuers.iter().enumerate() {
            if let JwksSource::Url(url) = &issuer.keys {
                let one = issuers.len() == 1;
                let place = if one { "/jwt/jwks".to_owned() } else { format!("/jwt/issuers/{index}/jwks") };
                asked.extend(of_url(place, "the issuer", url.uri()));
            }
        }
        asked
    }
}

/// Limits that are given, and not those that hold by default, must be within others.
fn check_requests(limits: &Limits) -> Result<(), Misfit> {
    let Limits { caller_requests: caller, tenant_requests: tenant, requests, .. } = limits;
    for (name, limit) in [("callerRequests", caller), ("tenantRequests", tenant)] {
        if limit.is_some_and(|limit| limit > *requests) {
            let message = format!("{name} is more than requests ({requests}), so that it would never be reached");
            return Err(Misfit::new(format!("/limits/{name}"), message));
        }
    }
    Ok(())
}

fn check_once(files: &[PolicyFile], place: &str) -> Result<(), Misfit> {
    let mut known = HashSet::new();
    // However its path is written.
    let path = |file: &PathBuf| file.components().filter(|step| *step != Component::CurDir).collect::<PathBuf>();
    match files.iter().position(|file| !known.insert(path(&file.path))) {
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
