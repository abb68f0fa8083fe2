//! The names in a client's certificate.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use super::distinguished_name::text;

/// The names in a certificate (DER) in the order in which Envoy looks for the one that
/// it calls the principal: all URIs, all DNS names, the subject. `None` if it cannot be
/// read.
#[must_use]
pub fn names(certificate: &[u8]) -> Option<Vec<String>> {
    let (rest, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let (mut names, mut hosts) = (Vec::new(), Vec::new());
    for name in alternative(&certificate)? {
        match name {
            GeneralName::URI(uri) if uri.contains(':') => names.push((*uri).to_owned()),
            GeneralName::DNSName(host) if host.bytes().all(is_host_byte) => hosts.push((*host).to_owned()),
            // Among the names it could be taken for one of another kind.
            GeneralName::URI(_) | GeneralName::DNSName(_) => return None,
            // Another name could be taken for the first.
            GeneralName::Invalid(..) => return None,
            _ => {}
        }
    }
    names.append(&mut hosts);
    let subject = text(certificate.subject())?;
    if !subject.is_empty() {
        names.push(subject);
    }
    Some(names)
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._*".contains(&byte)
}

fn alternative<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [GeneralName<'a>]> {
    let extension = certificate.subject_alternative_name().ok()?;
    Some(extension.map_or(&[][..], |names| names.value.general_names.as_slice()))
}
