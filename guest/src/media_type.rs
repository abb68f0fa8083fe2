//! Media types, lists of them, and lists of quoted things (RFC 9110, 5.6, 8.3
//! and 12.5.1).

/// A media type or media range; parameters unparsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MediaType<'a> {
    pub kind: &'a str,
    pub subtype: &'a str,
    parameters: &'a str,
}

impl<'a> MediaType<'a> {
    /// Parses `type/subtype *( ; name=value )`; `None` if it is not that.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = trim(text);
        let end = text.find(';').unwrap_or(text.len());
        let (kind, subtype) = trim(text.get(..end)?).split_once('/')?;
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let media = Self { kind, subtype, parameters: text.get(end..)? };
        media.parameters().all(|parameter| parameter.is_some()).then_some(media)
    }

    /// Parses a media range. A lone `*` is taken for `*/*`: clients of Java send
    /// it by default.
    fn parse_range(text: &'a str) -> Option<Self> {
        let text = trim(text);
        let parameters = text.strip_prefix('*').map(trim).filter(|rest| rest.is_empty() || rest.starts_with(';'));
        let Some(parameters) = parameters else {
            return Self::parse(text);
        };
        let range = Self { kind: "*", subtype: "*", parameters };
        range.parameters().all(|parameter| parameter.is_some()).then_some(range)
    }

    /// Whether this is `name`, a `type/subtype` without parameters.
    pub(crate) fn is(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(kind, subtype)| {
            kind.eq_ignore_ascii_case(self.kind) && subtype.eq_ignore_ascii_case(self.subtype)
        })
    }

    /// Name and unquoted value of each parameter; `None` for a malformed one,
    /// which ends the list.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = Option<(&'a str, &'a str)>> {
        let mut rest = self.parameters;
        std::iter::from_fn(move || {
            loop {
                rest = trim(rest);
                rest = trim(rest.strip_prefix(';')?);
                // An empty parameter, as in `a/b;`, says nothing.
                if !rest.is_empty() && !rest.starts_with(';') {
                    break;
                }
            }
            let parsed = parameter(rest);
            rest = parsed.map_or("", |(_, _, tail)| tail);
            Some(parsed.map(|(name, value, _)| (name, value)))
        })
    }

    /// The charset parameter, if there is one.
    pub(crate) fn charset(&self) -> Option<&'a str> {
        self.parameters().flatten().find(|(name, _)| name.eq_ignore_ascii_case("charset")).map(|(_, value)| value)
    }
}

/// `name=value` and what follows it.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    if !is_token(name) {
        return None;
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let end = quoted_end(quoted)?;
        let tail = trim(quoted.get(end.checked_add(1)?..)?);
        return (tail.is_empty() || tail.starts_with(';')).then_some((name, quoted.get(..end)?, tail));
    }
    let end = rest.find(';').unwrap_or(rest.len());
    let value = trim(rest.get(..end)?);
    is_token(value).then_some((name, value, rest.get(end..)?))
}

/// Where a quoted string ends, whose opening quote has been taken off.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index),
            _ => {}
        }
    }
    None
}

/// The elements of a comma-separated list; commas in quotes do not separate.
pub(crate) fn elements(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        loop {
            let text = rest?;
            let (mut quoted, mut escaped) = (false, false);
            let end = text.bytes().position(|byte| {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    b',' if !quoted => return true,
                    _ => {}
                }
                false
            });
            let element = match end {
                None => {
                    rest = None;
                    text
                }
                Some(end) => {
                    rest = end.checked_add(1).and_then(|next| text.get(next..));
                    text.get(..end)?
                }
            };
            let element = trim(element);
            if !element.is_empty() {
                return Some(element);
            }
        }
    })
}

/// Thousandths by which an Accept element weighs its range; `None` if the
/// element is malformed.
fn weight(media: &MediaType<'_>) -> Option<u16> {
    let mut weight = 1000;
    for (name, value) in media.parameters().flatten() {
        if name.eq_ignore_ascii_case("q") {
            weight = quality(value)?;
        }
    }
    Some(weight)
}

/// A qvalue in thousandths (RFC 9110, 12.4.2).
fn quality(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        // Also of Java: `q=.2`.
        "" if !fraction.is_empty() => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// Whether Accept fields allow one of the media types `produced`. One of these
/// may be a range: any type of that range may come then.
///
/// The most specific range that matches decides, parameters of ranges other
/// than `q` are not looked at, malformed elements are left out. Fields in which
/// nothing is left allow nothing.
pub(crate) fn accepts<'a>(fields: impl Iterator<Item = &'a str> + Clone, produced: &[String]) -> bool {
    produced.iter().any(|name| acceptable(fields.clone(), name))
}

fn acceptable<'a>(fields: impl Iterator<Item = &'a str>, name: &str) -> bool {
    let (kind, subtype) = name.split_once('/').unwrap_or_default();
    if subtype == "*" {
        return overlaps(fields, kind);
    }
    let mut best: Option<(u8, u16)> = None;
    for element in fields.flat_map(elements) {
        let Some(media) = MediaType::parse_range(element) else {
            continue;
        };
        let specificity = match (media.kind, media.subtype) {
            ("*", "*") => 0,
            ("*", _) => continue,
            (_, "*") if media.kind.eq_ignore_ascii_case(kind) => 1,
            _ if media.is(name) => 2,
            _ => continue,
        };
        let Some(weight) = weight(&media) else {
            continue;
        };
        if best.is_none_or(|known| (specificity, weight) > known) {
            best = Some((specificity, weight));
        }
    }
    best.is_some_and(|(_, weight)| weight > 0)
}

/// Whether something in the range `kind/*` is accepted.
fn overlaps<'a>(fields: impl Iterator<Item = &'a str>, kind: &str) -> bool {
    fields
        .flat_map(elements)
        .filter_map(MediaType::parse_range)
        .filter(|media| kind == "*" || media.kind == "*" || media.kind.eq_ignore_ascii_case(kind))
        .any(|media| weight(&media).is_some_and(|weight| weight > 0))
}

/// A token (RFC 9110, 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Takes optional white space off both ends (RFC 9110, 5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn media_types_are_compared_without_case_and_parameters() {
        let cases = [
            ("application/json", true),
            ("Application/JSON;charset=\"UTF-8\"", true),
            ("application/json ; charset=utf-8", true),
            ("application/json;", true),
            ("application/json;a=\"x;y\\\"z\";b=c", true),
            ("application/jsonx", false),
            ("application/xml", false),
            ("application", false),
            ("application/json,text/plain", false),
            ("application/json; charset", false),
            ("application/json; charset=\"utf-8", false),
            ("application/json x", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(MediaType::parse(text).is_some_and(|media| media.is("application/json")), expected, "{text}");
        }
        assert_eq!(MediaType::parse("a/b;x=1;Charset=\"utf-16\"").unwrap().charset(), Some("utf-16"));
    }

    #[test]
    fn accept_is_negotiated() {
        let produced = ["application/json".to_owned()];
        let cases: &[(&[&str], bool)] = &[
            (&["application/json"], true),
            (&["Application/Json"], true),
            (&["*/*"], true),
            (&["text/plain, application/*;q=0.5"], true),
            (&["text/html;q=0.9, application/json;q=0.1"], true),
            (&["*/*;q=0, application/json"], true),
            (&["*/*;q=0.8"], true),
            (&["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"], true),
            (&["*"], true),
            (&["*;q=.5"], true),
            (&["text/html", "application/json"], true),
            (&["application/json;charset=utf-8"], true),
            (&["application/json;q=bad, */*"], true),
            (&["application/json;x=\"a,b\";q=1.000"], true),
            (&["application/json;q=0"], false),
            (&["application/json;q=0, */*"], false),
            (&["application/*;q=0, */*"], false),
            (&["*/*;q=0"], false),
            (&["*/*;q=0.000"], false),
            (&["*;q=0"], false),
            (&["*;q=."], false),
            (&["*x"], false),
            (&["text/*"], false),
            (&["application/problem+json"], false),
            (&["*/json"], false),
            (&["application/json;q=1.5"], false),
            (&["nonsense"], false),
            (&[""], false),
        ];
        for (fields, expected) in cases {
            assert_eq!(accepts(fields.iter().copied(), &produced), *expected, "{fields:?}");
        }
    }

    #[test]
    fn lists_are_split_outside_quotes() {
        assert_eq!(elements("\"a,b\" , W/\"c\",,d").collect::<Vec<_>>(), ["\"a,b\"", "W/\"c\"", "d"]);
        assert_eq!(elements("").count(), 0);
    }

    #[test]
    fn a_produced_range_meets_any_type_of_it() {
        let cases = [
            ("*/*", "application/zip", true),
            ("*/*", "application/zip;q=0", false),
            ("application/*", "application/zip", true),
            ("application/*", "text/plain, */*;q=0.1", true),
            ("application/*", "text/plain", false),
        ];
        for (produced, accept, expected) in cases {
            assert_eq!(accepts([accept].into_iter(), &[produced.to_owned()]), expected, "{produced} {accept}");
        }
    }
}
