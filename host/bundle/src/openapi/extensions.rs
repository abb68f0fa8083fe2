//! Members of OpenAPI objects that Solgate does not know.

use solgate_document::diagnostic::Report;
use solgate_document::reader::Members;

/// The extensions that have a meaning somewhere in a bundle.
const EXTENSIONS: [&str; 9] =
    ["x-rule", "x-rule-map", "x-ages", "x-kind", "x-attributes", "x-null", "x-since", "x-until", "x-absent"];

/// Reports slips of the hand, and extensions of ours where they mean nothing;
/// `others` are members for other readers.
pub(super) fn finish(members: Members<'_>, others: &[&'static str], report: &mut Report) {
    members.finish_open(others, &EXTENSIONS, report);
}
