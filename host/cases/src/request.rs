//! The request of a case.

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Node, Value};

use crate::text::{base64, parts};
use crate::vocabulary::Vocabulary;

/// The targets of a case: one, or one for each API root that it runs below.
pub(crate) fn targets(
    case: &Node,
    path: Option<&Node>,
    target: Option<&Node>,
    api_root: Option<&Node>,
    names: &Vocabulary,
    report: &mut Report,
) -> Option<Vec<String>> {
    match (path, target) {
        (Some(_), Some(target)) => {
            report.mistake(target.at, "`path` and `target` are alternatives").hint("keep one of them");
            None
        }
        (None, None) => {
            report.mistake(case.at, "a case needs `path`, or `target`");
            None
        }
        (None, Some(target)) => {
            if let Some(api_root) = api_root {
                report
                    .mistake(api_root.at, "`apiRoot` goes with `path`; a `target` is the whole target")
                    .hint("write `path`, or leave `apiRoot` out");
            }
            Some(vec![parts(target, "`target`", report)?])
        }
        (Some(path), None) => {
            let path = parts(path, "`path`", report)?;
            let roots = roots(api_root, names, report)?;
            if roots.is_empty() {
                report
                    .mistake(case.at, "the policy has no API root, so that a `path` leads nowhere")
                    .hint("write the whole `target`");
                return None;
            }
            // A variable has its own name as value.
            Some(roots.iter().map(|root| root.replace(['{', '}'], "") + &path).collect())
        }
    }
}

/// The API roots that a case runs below.
fn roots<'v>(node: Option<&Node>, names: &'v Vocabulary, report: &mut Report) -> Option<Vec<&'v str>> {
    let all = names.api_roots.iter().map(String::as_str);
    let Some(node) = node else { return Some(all.take(1).collect()) };
    if node.as_str() == Some("all") {
        return Some(all.collect());
    }
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() {
        report.mistake(node.at, "`apiRoot` is empty").hint("name a root, a list of roots, or `all`");
    }
    let mut roots: Vec<&str> = Vec::new();
    for item in items {
        let text = reader::line(item, "`apiRoot`", report)?;
        match names.api_roots.iter().find(|root| *root == text) {
            None => {
                report
                    .mistake(item.at, format!("the policy has no API root `{text}`"))
                    .maybe_hint(did_you_mean(text, names.api_roots.iter().map(String::as_str)))
                    .hint_if_none("a `target` may lie outside of all of them");
            }
            Some(root) if roots.contains(&root.as_str()) => {
                report.mistake(item.at, format!("the API root `{text}` is here twice"));
            }
            Some(root) => roots.push(root),
        }
    }
    (roots.len() == items.len()).then_some(roots)
}

/// The header fields, names in lower case.
pub(crate) fn fields(node: Option<&Node>, report: &mut Report) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (key, node) in node.and_then(|node| reader::map(node, "`headers`", report)).unwrap_or_default() {
        let name = key.name.to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            report.mistake(key.at, format!("`{}` cannot be the name of a header field", key.name));
        }
        for value in node.as_list().unwrap_or(std::slice::from_ref(node)) {
            match value.value {
                Value::Null => {}
                Value::List(_) | Value::Map(_) => {
                    report.mistake(
                        value.at,
                        format!("a header field is text or a list of texts, but here is {}", value.kind()),
                    );
                }
                _ => fields.push((name.clone(), value.text.clone())),
            }
        }
    }
    fields
}

/// The bytes of the body.
pub(crate) fn body(
    json: Option<&Node>,
    text: Option<&Node>,
    encoded: Option<&Node>,
    report: &mut Report,
) -> Option<Vec<u8>> {
    match (json, text, encoded) {
        (None, None, None) => Some(Vec::new()),
        (Some(json), None, None) => Some(json.to_json().to_string().into_bytes()),
        (None, Some(text), None) => parts(text, "`text`", report).map(String::into_bytes),
        (None, None, Some(encoded)) => base64(encoded, report),
        (json, text, encoded) => {
            for node in [json, text, encoded].into_iter().flatten().skip(1) {
                report.mistake(node.at, "`body`, `text` and `base64` are alternatives").hint("keep one of them");
            }
            None
        }
    }
}
