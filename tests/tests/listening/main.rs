//! Where the gate listens: Unix sockets, and sockets that a service manager has opened.

mod handover;
mod http2;
mod process;
mod unix;
