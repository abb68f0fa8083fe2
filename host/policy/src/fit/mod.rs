//! Whether a component fits the contract, found before it is compiled: that takes a minute
//! for some languages.

mod imports;
mod judge;
mod limits;
mod types;

pub use self::imports::Imports;
pub(super) use self::limits::{CORE_INSTANCES, MEMORIES, TABLES};
use super::LoadError;
use super::outline::Outline;

/// What can be told at once, of any component.
///
/// # Errors
/// If it is not a component, imports something, is more than a policy may be, or does not
/// export the contract.
pub(super) fn check(bytes: &[u8], outline: &Outline) -> Result<(), LoadError> {
    match bytes {
        [] => return Err(LoadError::NotAComponent("it is empty".to_owned())),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => return Err(LoadError::CoreModule),
        [0, b'a', b's', b'm', ..] => {}
        _ => return Err(LoadError::NotAComponent("it does not start as WebAssembly does".to_owned())),
    }
    if !outline.imports.is_empty() {
        return Err(LoadError::Imports(Imports::of(bytes, outline.imports.clone())));
    }
    // Of a file that is cut off or damaged, nothing more is known. The compiler says where.
    if outline.is_whole {
        limits::check(outline).map_err(LoadError::Beyond)?;
        judge::exported(outline).map_err(LoadError::Contract)?;
    }
    Ok(())
}

/// What is worth a look before a component is compiled.
///
/// # Errors
/// If its types are not those of the contract.
pub(super) fn check_types(bytes: &[u8], outline: &Outline) -> Result<(), LoadError> {
    let Ok(interface) = judge::exported(outline) else { return Ok(()) };
    match types::lines(bytes, interface).as_deref().and_then(types::difference) {
        Some(difference) => Err(LoadError::Contract(judge::with_version(interface, difference))),
        None => Ok(()),
    }
}
