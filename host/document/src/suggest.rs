//! "Did you mean": the known name that is nearest to an unknown one.

/// A hint that names the candidate nearest to `given`, or, if none is near,
/// all of them while they are few.
pub fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut candidates: Vec<&str> = candidates.into_iter().filter(|c| *c != given).collect();
    candidates.sort_unstable();
    candidates.dedup();
    if let Some(nearest) = nearest(given, &candidates) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    match candidates.as_slice() {
        [] => None,
        few if few.len() <= 12 => Some(format!("known here: {}", list(few))),
        _ => None,
    }
}

/// The candidate that a slip of the hand separates from `given`.
pub fn nearest<'a>(given: &str, candidates: &[&'a str]) -> Option<&'a str> {
    if given.len() > MAX_NAME {
        return None;
    }
    let folded = fold(given);
    let allowed = folded.chars().count().checked_div(3).unwrap_or(0).clamp(1, 4);
    candidates
        .iter()
        .filter(|candidate| candidate.len() <= MAX_NAME)
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &fold(candidate)), *candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `a`, `b` and so on, in backticks.
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Longer names are not compared: the comparison is quadratic.
const MAX_NAME: usize = 128;

/// `body-bytes`, `body_bytes` and `bodyBytes` are the same to a reader.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["retry", "rollback", "terminate"];
        for (given, expected) in [
            ("retyr", Some("retry")),
            ("Terminate", Some("terminate")),
            ("roll-back", Some("rollback")),
            ("instantiate", None),
            ("x", None),
        ] {
            assert_eq!(nearest(given, &known), expected, "{given}");
        }
    }

    #[test]
    fn few_candidates_are_listed_when_none_is_near() {
        assert_eq!(did_you_mean("zzz", ["b", "a"]).as_deref(), Some("known here: `a`, `b`"));
        assert_eq!(did_you_mean("zzz", []), None);
    }
}
