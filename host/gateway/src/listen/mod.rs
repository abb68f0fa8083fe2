//! Sockets that listen: addresses with a port, Unix sockets, and those that a service
//! manager has opened.

mod accounts;
pub mod faults;
mod file;
pub mod inherited;
pub mod listener;
pub mod stream;
