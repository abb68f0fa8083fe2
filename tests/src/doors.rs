//! Asking the doors: a request with a VNFM behind it, put to the library or to a
//! running `solgate serve`.

mod asked;
pub mod gateway;
mod http;
pub mod library;
mod serve;
pub mod transport;

pub use asked::{Asked, Said, Sent, of_the_bundle, of_the_domain};
pub use library::Given;
pub use serve::Serve;
