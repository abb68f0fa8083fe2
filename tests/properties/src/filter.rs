//! The grammar of attribute-based filters.

use std::sync::LazyLock;

use regex::Regex;
use solgate_engine::readers;

/// The grammar of ETSI GS NFV-SOL 013, 5.2.2, once more.
static GRAMMAR: LazyLock<Regex> = LazyLock::new(|| {
    const NAME: &str = r"(?:@key|(?:~[01ab]|[^~,/();'@])+)";
    const VALUE: &str = r"(?:'(?:[^']|'')*'|[^,)']+)";
    let attribute = format!("{NAME}(?:/{NAME})*");
    let one = format!(r"\((?:eq|neq|gt|gte|lt|lte),{attribute},{VALUE}\)");
    let many = format!(r"\((?:in|nin|cont|ncont),{attribute}(?:,{VALUE})+\)");
    Regex::new(&format!(r"(?s)\A(?:{one}|{many})(?:;(?:{one}|{many}))*\z")).expect("it is a regular expression")
});

/// A filter is accepted if, and only if, the grammar says so.
///
/// # Panics
/// If it is not so.
pub fn filter(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    assert_eq!(readers::is_filter(text), GRAMMAR.is_match(text), "{text:?}");
}
