//! Paths that begin with an API root, below which they are read once more.

use solgate_document::diagnostic::Report;
use solgate_document::yaml::Node;

use crate::openapi::Api;
use crate::policy::Policy;

pub(super) fn check(policy: &Policy, api: &Api<'_>, report: &mut Report) {
    let Some(paths) = api.root.get("paths").and_then(Node::as_map) else { return };
    for (key, _) in paths {
        let path = key.name.as_str();
        let roots = policy.api_roots.iter().map(|root| root.path.as_str());
        let Some((root, written)) = roots.into_iter().find_map(|root| Some((root, begun(path, root)?))) else {
            continue;
        };
        let below = path.get(written..).filter(|below| !below.is_empty()).unwrap_or("/");
        report
            .warning(key.at, format!("this path begins with an API root, and is itself below the root `{root}`"))
            .hint(format!("write what comes after the root: `{below}`"));
    }
}

/// How much of a path is an API root like this one, apart from the number of its version.
fn begun(path: &str, root: &str) -> Option<usize> {
    if root.len() > 1 && path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return Some(root.len());
    }
    let (above, version) = root.rsplit_once('/')?;
    let name = above.rsplit('/').next().filter(|name| !name.is_empty() && is_version(version))?;
    let rest = path.strip_prefix('/')?.strip_prefix(name)?.strip_prefix('/')?;
    let segment = rest.split('/').next()?;
    is_version(segment).then(|| path.len().saturating_sub(rest.len().saturating_sub(segment.len())))
}

/// `v` and a number.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()))
}
