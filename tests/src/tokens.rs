//! Access tokens for tests, and the keys that they are signed with.

use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// A key that tokens are signed with.
pub struct TokenKey {
    /// Its name in the set.
    pub id: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair, &'static str),
    Ed25519(Ed25519KeyPair),
}

impl TokenKey {
    /// Always the same one: ring makes no RSA keys.
    ///
    /// # Panics
    /// If it is damaged.
    #[must_use]
    pub fn rsa(id: &str) -> Self {
        let der = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("../keys/rsa.pem")).expect("it is a key");
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("it is of RSA");
        Self { id: id.to_owned(), pair: Pair::Rsa(Box::new(pair)) }
    }

    #[must_use]
    pub fn p256(id: &str) -> Self {
        Self::ec(id, &ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    #[must_use]
    pub fn p384(id: &str) -> Self {
        Self::ec(id, &ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")
    }

    fn ec(id: &str, algorithm: &'static EcdsaSigningAlgorithm, curve: &'static str) -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("there are random bytes");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).expect("it is a key");
        Self { id: id.to_owned(), pair: Pair::Ec(pair, curve) }
    }

    /// # Panics
    /// If there are no random bytes.
    #[must_use]
    pub fn ed25519(id: &str) -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("there are random bytes");
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("it is a key");
        Self { id: id.to_owned(), pair: Pair::Ed25519(pair) }
    }

    /// The public key as RFC 7517 writes it.
    ///
    /// # Panics
    /// Never: a point has two halves.
    #[must_use]
    pub fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "kid": self.id, "use": "sig", "n": encode(&n), "e": encode(&e)})
            }
            Pair::Ec(pair, curve) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at((point.len() - 1) / 2);
                json!({"kty": "EC", "kid": self.id, "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "kid": self.id, "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
        }
    }

    /// A token with these claims, signed as `algorithm` says.
    ///
    /// # Panics
    /// If the key cannot sign so.
    #[must_use]
    pub fn token(&self, algorithm: &str, claims: &Value) -> String {
        self.sign(&json!({"alg": algorithm, "kid": self.id, "typ": "at+jwt"}), claims.to_string().as_bytes())
    }

    /// A token with this header, signed by the algorithm that it names, or by the key's
    /// usual one if the key does not know that.
    #[must_use]
    pub fn sign(&self, header: &Value, payload: &[u8]) -> String {
        self.sign_as(header["alg"].as_str().unwrap_or_default(), header, payload)
    }

    /// A token with this header, signed by another algorithm than it may name.
    ///
    /// # Panics
    /// If the key cannot sign.
    #[must_use]
    pub fn sign_as(&self, algorithm: &str, header: &Value, payload: &[u8]) -> String {
        self.sign_text_as(algorithm, &unsigned(header, payload))
    }

    /// A token of these two parts, signed by the key's usual algorithm.
    #[must_use]
    pub fn sign_text(&self, signed: &str) -> String {
        self.sign_text_as("", signed)
    }

    fn sign_text_as(&self, algorithm: &str, signed: &str) -> String {
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let padding: &dyn RsaEncoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, signed.as_bytes(), &mut signature).expect("it signs");
                signature
            }
            Pair::Ec(pair, _) => pair.sign(&random, signed.as_bytes()).expect("it signs").as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", encode(&signature))
    }
}

/// What is signed of a token.
#[must_use]
pub fn unsigned(header: &Value, payload: &[u8]) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(payload))
}

/// A set of keys.
#[must_use]
pub fn jwks(keys: &[&TokenKey]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}

/// The encoding of all parts of a token.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
