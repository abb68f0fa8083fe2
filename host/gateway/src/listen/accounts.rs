//! Users and groups by their names, as the files of this machine have them: a static binary
//! can ask no other source.

use std::path::Path;

pub const USERS: &str = "/etc/passwd";
pub const GROUPS: &str = "/etc/group";

/// The number of an account: itself, or what `file` says of the name.
pub fn number(name: &str, file: &Path) -> Option<u32> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let text = std::fs::read_to_string(file).ok()?;
    let mut entries = text.lines().map(|line| line.split(':'));
    entries.find_map(|mut fields| (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_a_number() {
        assert_eq!(number("root", Path::new(USERS)), Some(0));
        assert_eq!(number("root", Path::new(GROUPS)), Some(0));
        assert_eq!(number("4711", Path::new(USERS)), Some(4711));
        for unknown in ["nobody-of-this-name", "ro", "root:x", "-1"] {
            assert_eq!(number(unknown, Path::new(USERS)), None, "{unknown}");
        }
    }
}
