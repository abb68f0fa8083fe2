//! Leases on resources, by which gates take turns.
//!
//! A lease has a holder and an end, and says what its holder writes into it. A
//! [`LeaseStore`] keeps leases: [`RedisStore`] for all gates that share a server,
//! [`LocalStore`] for one process. A lease ends by the clock of its store, which nobody
//! compares with another clock; its holder measures its own time from before it asked.

#![forbid(unsafe_code)]

mod connection;
mod lease;
mod local;
mod redis_store;

pub use connection::StoreFault;
pub use lease::{Holder, LeaseStore, Renewed, StoreError, Taken};
pub use local::LocalStore;
pub use redis_store::RedisStore;
