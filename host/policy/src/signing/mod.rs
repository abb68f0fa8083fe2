//! Signatures of policies: they prove that a file is the one that its author signed,
//! whatever way it came.
//!
//! A signature is one of ed25519 (RFC 8032) over the line [`MARK`], including its line
//! feed, and all bytes of the component. Because of this line, a signature that was
//! made for another purpose does not count for a policy. Keys are PEM files, PKCS#8 and
//! SubjectPublicKeyInfo (RFC 8410), as OpenSSL writes them. The signature is in a file
//! beside the policy, see [`Signature::path`], as two lines of text: the mark, and its
//! 64 bytes in Base64.

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
