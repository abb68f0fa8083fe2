//! JSON Pointers (RFC 6901).

/// The reference tokens of a pointer without its leading `/`, unescaped.
pub fn steps(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').map(unescape)
}

/// What one reference token stands for: `~1` is a slash, `~0` a tilde.
#[must_use]
pub fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The reference token that stands for a name.
#[must_use]
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_from_its_token() {
        for (name, token) in [("a/b", "a~1b"), ("~1", "~01"), ("~/", "~0~1"), ("", "")] {
            assert_eq!((escape(name).as_str(), unescape(token).as_str()), (token, name));
        }
        assert_eq!(steps("a~1b//~01").collect::<Vec<_>>(), ["a/b", "", "~1"]);
    }
}
