//! What a policy may consist of.

use crate::outline::Outline;

/// Of one policy. Those of other languages consist of dozens of modules, and have empty
/// memories beside their own. All count within the memory that an evaluation may have.
pub(crate) const CORE_INSTANCES: u32 = 64;
pub(crate) const MEMORIES: u32 = 4;
pub(crate) const TABLES: u32 = 8;

/// # Errors
/// If the component has more, in words.
pub(super) fn check(outline: &Outline) -> Result<(), String> {
    if outline.is_async {
        return Err(
            "it has asynchronous functions or threads; build it without them, with componentize-qjs by `--sync`"
                .to_owned(),
        );
    }
    // If they cannot be counted by looking, wasmtime counts.
    let Some(parts) = outline.parts else { return Ok(()) };
    for (found, most, what) in [
        (parts.core_instances, CORE_INSTANCES, "core module instances"),
        (parts.memories, MEMORIES, "memories"),
        (parts.tables, TABLES, "tables"),
    ] {
        if found > most {
            return Err(format!("it has {found} {what}; {most} is the most"));
        }
    }
    Ok(())
}
