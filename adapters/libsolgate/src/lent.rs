//! Texts and fields that C may read as long as their owner does not change.

use std::ffi::c_char;

use http::HeaderMap;

use crate::types::{Field, Text};

/// These bytes, for as long as they are where they are.
pub fn text(bytes: &[u8]) -> Text {
    Text { data: bytes.as_ptr().cast::<c_char>(), length: bytes.len() }
}

/// Header fields in the form in which C reads them.
pub struct Fields {
    /// What `fields` points into; never changed.
    _texts: HeaderMap,
    fields: Vec<Field>,
}

// SAFETY: the pointers lead to heap memory that this value owns and nobody
// writes to.
#[expect(unsafe_code, reason = "raw pointers take these traits away")]
unsafe impl Send for Fields {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "raw pointers take these traits away")]
unsafe impl Sync for Fields {}

impl Fields {
    pub fn as_ptr(&self) -> *const Field {
        self.fields.as_ptr()
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }
}

impl From<HeaderMap> for Fields {
    fn from(headers: HeaderMap) -> Self {
        let fields = headers
            .iter()
            .map(|(name, value)| Field { name: text(name.as_str().as_bytes()), value: text(value.as_bytes()) })
            .collect();
        Self { _texts: headers, fields }
    }
}
