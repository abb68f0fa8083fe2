//! Where the API lies, and which release it is.

use serde_json::Value as Json;
use solgate_document::diagnostic::Report;
use solgate_document::yaml::Node;

/// What a document says of the API as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    /// The path below which the API lies, such as `/nslcm/v2`.
    pub root: String,
    /// `2.3.0`, if the document has a version of three numbers.
    pub version: Option<String>,
    /// The document that clauses are in, such as `ETSI GS NFV-SOL 005`.
    pub standard: Option<String>,
    pub title: String,
    /// Under which the document stands, as it says.
    pub license: Option<Json>,
}

/// Reads it from a document; `given` is the root that the user names.
pub(crate) fn about(document: &Node, given: Option<&str>, report: &mut Report) -> About {
    let info = document.get("info");
    let version_node = info.and_then(|info| info.get("version"));
    let version = version_node.and_then(|node| semantic(&node.text));
    let title = info.and_then(|info| info.get("title")).map(|node| node.text.clone()).unwrap_or_default();
    let external = document.get("externalDocs").and_then(|docs| docs.get("description"));
    let standard = external.and_then(|node| standard(&node.text)).or_else(|| standard(&title));
    let root = match given {
        Some(root) => root.trim_end_matches('/').to_owned(),
        None => {
            let (root, at) = server(document);
            let (root, at) = (root.or_else(|| common(document)).unwrap_or_default(), at);
            match (major(&root), version.as_deref().and_then(|version| version.split('.').next())) {
                (Some((above, number)), Some(is)) if number != is => {
                    let right = format!("{above}/v{is}");
                    if let Some(at) = at.or(version_node.map(|node| node.at)) {
                        let draft = report
                            .warning(at, format!("the API is at `{root}` here, but its version begins with {is}"));
                        draft.hint(format!("the bundle has `{right}`; name another root with --api-root"));
                        if let Some(node) = version_node {
                            draft.related(node.at, "the version");
                        }
                    }
                    right
                }
                _ => root,
            }
        }
    };
    let license = info.and_then(|info| info.get("license")).filter(|node| node.get("name").is_some());
    let license = license.map(Node::to_json);
    About { root, version, standard, title: crate::words::one_line(&title), license }
}

/// The path of the first server, or the base path of Swagger 2.0.
fn server(document: &Node) -> (Option<String>, Option<solgate_document::At>) {
    if let Some(node) = document.get("basePath") {
        return (path_of(&node.text), Some(node.at));
    }
    let servers = document.get("servers").and_then(Node::as_list).unwrap_or_default();
    for server in servers {
        if let Some(node) = server.get("url")
            && let Some(path) = path_of(&node.text)
        {
            return (Some(path), Some(node.at));
        }
    }
    (None, None)
}

/// The path of a URL, without `{apiRoot}` or another variable before it.
fn path_of(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(""),
        None if url.starts_with('{') => url.split_once('}').map_or("", |(_, rest)| rest),
        None => url,
    };
    let path = rest.trim_end_matches('/');
    (path.starts_with('/') && !path.contains(['?', '#'])).then(|| path.to_owned())
}

/// `/name/vN`, with which all paths begin.
fn common(document: &Node) -> Option<String> {
    let paths = document.get("paths").and_then(Node::as_map)?;
    let mut found: Option<String> = None;
    for (key, _) in paths.iter().filter(|(key, _)| key.name.starts_with('/')) {
        let root = root_of(&key.name)?;
        if found.get_or_insert_with(|| root.to_owned()) != root {
            return None;
        }
    }
    found
}

/// The API root that a path begins with, if it looks like one: `/nslcm/v1` of
/// `/nslcm/v1/ns_instances`.
pub(crate) fn root_of(path: &str) -> Option<&str> {
    let mut ends = path.match_indices('/').map(|(at, _)| at).skip(1);
    let (name, version) = (ends.next()?, ends.next().unwrap_or(path.len()));
    let segment = path.get(name.saturating_add(1)..version)?;
    let digits = segment.strip_prefix('v')?;
    (!digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())).then(|| path.get(..version))?
}

/// What is above the last segment of a root, and its number, if that is `vN`.
pub(crate) fn major(root: &str) -> Option<(&str, &str)> {
    let (above, last) = root.rsplit_once('/')?;
    let digits = last.strip_prefix('v')?;
    (!digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())).then_some((above, digits))
}

/// `2.3.0` of `2.3.0-impl:etsi.org:ETSI_NFV_OpenAPI:1`.
fn semantic(text: &str) -> Option<String> {
    let numbers = text.split(['-', '+']).next()?;
    let parts: Vec<&str> = numbers.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    (parts.len() == 3 && parts.iter().all(is_number)).then(|| numbers.to_owned())
}

/// `ETSI GS NFV-SOL 005` of `ETSI GS NFV-SOL 005 V3.7.1` or of `SOL005 - NS Lifecycle ...`.
fn standard(text: &str) -> Option<String> {
    let at = text.find("SOL")?;
    let rest = text.get(at.saturating_add(3)..)?.trim_start_matches([' ', '-']);
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (digits.len() == 3).then(|| format!("ETSI GS NFV-SOL {digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found() {
        for (url, path) in [
            ("http://127.0.0.1/nslcm/v2", Some("/nslcm/v2")),
            ("{apiRoot}/nslcm/v2/", Some("/nslcm/v2")),
            ("https://{host}:{port}/a/b", Some("/a/b")),
            ("/vnflcm/v1", Some("/vnflcm/v1")),
            ("http://127.0.0.1", None),
            ("/", None),
        ] {
            assert_eq!(path_of(url).as_deref(), path, "{url}");
        }
        assert_eq!(root_of("/nslcm/v1/ns_lcm_op_occs/{id}"), Some("/nslcm/v1"));
        assert_eq!(root_of("/nslcm/v1"), Some("/nslcm/v1"));
        assert_eq!(root_of("/ns_instances/{v1}/x"), None);
        assert_eq!(semantic("2.3.0-impl:etsi.org:x:1").as_deref(), Some("2.3.0"));
        assert_eq!(standard("SOL005 - NS").as_deref(), Some("ETSI GS NFV-SOL 005"));
        assert_eq!(standard("ETSI GS NFV-SOL 003 V3.7.1").as_deref(), Some("ETSI GS NFV-SOL 003"));
    }
}
