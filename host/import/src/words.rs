//! Names and texts of the files in the forms that a bundle uses.

/// Text without line breaks and repeated blanks.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a name, in lower case: `vnfInstanceId`, `vnf_instance-id`, `VNF Instance ID`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let chars: Vec<char> = name.chars().collect();
    let mut word = String::new();
    for (index, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(index.saturating_add(1));
        let begins = c.is_ascii_uppercase()
            && (before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                || (before.is_some_and(char::is_ascii_uppercase) && after.is_some_and(char::is_ascii_lowercase)));
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(c.to_ascii_lowercase());
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// `create-ns-request`; never empty.
pub(crate) fn kebab(name: &str) -> String {
    let name = words(name).join("-");
    if name.is_empty() { "x".to_owned() } else { name }
}

/// `nsInstance`, which an expression can name.
pub(crate) fn camel(words: &[String]) -> String {
    let mut name = String::new();
    for (index, word) in words.iter().enumerate() {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if index > 0 => name.push(first.to_ascii_uppercase()),
            Some(first) => name.push(first),
            None => {}
        }
        name.extend(chars);
    }
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("the{name}") }
}

/// `CreateNsRequest`.
pub(crate) fn pascal(name: &str) -> String {
    let name = camel(&words(name));
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// The clause that a text names, without the number of a table in it, and the document, if
/// it is another: `6.5.2.13`, `ETSI GS NFV-SOL 013`.
pub(crate) fn clause(text: &str) -> Option<(String, Option<String>)> {
    let text = one_line(text);
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
        if !matches!(word.to_ascii_lowercase().as_str(), "clause" | "clauses" | "table" | "tables") {
            continue;
        }
        let Some(number) = words.peek().map(|word| word.trim_end_matches(['.', ',', ';', ')', ':'])) else { continue };
        let number = number.split('-').next().unwrap_or(number);
        let is_part =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()) && part.len() < 4;
        if !number.contains('.') || !number.split('.').all(is_part) {
            continue;
        }
        words.next();
        let rest: Vec<&str> = words.clone().take(6).collect();
        return Some((number.to_owned(), document(&rest)));
    }
    None
}

/// `of ETSI GS NFV-SOL 013 [16]`: the document that a clause is in.
fn document(words: &[&str]) -> Option<String> {
    let (of, rest) = words.split_first()?;
    if !matches!(*of, "of" | "in") {
        return None;
    }
    let name = rest.join(" ");
    let at = name.find("SOL")?;
    let digits: String =
        name.get(at.saturating_add(3)..)?.trim_start().chars().take_while(char::is_ascii_digit).collect();
    (name.starts_with("ETSI") && digits.len() == 3).then(|| format!("ETSI GS NFV-SOL {digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (name, expected) in [
            ("vnfInstanceId", "vnf-instance-id"),
            ("CreateNsRequest", "create-ns-request"),
            ("VNFLifecycle_op occ", "vnf-lifecycle-op-occ"),
            ("_links", "links"),
            ("ipv4Address", "ipv4-address"),
            ("***", "x"),
        ] {
            assert_eq!(kebab(name), expected);
        }
        assert_eq!(camel(&words("ns_lcm_op_occ")), "nsLcmOpOcc");
        assert_eq!(pascal("post_ns_instances"), "PostNsInstances");
    }

    #[test]
    fn clauses_are_found_in_texts() {
        let found = |text| clause(text).map(|(number, document)| (number, document.unwrap_or_default()));
        for (text, number, document) in [
            ("It retrieves. See clause 6.4.2.3.2.", "6.4.2.3.2", ""),
            ("shall comply with the provisions defined in Table 6.5.2.13-1.", "6.5.2.13", ""),
            ("according to clause 5.2 of ETSI GS NFV-SOL 013 [16], x", "5.2", "ETSI GS NFV-SOL 013"),
            ("clause 5.2 of ETSI GS NFV SOL 013 for details", "5.2", "ETSI GS NFV-SOL 013"),
            ("in clause E.3", "E.3", ""),
        ] {
            assert_eq!(found(text), Some((number.to_owned(), document.to_owned())), "{text}");
        }
        assert_eq!(found("a clause that is not numbered. table of contents"), None);
    }
}
