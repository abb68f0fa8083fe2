//! HTTP/2 on a connection: what is the same for all of its requests.
//!
//! The crate h2, under hyper, reads the frames, and refuses streams whose pseudo fields or
//! framing are malformed (RFC 9113, 8.1.1): such a stream is reset, and the others go on.
//! What it does not look at is done here. The [`frames`] are counted on their way, so that
//! nobody keeps the gate busy with frames that carry nothing. The [`head`] of a request is
//! checked as one of HTTP/1.1 is. The [`streams`] have their place among all connections, and
//! end when nobody takes an answer.

pub mod connection;
mod frames;
pub mod head;
pub mod streams;
