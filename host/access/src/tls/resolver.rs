//! Which certificate a client gets: by the name of the server that it asks for (SNI).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert, ResolvesServerCertUsingSni};
use rustls::sign::CertifiedKey;

/// The certificates of a listener.
#[derive(Debug)]
pub struct Resolver {
    /// For clients that ask for no name, or for another one.
    default: Arc<CertifiedKey>,
    /// By names in lower case.
    names: HashMap<String, Arc<CertifiedKey>>,
    /// By what follows `*.`
    below: HashMap<String, Arc<CertifiedKey>>,
}

impl Resolver {
    /// One certificate for everybody.
    pub fn new(default: Arc<CertifiedKey>) -> Self {
        Self { default, names: HashMap::new(), below: HashMap::new() }
    }

    /// Another one for these names.
    ///
    /// # Errors
    /// A name for which the certificate is not.
    pub fn add(&mut self, names: &[String], certified: &Arc<CertifiedKey>) -> Result<(), String> {
        for name in names {
            let (map, key, example) = match name.strip_prefix("*.") {
                Some(domain) => (&mut self.below, domain, format!("any.{domain}")),
                None => (&mut self.names, name.as_str(), name.clone()),
            };
            // It takes no certificate that a client would not take.
            let checked = ResolvesServerCertUsingSni::new().add(&example, CertifiedKey::clone(certified));
            checked.map_err(|_| name.clone())?;
            map.insert(key.to_owned(), Arc::clone(certified));
        }
        Ok(())
    }

    fn find(&self, name: &str) -> &Arc<CertifiedKey> {
        let below = || name.split_once('.').and_then(|(_, domain)| self.below.get(domain));
        self.names.get(name).or_else(below).unwrap_or(&self.default)
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let found = match hello.server_name() {
            Some(name) => self.find(&name.to_ascii_lowercase()),
            None => &self.default,
        };
        Some(Arc::clone(found))
    }
}
