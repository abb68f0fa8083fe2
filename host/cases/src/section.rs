//! Custom sections: what a policy component carries in addition to its code. They are
//! read from the file and never reach the memory of an instance.

use std::borrow::Cow;

pub use solgate_contract::section::{BUNDLE, TESTS};
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Parser, Payload};

/// Why a component cannot be searched for a section.
#[derive(Debug, thiserror::Error)]
pub enum SectionError {
    #[error("this is not a WebAssembly component: {0}")]
    NotAComponent(wasmparser::BinaryReaderError),
    #[error("the section {0} is there twice")]
    Twice(String),
}

/// Adds a section at the end of a component.
pub fn append(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    CustomSection { name: Cow::Borrowed(name), data: Cow::Borrowed(data) }.append_to_component(component);
}

/// What the section at the top level of a component holds; `None` if there is
/// none.
///
/// # Errors
/// If the bytes are not a component, or there are two such sections.
pub fn find<'c>(component: &'c [u8], name: &str) -> Result<Option<&'c [u8]>, SectionError> {
    let mut found = None;
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(SectionError::NotAComponent)? {
            // Modules and components within have sections of their own.
            Payload::Version { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 1 && section.name() == name => match found {
                None => found = Some(section.data()),
                Some(_) => return Err(SectionError::Twice(name.to_owned())),
            },
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn held<'c>(component: &'c [u8], name: &str) -> Option<&'c [u8]> {
        find(component, name).ok().flatten()
    }

    #[test]
    fn what_was_added_is_found_under_its_name() {
        let mut component = EMPTY.to_vec();
        append(&mut component, "one", b"1");
        append(&mut component, "two", &[2; 300]);
        assert_eq!(held(&component, "one"), Some(&b"1"[..]));
        assert_eq!(held(&component, "two"), Some(&[2; 300][..]));
        assert!(matches!(find(&component, "three"), Ok(None)));
        append(&mut component, "one", b"1");
        assert!(matches!(find(&component, "one"), Err(SectionError::Twice(_))));
    }

    #[test]
    fn sections_of_a_module_within_are_not_those_of_the_component() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        append(&mut module, "one", b"within");
        let mut component = EMPTY.to_vec();
        // Section 1 of a component is a core module.
        component.extend([1, u8::try_from(module.len()).unwrap_or_default()]);
        component.extend(module);
        assert!(matches!(find(&component, "one"), Ok(None)));
        append(&mut component, "one", b"outside");
        assert_eq!(held(&component, "one"), Some(&b"outside"[..]));
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [&b""[..], b"text", EMPTY.get(..6).unwrap_or_default(), b"\0asm\x0d\0\x01\0\0\x7f"] {
            assert!(matches!(find(bytes, "one"), Err(SectionError::NotAComponent(_))), "{bytes:?}");
        }
    }
}
