//! Makes the target that is asked for from a fact template and its variables.
//!
//! The values of the variables come from the judged request, so they are foreign.
//! Whatever they hold, the target stays below the template's path, and its query keeps
//! the template's parameters.

use super::FactTemplate;

/// Longest target that is sent, in bytes.
const MAX_TARGET: usize = 8192;

/// The query parameter whose value is an attribute-based filter
/// (ETSI GS NFV-SOL 013, 5.2).
const FILTER: &str = "filter";

/// Where a fact is to be had, below the VNFM's base URL; percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    path: String,
    /// Length of the API root at the start of `path`.
    root: usize,
    query: Option<String>,
}

impl Target {
    /// The path with the API root, such as `/vnflcm/v2/vnf_instances/1`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path below the API root.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.path.get(self.root..).unwrap_or_default()
    }

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }
}

impl std::fmt::Display for Target {
    /// In origin form.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

/// Why a fact cannot be asked for. The template is the policy's, the variables
/// are the judged request's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    #[error("the template of the fact does not start with a slash")]
    NotAPath,
    #[error("the template of the fact has a brace without its counterpart")]
    Unbalanced,
    #[error("the template of the fact names the variable {0:?}, which has no value")]
    Undeclared(String),
    #[error("the variable {0:?} is given more than once")]
    Repeated(String),
    #[error("the variable {0:?} is empty")]
    Empty(String),
    #[error("the variable {0:?} holds a control character")]
    Control(String),
    #[error("the variable {0:?} holds a slash or a backslash, which a path segment must not")]
    Slash(String),
    #[error("the path of the fact has an empty segment")]
    EmptySegment,
    #[error("the path of the fact has a segment \".\" or \"..\"")]
    DotSegment,
    #[error("the path of the fact holds the character {0:?}")]
    BadCharacter(char),
    #[error("a query parameter of the fact has no name")]
    NamelessParameter,
    #[error("the target of the fact is longer than {MAX_TARGET} bytes")]
    TooLong,
}

/// The target of a fact for these variables (decoded values, by name).
/// Variables that the template does not name are not used.
///
/// # Errors
/// If the template is malformed, or with these values the target would not be
/// what the template's author meant.
pub fn expand(template: &FactTemplate, variables: &[(String, String)], api_root: &str) -> Result<Target, ExpandError> {
    let mut path = String::with_capacity(api_root.len().saturating_add(template.path.len()).saturating_add(64));
    path.push_str(api_root);
    if !template.path.starts_with('/') {
        return Err(ExpandError::NotAPath);
    }
    each_piece(&template.path, |piece| match piece {
        Piece::Literal(text) => {
            path.push_str(text);
            Ok(())
        }
        Piece::Variable(name) => {
            let value = value_of(name, variables)?;
            if value.contains(['/', '\\']) {
                return Err(ExpandError::Slash(name.to_owned()));
            }
            encode(value, &mut path, is_unreserved);
            Ok(())
        }
    })?;
    check_path(&path)?;

    let mut query: Option<String> = None;
    for (name, value) in &template.query {
        if name.is_empty() {
            return Err(ExpandError::NamelessParameter);
        }
        let query = match &mut query {
            Some(query) => {
                query.push('&');
                query
            }
            None => query.insert(String::with_capacity(128)),
        };
        encode(name, query, is_unreserved);
        let Some(value) = value else { continue };
        query.push('=');
        each_piece(value, |piece| match piece {
            Piece::Literal(text) => {
                encode(text, query, is_safe_in_query);
                Ok(())
            }
            Piece::Variable(variable) => {
                let value = value_of(variable, variables)?;
                if name == FILTER && needs_quotes(value) {
                    let quoted = format!("'{}'", value.replace('\'', "''"));
                    encode(&quoted, query, is_safe_in_query);
                } else {
                    encode(value, query, is_safe_in_query);
                }
                Ok(())
            }
        })?;
    }

    let length = path.len().saturating_add(query.as_ref().map_or(0, |q| q.len().saturating_add(1)));
    if length > MAX_TARGET {
        return Err(ExpandError::TooLong);
    }
    Ok(Target { path, root: api_root.len(), query })
}

enum Piece<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

/// Calls `take` with the literal texts and the variables of a template in order.
fn each_piece<'a>(
    template: &'a str,
    mut take: impl FnMut(Piece<'a>) -> Result<(), ExpandError>,
) -> Result<(), ExpandError> {
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').ok_or(ExpandError::Unbalanced)?;
        if literal.contains('}') || name.is_empty() || name.contains('{') {
            return Err(ExpandError::Unbalanced);
        }
        take(Piece::Literal(literal))?;
        take(Piece::Variable(name))?;
        rest = tail;
    }
    if rest.contains('}') {
        return Err(ExpandError::Unbalanced);
    }
    take(Piece::Literal(rest))
}

fn value_of<'v>(name: &str, variables: &'v [(String, String)]) -> Result<&'v str, ExpandError> {
    let mut values = variables.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let value = values.next().ok_or_else(|| ExpandError::Undeclared(name.to_owned()))?;
    if values.next().is_some() {
        return Err(ExpandError::Repeated(name.to_owned()));
    }
    if value.is_empty() {
        return Err(ExpandError::Empty(name.to_owned()));
    }
    if value.chars().any(char::is_control) {
        return Err(ExpandError::Control(name.to_owned()));
    }
    Ok(value)
}

/// A value with one of these would end early, or be read as an expression of
/// its own (ETSI GS NFV-SOL 013, 5.2.2).
fn needs_quotes(value: &str) -> bool {
    value.contains([',', '\'', '(', ')', ';'])
}

/// A path that nobody on the way will read differently (RFC 3986, 3.3).
fn check_path(path: &str) -> Result<(), ExpandError> {
    if let Some(bad) = path.chars().find(|&c| !(is_pchar(c) || c == '/' || c == '%')) {
        return Err(ExpandError::BadCharacter(bad));
    }
    for segment in path.split('/').skip(1) {
        if segment.is_empty() {
            return Err(ExpandError::EmptySegment);
        }
        let dots = segment.to_ascii_lowercase().replace("%2e", ".");
        if dots == "." || dots == ".." {
            return Err(ExpandError::DotSegment);
        }
    }
    Ok(())
}

fn is_pchar(c: char) -> bool {
    c.is_ascii() && (is_unreserved(c) || "!$&'()*+,=:@".contains(c))
}

/// RFC 3986, 2.3.
fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

/// What stays readable in the value of a query parameter. The semicolon is not
/// among them: some servers end a parameter there and drop the rest silently.
fn is_safe_in_query(c: char) -> bool {
    is_unreserved(c) || matches!(c, '(' | ')' | ',' | '=' | ':' | '@' | '/' | '*' | '!' | '$')
}

fn encode(text: &str, out: &mut String, is_safe: fn(char) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |n: u8| HEX.get(usize::from(n)).map_or('0', |&d| char::from(d));
    for c in text.chars() {
        if is_safe(c) {
            out.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 0xf));
        }
    }
}
