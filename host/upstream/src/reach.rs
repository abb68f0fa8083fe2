//! How one VNFM is reached.

use std::sync::Arc;

use http::Uri;

use crate::address::{Address, Rest};
use crate::connect::Tls;

/// Most addresses of one VNFM.
pub const ADDRESSES: usize = 64;

/// Which of several addresses gets a request, among those that are healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Balance {
    /// Each in its turn.
    #[default]
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastRequests,
}

/// Where a VNFM is, and what the gate shows and believes there. Everything that the gate
/// sends to it goes this way.
#[derive(Debug)]
pub struct Reach {
    /// Scheme, and the authority by which the VNFM goes: its certificates have that name.
    pub(crate) url: Uri,
    /// The VNFM in logs.
    pub(crate) name: String,
    pub(crate) tls: Arc<Tls>,
    addresses: Vec<Arc<Address>>,
    pub(crate) balance: Balance,
    pub(crate) rest: Rest,
}

impl Reach {
    /// To the server of this URL, scheme and authority, which is where the URL says; `tls`
    /// counts for https only.
    #[must_use]
    pub fn new(url: Uri, tls: Arc<Tls>) -> Self {
        let name = url.authority().map(ToString::to_string).unwrap_or_default();
        let addresses = vec![Address::new(url.clone())];
        Self { url, name, tls, addresses, balance: Balance::default(), rest: Rest::default() }
    }

    /// The same server at these addresses, of which there are up to [`ADDRESSES`].
    #[must_use]
    pub fn at(mut self, addresses: Vec<Arc<Address>>, balance: Balance, rest: Rest) -> Self {
        if !addresses.is_empty() {
            self.addresses = addresses;
            self.addresses.truncate(ADDRESSES);
        }
        (self.balance, self.rest) = (balance, rest);
        self
    }

    /// The same under another name in logs.
    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// Where the server is.
    #[must_use]
    pub fn addresses(&self) -> &[Arc<Address>] {
        &self.addresses
    }
}
