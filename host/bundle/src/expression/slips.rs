//! What people write who know another language, and what to write here.

use super::scope::Scope;
use crate::openapi::{Presence, presence};
use crate::variables::{CALLER, is_reserved};

use super::known::Step;

/// Why an expression may not have been understood.
pub(super) fn syntax(source: &str) -> Option<&'static str> {
    if has_escaped_letter(source) {
        return Some("a backslash in a pattern needs a raw text: write r'\\d+', with an r before the quote");
    }
    let tokens = tokens(source);
    let has = |token: &str| tokens.contains(&token);
    if tokens.iter().any(|token| token.starts_with("${")) {
        return Some("texts are joined with +, as in 'cause ' + body.cause");
    }
    if has("===") || has("!==") {
        return Some("write == for equal and != for not equal");
    }
    if has("<>") || has("=~") || has("~") {
        return Some("write != for not equal; a pattern is asked for as in text.matches(r'^[a-z]+$')");
    }
    if has("=") || has(":=") {
        return Some("write == for equal");
    }
    if has("&") || has("|") {
        return Some("write && for `and`, || for `or`");
    }
    if tokens.windows(2).any(|pair| pair.iter().all(|token| is_word(token))) {
        return Some(PROSE);
    }
    if tokens.iter().any(|token| ["and", "or", "not", "AND", "OR", "NOT"].contains(token)) {
        return Some("write && for `and`, || for `or`, ! for `not`");
    }
    if tokens.iter().any(|token| ["if", "then", "else"].contains(token)) {
        return Some("write CONDITION ? THIS : THAT");
    }
    if tokens.iter().any(|token| is_reserved(token)) {
        return Some(
            "CEL reserves some words, such as package, import, function and namespace: give what is called so another name; a member is read as in body['package']",
        );
    }
    if has("=>") || has("->") {
        return Some("write list.exists(item, item.id == 'x'): a name, a comma, a condition");
    }
    None
}

/// What to do if a text stands where an expression is read.
pub(super) const PROSE: &str =
    "this is read as an expression: a text stands in quotes of its own, as in \"'This is not allowed.'\"";

/// A function that exists in other languages.
pub(super) fn function(name: &str) -> Option<&'static str> {
    Some(match name {
        "lower" | "toLower" | "tolower" | "toLowerCase" | "lowercase" => "write text.lowerAscii()",
        "upper" | "toUpper" | "toupper" | "toUpperCase" | "uppercase" => "write text.upperAscii()",
        "len" | "length" | "count" | "strlen" => "write size(...)",
        "isEmpty" | "empty" | "is_empty" => "write size(...) == 0",
        "includes" | "contain" | "has_substring" => "write text.contains('...'), or 'x' in list",
        "beginsWith" | "hasPrefix" | "starts_with" => "write text.startsWith('...')",
        "hasSuffix" | "ends_with" => "write text.endsWith('...')",
        "glob" | "wildcard" | "fnmatch" | "isLike" => "write like(text, 'prod-*')",
        "match" | "test" | "regex" | "regexMatch" | "re_match" => "write text.matches(r'...')",
        "str" | "toString" | "to_string" | "concat" | "sprintf" => "write string(...); texts are joined with +",
        "parseInt" | "toInt" | "number" | "to_number" | "integer" => {
            "write int(...), which fails if the text is no number"
        }
        "isString" | "is_string" | "isText" | "typeof" | "typeOf" | "instanceof" | "isList" | "isMap" | "isBool" => {
            "write type(...) == string, or bool, list, map or null_type; of numbers, isNumber(...)"
        }
        "any" | "some" => "write list.exists(item, ...)",
        "every" | "forall" => "write list.all(item, ...)",
        "find" | "select" | "where" => "write list.filter(item, ...)",
        "defined" | "exists" | "isset" | "present" => "write has(body.member), or 'name' in headers",
        "now" | "time" | "date" | "today" | "currentTime" | "getTime" => {
            "the time of the request is now, without brackets, as in now < timestamp('2027-01-01T00:00:00Z')"
        }
        "parseTime" | "toTimestamp" | "datetime" => "write timestamp('2026-12-24T18:00:00Z')",
        "hour" | "hours" | "getHour" => "write now.getHours('Europe/Berlin')",
        "dayOfWeek" | "weekday" | "getDay" | "getWeekday" => "write now.getDayOfWeek('Europe/Berlin'), 0 for Sunday",
        "isIp" | "isAddress" => "write isIP(text)",
        "isIPv4" | "isIPv6" | "family" => "write ipFamily(text) == 4, or == 6",
        "isCanonical" => "write ip(text) == text",
        "extract" | "extractAll" | "findAll" | "capture" | "regexExtract" => {
            "write regex.extract(text, r'^v([0-9]+)$').orValue('')"
        }
        "isURL" | "getHost" | "url" => {
            "write host(text), scheme(text), port(text) or uriPath(text), which are empty or 0 if it is no URI"
        }
        "isGreaterThan" | "isLessThan" | "compareTo" => "versions and quantities are compared with < and >",
        "major" | "minor" | "patch" => "versions are compared as a whole, as in semver(text) >= semver('2.0.0')",
        "asInteger" | "asApproximateFloat" => "quantity(text) is a number",
        "base64Encode" | "base64Decode" | "btoa" | "atob" => "write base64.encode(...) or base64.decode(...)",
        "cidr" | "containsIP" | "containsCIDR" | "ipInRange" | "inNetwork" | "inCidr" => {
            "write inCIDR(text, '10.0.0.0/8')"
        }
        "unique" | "uniq" | "toSet" => "write list.distinct()",
        "sorted" | "sortBy" | "orderBy" => "write list.sort()",
        "total" | "reduce" => "write list.sum()",
        "minimum" | "least" => "write list.min()",
        "maximum" | "greatest" => "write list.max()",
        "concatenate" | "extend" => "lists are joined with +; list.flatten() joins lists within a list",
        "coalesce" | "default" | "getOrDefault" => "write body.?member.orValue('...')",
        _ => return None,
    })
}

/// Where a name is known that stands for nothing by itself.
pub(super) fn name(name: &str, scope: &Scope<'_>) -> Option<String> {
    if let Some(instead) = root(name) {
        return Some(instead.to_owned());
    }
    let steps = [Step::Member(name.to_owned())];
    let in_body = || {
        let mut schemas = scope.operations.iter().filter_map(|op| op.schema);
        schemas.any(|schema| matches!(presence(scope.api, schema, &steps), Presence::Required | Presence::Optional))
    };
    let of = if scope.policy.options.iter().any(|option| option.name == name) {
        "options"
    } else if scope.variables.iter().any(|(known, _)| known == name) {
        "variables"
    } else if in_body() {
        "body"
    } else if scope.path_variables().contains(name) {
        "path"
    } else if CALLER.contains(&name) {
        "caller"
    } else {
        return None;
    };
    Some(format!("did you mean `{of}.{name}`?"))
}

/// What other engines call the request.
fn root(name: &str) -> Option<&'static str> {
    Some(match name {
        "request" | "input" | "req" | "object" | "self" | "this" | "event" => {
            "the request's parts have names of their own: body, headers, query, path, method, operation, caller"
        }
        "header" => "did you mean `headers`, as in headers['version']?",
        "params" | "parameters" => "did you mean `query`, or `path`?",
        "user" | "subject" | "claims" | "token" | "jwt" => "who calls is `caller`, as in caller.subject",
        "True" | "TRUE" => "write true",
        "False" | "FALSE" => "write false",
        "nil" | "None" | "NULL" | "undefined" => "write null; whether something is there is has(...)",
        "time" | "today" | "date" => "did you mean `now`?",
        _ => return None,
    })
}

/// `\d` and the like in a text that is not raw: no escape that CEL knows.
fn has_escaped_letter(source: &str) -> bool {
    let mut chars = source.chars();
    let mut quote = None;
    let mut before = ' ';
    let mut is_raw = false;
    while let Some(char) = chars.next() {
        match (quote, char) {
            (None, '\'' | '"') => {
                quote = Some(char);
                is_raw = matches!(before, 'r' | 'R');
            }
            (Some(open), _) if char == open => quote = None,
            (Some(_), '\\') if !is_raw => match chars.next() {
                Some(next) if next.is_ascii_alphabetic() && !"abfnrtvxXuU".contains(next) => return true,
                Some('.' | '-' | '/' | '[' | ']' | '(' | ')' | '+' | '*' | '$' | '^' | '{' | '}' | '|') => return true,
                _ => {}
            },
            _ => {}
        }
        before = char;
    }
    false
}

/// A word that is no operator, here or elsewhere.
fn is_word(token: &str) -> bool {
    const OPERATORS: [&str; 13] =
        ["in", "and", "or", "not", "AND", "OR", "NOT", "if", "then", "else", "true", "false", "null"];
    token.starts_with(char::is_alphabetic) && token.chars().all(char::is_alphanumeric) && !OPERATORS.contains(&token)
}

/// Words and runs of signs; texts in quotes are left out, but for what looks as if
/// something were put into them.
fn tokens(source: &str) -> Vec<&str> {
    const SIGNS: &str = "=!<>&|~:-";
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => {
                let inside = rest.get(1..).unwrap_or_default();
                match inside.find(first) {
                    // The quotes of a text that holds words: a sign of its own.
                    Some(end) => end.saturating_add(2),
                    None => rest.len(),
                }
            }
            '$' if rest.starts_with("${") => 2,
            _ if first.is_alphanumeric() || first == '_' => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ if SIGNS.contains(first) => rest.find(|c| !SIGNS.contains(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length.max(first.len_utf8()).min(rest.len()));
        if !first.is_whitespace() {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}
