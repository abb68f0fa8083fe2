//! Certificates for tests.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority that issues certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Issued {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// Whom a certificate is for, and until when.
#[derive(Debug, Clone, Default)]
pub struct Holder<'a> {
    pub common_name: &'a str,
    pub uris: &'a [&'a str],
    pub hosts: &'a [&'a str],
    pub expired: bool,
}

impl Authority {
    /// # Panics
    /// If there are no random bytes.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, key()).expect("it signs"))
    }

    /// Its certificate.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        self.0.der()
    }

    /// A certificate for a server on loopback.
    #[must_use]
    pub fn server(&self) -> Issued {
        self.issue(&Holder { common_name: "gate", hosts: &["localhost"], ..Holder::default() })
    }

    /// A certificate for a client, or a server.
    #[must_use]
    pub fn issue(&self, holder: &Holder<'_>) -> Issued {
        let text = |text: &str| text.to_owned().try_into().expect("it is ASCII");
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        if !holder.common_name.is_empty() {
            params.distinguished_name.push(DnType::CommonName, holder.common_name);
        }
        // The hosts first: the order in a certificate decides nothing.
        let hosts = holder.hosts.iter().map(|host| SanType::DnsName(text(host)));
        let uris = holder.uris.iter().map(|uri| SanType::URI(text(uri)));
        params.subject_alt_names = hosts.chain(uris).collect();
        if holder.expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        self.sign(params)
    }

    /// A certificate as the parameters say, for clients and servers.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn sign(&self, mut params: CertificateParams) -> Issued {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = key();
        Issued { certificate: params.signed_by(&key, &self.0).expect("it signs"), key }
    }
}

impl Issued {
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    #[must_use]
    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// Writes both as `NAME.pem` and `NAME.key`, each in one step.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        for (path, text) in [(&certificate, self.pem()), (&key, self.key_pem())] {
            let beside = path.with_extension("new");
            std::fs::write(&beside, text).expect("it is written");
            std::fs::rename(beside, path).expect("it is replaced");
        }
        (certificate, key)
    }
}

/// Certificates, and the names in them as Envoy has them, of which it reports the first.
///
/// # Panics
/// Never: the texts fit their types.
#[must_use]
pub fn named() -> Vec<(CertificateParams, Vec<&'static str>)> {
    let params = |subject: &[(DnType, DnValue)], names: &[SanType]| {
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
        params.subject_alt_names = names.to_vec();
        params
    };
    let uri = |text: &str| SanType::URI(text.try_into().expect("it is ASCII"));
    let host = |text: &str| SanType::DnsName(text.try_into().expect("it is ASCII"));
    let mail = SanType::Rfc822Name("a@example".try_into().expect("it is ASCII"));
    let address = SanType::IpAddress([192, 0, 2, 1].into());
    let subject = |text: &str| (DnType::CommonName, DnValue::from(text));
    let full = [
        (DnType::CountryName, DnValue::PrintableString("DE".try_into().expect("it is printable"))),
        (DnType::OrganizationName, DnValue::from("A, B + C")),
        (DnType::OrganizationalUnitName, DnValue::from("\"x\" <y>; #z\\")),
        (DnType::CommonName, DnValue::BmpString("n\u{e4}me".try_into().expect("it has such characters"))),
    ];
    let rare = [
        (DnType::CustomDnType(vec![2, 5, 4, 5]), DnValue::PrintableString("42".try_into().expect("it is printable"))),
        (DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 99999, 1]), DnValue::from("ab")),
        (
            DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 25]),
            DnValue::Ia5String("example".try_into().expect("it is ASCII")),
        ),
        (DnType::CommonName, DnValue::from("# \u{7f} ")),
    ];
    vec![
        (
            params(
                &[subject("nfvo")],
                &[host("b.example"), mail, uri("spiffe://example/nfvo"), address, host("a.example"), uri("urn:x")],
            ),
            vec!["spiffe://example/nfvo", "urn:x", "b.example", "a.example", "CN=nfvo"],
        ),
        (params(&[], &[host("nfvo.example")]), vec!["nfvo.example"]),
        (params(&[], &[uri("spiffe://example/nfvo")]), vec!["spiffe://example/nfvo"]),
        (params(&full, &[]), vec![r#"CN=n\C3\A4me,OU=\"x\" \<y\>\; #z\\,O=A\, B \+ C,C=DE"#]),
        (params(&rare, &[]), vec![r"CN=\# \7F\ ,DC=example,1.3.6.1.4.1.99999.1=#0C026162,serialNumber=42"]),
    ]
}

fn key() -> KeyPair {
    KeyPair::generate().expect("there are random bytes")
}
