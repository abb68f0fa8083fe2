//! The commands that open a door.

pub mod ext_authz;
pub mod forward_auth;
pub mod serve;
