//! Who may talk with the gate: TLS, the certificates of clients, and access tokens,
//! over real connections.

mod behind_others;
mod bound_tokens;
mod certificates;
mod handshakes;
mod issuers;
mod key_sets;
mod rules;
mod server_names;
mod servers_that_ask;
mod support;
mod tokens;
mod upstream;
