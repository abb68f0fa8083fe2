//! Members of a body that may be absent, read without a test for them.

use crate::diagnostic::Report;
use crate::expression::{BodyRead, Scope};
use crate::openapi::{Api, Presence, presence};
use crate::suggest::nearest;

/// Warns of optional members that no expression of the rule tests for, and of
/// members whose name looks like a slip.
pub(super) fn check(scope: &Scope<'_>, api: &Api<'_>, report: &mut Report) {
    let reads = &scope.reads.members;
    for read in reads {
        for op in &scope.operations {
            let Some(schema) = op.schema else { continue };
            let found = presence(api, schema, &read.path);
            if let Presence::Unknown(known) = &found
                && let Some(name) = read.path.last()
                && let Some(meant) = nearest(name, known)
            {
                report
                    .warning(read.at, format!("the body of `{}` has no member `{name}`", op.def.id))
                    .hint(format!("did you mean `{meant}`?"));
                break;
            }
            if matches!(found, Presence::Optional) && !read.is_test && !is_tested(read, reads) {
                let name = read.path.last().map_or("", String::as_str);
                report
                    .warning(
                        read.at,
                        format!(
                            "`{name}` may be absent from the body of `{}`: the rule would then fail with 500",
                            op.def.id
                        ),
                    )
                    .hint("test it first: `when: has(...)`, or `!has(...) || ...`");
                break;
            }
        }
    }
}

fn is_tested(read: &BodyRead, reads: &[BodyRead]) -> bool {
    reads.iter().any(|other| other.is_test && other.path == read.path)
}
