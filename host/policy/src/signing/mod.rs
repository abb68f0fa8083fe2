//! Signatures of policies: a file is the one that its author signed, whichever
//! way it came.
//!
//! A signature is one of ed25519 (RFC 8032) over the line [`MARK`], its line feed
//! included, and all bytes of the component. The line keeps a signature that was
//! made for something else from counting for a policy. Keys are PEM files, PKCS#8
//! and SubjectPublicKeyInfo (RFC 8410), as OpenSSL has them. The signature lies
//! beside the policy, see [`Signature::path`], as two lines of text: the mark, and
//! its 64 bytes in Base64.

mod key_file;
mod keys;
mod signature;
mod signers;

pub use self::key_file::{KeyError, KeyFault};
pub use self::keys::{PrivateKey, PublicKey};
pub use self::signature::{Signature, SignatureError};
pub use self::signers::Signers;

/// What a signature is for, and the version of its format.
pub const MARK: &str = "solgate-policy-signature-v1";

/// What is signed for a policy.
fn message(policy: &[u8]) -> Vec<u8> {
    [MARK.as_bytes(), b"\n", policy].concat()
}
