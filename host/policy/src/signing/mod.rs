//! Signatures of policies: they prove that a file is the one that its author signed,
//! whatever way it came.
//!
//! A signature is one of ed25519 (RFC 8032) over lines of text that end with a line feed.
//! Because of the first line, a signature that was made for another purpose does not
//! count for a policy. There are two formats:
//!
//! - [`MARK`]: the line, followed by all bytes of the component.
//! - [`MARK_WITH_TERMS`]: the line, and what is said of the component: `sha256: ` and its
//!   digest, `key: ` and the [`KeyId`] of the signer, and, where they are given,
//!   `version: ` and `not-after: ` ([`Terms`]).
//!
//! Keys are PEM files, PKCS#8 and SubjectPublicKeyInfo (RFC 8410), as OpenSSL writes
//! them. The signature is in a file beside the policy, see [`Signature::path`]: the lines
//! that were signed, without the component, and its 64 bytes in Base64.

mod key_file;
mod key_id;
mod keys;
mod signature;
mod signers;

pub use self::key_file::{KeyError, KeyFault};
pub use self::key_id::KeyId;
pub use self::keys::{PrivateKey, PublicKey};
pub use self::signature::{Signature, SignatureError, Terms};
pub use self::signers::{Signed, Signers};

/// What a signature is for, and the version of its format.
pub const MARK: &str = "solgate-policy-signature-v1";

/// The same, of the format with a version of the policy and an end.
pub const MARK_WITH_TERMS: &str = "solgate-policy-signature-v2";
