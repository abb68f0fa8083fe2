//! The proxies that the environment names.

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::error::RegistryError;

/// Stands for a proxy whose URL cannot be used, where one would be asked.
const STAND_IN: &str = "http://unusable.invalid";

/// By which proxy a server is asked.
pub struct Proxies {
    matcher: Matcher,
    /// The variable whose value is not the URL of a proxy. hyper-util passes it over, and
    /// what should have gone through a proxy would go around it.
    unusable: Option<&'static str>,
}

impl Proxies {
    pub fn from_env() -> Self {
        // hyper-util asks for them in this order; an empty one says that there is no proxy.
        let named = first(["HTTPS_PROXY", "https_proxy"]).or_else(|| first(["ALL_PROXY", "all_proxy"]));
        let unusable = named.filter(|(_, value)| !is_usable(value)).map(|(name, _)| name);
        let matcher = match unusable {
            None => Matcher::from_env(),
            Some(_) => {
                let none = first(["NO_PROXY", "no_proxy"]).map(|(_, hosts)| hosts).unwrap_or_default();
                Matcher::builder().https(STAND_IN).no(none).build()
            }
        };
        Self { matcher, unusable }
    }

    /// The proxy by which to ask for this URL, if any. What is not encrypted is asked for
    /// directly: it is in the network of the gate.
    ///
    /// # Errors
    /// The environment names one that cannot be asked.
    pub fn of(&self, url: &Uri) -> Result<Option<Intercept>, RegistryError> {
        let Some(proxy) = self.matcher.intercept(url).filter(|_| url.scheme() == Some(&Scheme::HTTPS)) else {
            return Ok(None);
        };
        if let Some(variable) = self.unusable {
            return Err(RegistryError::ProxyVariable { variable });
        }
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            let scheme = proxy.uri().scheme_str().unwrap_or_default().to_owned();
            return Err(RegistryError::Proxy { proxy: host(&proxy), scheme });
        }
        Ok(Some(proxy))
    }
}

/// Host and port of a proxy; user and password are kept beside them.
pub fn host(proxy: &Intercept) -> String {
    proxy.uri().authority().map(ToString::to_string).unwrap_or_default()
}

/// The first of these variables that is set, unless it is empty.
fn first(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    let set = names.into_iter().find_map(|name| Some((name, std::env::var_os(name)?)));
    let set = set.map(|(name, value)| (name, value.to_string_lossy().into_owned()));
    set.filter(|(_, value)| !value.is_empty())
}

fn is_usable(proxy: &str) -> bool {
    let any = Uri::from_static("https://any.invalid/");
    Matcher::builder().https(proxy).build().intercept(&any).is_some()
}
