//! The cases of the bundle that is extended.

use solgate_cases::Case;
use solgate_document::diagnostic::Report;
use solgate_document::source::FileId;
use solgate_engine::ir::ApiRoot;

use crate::files::IoError;
use crate::layers::Layers;
use crate::openapi::Api;
use crate::reduce::DroppedOperation;

/// Its files, if `tests` of the bundle itself say that they inherit any.
pub(crate) fn files(layers: &Layers, tests: &[FileId], report: &mut Report) -> Result<Vec<FileId>, IoError> {
    let asks = |file: &FileId| report.sources.text(*file).contains("inherited");
    let base = layers.layers.iter().rev().filter(|layer| !layer.is_library).nth(1).filter(|_| tests.iter().any(asks));
    base.map_or_else(|| Ok(Vec::new()), |base| base.home.read_tests_of_base(report))
}

/// Whether a case leads to an operation that was dropped.
pub(crate) fn is_of_base_only(case: &Case, dropped: &[DroppedOperation], api: &Api<'_>, roots: &[ApiRoot]) -> bool {
    let path = case.target.split('?').next().unwrap_or_default();
    dropped.iter().any(|operation| {
        let is_it = case.method == operation.method || !api.operations.iter().any(|op| op.def.path == operation.path);
        is_it && roots.iter().any(|root| leads_to(path, root, &operation.path))
    })
}

/// Whether a path is that of a resource below an API root.
fn leads_to(path: &str, root: &ApiRoot, template: &str) -> bool {
    let mut segments = path.split('/').skip(root.path.split('/').count());
    let mut expected = template.split('/').skip(1);
    expected.by_ref().all(|name| segments.next().is_some_and(|found| found == name || name.starts_with('{')))
        && segments.next().is_none()
}
