//! A key with which signatures are checked.

/// A key, as ring takes it.
#[derive(Debug)]
pub enum PublicKey {
    /// Modulus and exponent, big-endian and without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point, uncompressed.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}
