//! The name of this process on the way of a request (RFC 9110, 7.6.3), by which it
//! recognises what it has passed on itself.

use std::hash::{BuildHasher, RandomState};

use http::header::VIA;
use http::{HeaderMap, HeaderValue, Version};

/// The name under which this process adds itself to Via. It is another one in every
/// process, so that gates may stand behind each other, and tells nothing of the machine.
#[derive(Debug)]
pub struct Pseudonym {
    name: String,
    /// The whole element, by the version of the request.
    http_10: HeaderValue,
    http_11: HeaderValue,
    http_2: HeaderValue,
}

impl Default for Pseudonym {
    fn default() -> Self {
        let name = format!("solgate-{:016x}", RandomState::new().hash_one(std::process::id()));
        let element = |version: &str| {
            // Only letters, digits and dashes.
            HeaderValue::try_from(format!("{version} {name}")).unwrap_or(HeaderValue::from_static("1.1 solgate"))
        };
        Self { http_10: element("1.0"), http_11: element("1.1"), http_2: element("2.0"), name }
    }
}

impl Pseudonym {
    /// Whether a request with these fields has been passed on by this process before.
    #[must_use]
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut elements =
            headers.get_all(VIA).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        elements.any(|element| element.split_whitespace().nth(1) == Some(self.name.as_str()))
    }

    /// Adds this process behind those that have passed the request on before it.
    pub fn add(&self, version: Version, headers: &mut HeaderMap) {
        let element = match version {
            Version::HTTP_10 => &self.http_10,
            Version::HTTP_2 => &self.http_2,
            _ => &self.http_11,
        };
        headers.append(VIA, element.clone());
    }
}
