//! Names without regard to case, as readers compare them that bind members to
//! fields: Go's `encoding/json` always does, others on demand.

/// Whether names differ in case at most. More than such readers take for equal:
/// `ß` and `ss` are also alike.
pub(crate) fn alike(left: &str, right: &str) -> bool {
    for (left_byte, right_byte) in left.bytes().zip(right.bytes()) {
        if !left_byte.is_ascii() || !right_byte.is_ascii() {
            return folded(left).eq(folded(right));
        }
        if !left_byte.eq_ignore_ascii_case(&right_byte) {
            return false;
        }
    }
    left.len() == right.len()
}

/// A name with what is left when case is taken away: equal for names that are
/// [`alike`]. Upper case comes first, so that `ſ` becomes `s`, and then the Kelvin
/// sign `k`.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_another_case_are_alike() {
        let table = [
            ("", "", true),
            ("a", "", false),
            ("vnfId", "VNFID", true),
            ("vnfId", "vnf_id", false),
            ("vnfId", "vnfI", false),
            ("vnfId", "vnfId2", false),
            ("ÄÖ", "äö", true),
            ("a", "ä", false),
            ("Kind", "\u{212a}ind", true),
            ("class", "cla\u{17f}S", true),
            ("straße", "STRASSE", true),
            ("[", "{", false),
        ];
        for (left, right, expected) in table {
            assert_eq!(alike(left, right), expected, "{left} {right}");
            assert_eq!(alike(right, left), expected, "{right} {left}");
            assert_eq!(folded(left).eq(folded(right)), expected, "{left} {right}");
        }
    }
}
