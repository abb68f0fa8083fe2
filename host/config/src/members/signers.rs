//! Public keys, of which there must be one if they are named.

use std::path::PathBuf;

use serde::{Deserializer, Serializer, de};

use crate::values::{Each, FilePath};

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    let keys = Each::<FilePath>::deserialize(deserializer)?;
    if keys.is_empty() {
        let message = "requireSignature is empty: name the public keys that count, or remove it";
        return Err(de::Error::custom(message));
    }
    Ok(keys)
}

pub fn serialize<S: Serializer>(keys: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    Each::<FilePath>::serialize(keys, serializer)
}
