//! Asking the doors: a request with a VNFM behind it, put to the library or to a
//! running process.

mod asked;
pub mod ext_authz;
mod forward_auth;
pub mod gateway;
mod http;
mod http2;
pub mod library;
mod serve;
mod settings;
pub mod transport;

pub use asked::{Asked, Said, Sent, of_the_bundle, of_the_domain};
pub use ext_authz::ExtAuthz;
pub use forward_auth::ForwardAuth;
pub use library::Given;
pub use serve::Serve;
