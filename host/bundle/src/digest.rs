//! The digest that identifies a bundle's source.

use sha2::{Digest, Sha256};
use solgate_document::source::Sources;

/// Lower-case hexadecimal SHA-256 over the sources, sorted by name, and the
/// options set for the build. Every part is preceded by its length, so that no
/// two bundles give the same bytes; folder, time stamps and platform do not enter.
pub(crate) fn digest(sources: &Sources, set: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"solgate bundle 1\n");
    let mut files: Vec<_> = sources.iter().map(|source| (source.name.as_str(), source.text.as_str())).collect();
    files.sort_unstable();
    pairs(&mut hash, &files);
    let mut set: Vec<_> = set.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    set.sort_unstable();
    pairs(&mut hash, &set);
    hexadecimal(hash)
}

/// Lower-case hexadecimal SHA-256 of one text.
pub(crate) fn of(text: &str) -> String {
    hexadecimal(Sha256::new_with_prefix(text))
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn pairs(hash: &mut Sha256, pairs: &[(&str, &str)]) {
    hash.update(length(pairs.len()));
    for (name, content) in pairs {
        for part in [name, content] {
            hash.update(length(part.len()));
            hash.update(part.as_bytes());
        }
    }
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}
