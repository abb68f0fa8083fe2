//! `file:` URIs and paths.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use fluent_uri::Iri;
use fluent_uri::pct_enc::encoder::Path as Unescaped;
use fluent_uri::pct_enc::{EStr, EString};

/// The path that a URI names, if it is one of a file on this machine.
pub(crate) fn path(uri: &str) -> Option<PathBuf> {
    let uri = Iri::parse(uri).ok()?;
    let is_here = uri.authority().is_none_or(|authority| matches!(authority.host(), "" | "localhost"));
    if !uri.scheme().as_str().eq_ignore_ascii_case("file") || !is_here {
        return None;
    }
    let path = PathBuf::from(OsString::from_vec(uri.path().decode().to_bytes().into_owned()));
    path.is_absolute().then_some(path)
}

/// The URI of a path.
pub(crate) fn of_path(path: &Path) -> String {
    let mut encoded = EString::<Unescaped>::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        encoded.encode_str::<Unescaped>(chunk.valid());
        for byte in chunk.invalid() {
            encoded.push_estr(EStr::encode_byte(*byte));
        }
    }
    format!("file://{}", encoded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_its_uri() {
        for (written, uri) in
            [("/a/policy.yaml", "file:///a/policy.yaml"), ("/a b/\u{e9}#?%.yaml", "file:///a%20b/%C3%A9%23%3F%25.yaml")]
        {
            assert_eq!(of_path(Path::new(written)), uri);
            assert_eq!(path(uri).as_deref(), Some(Path::new(written)));
        }
        assert_eq!(path("file://localhost/a%3Ab").as_deref(), Some(Path::new("/a:b")));
        for other in ["untitled:Untitled-1", "http://example/a", "file://elsewhere/a", "/a", "", "file:a", "%"] {
            assert_eq!(path(other), None, "{other}");
        }
    }
}
