//! The policy engine as native code.
//!
//! All policies that a release bakes have the engine's code; only the memory that they
//! start with differs. So the engine is compiled once, when the release is built, and a
//! policy needs no compiler where it runs:
//!
//! - [`make`] compiles the engine with an empty memory, and keeps the result without
//!   that memory, compressed: a [`NativeCode`].
//! - [`Parts`] splits a component into its memory and the rest, and takes the digest of
//!   the rest.
//! - [`NativeCode::with`] gives the engine's code the memory of such a component.
//!
//! A component with another digest is not a policy of the release, and is compiled.

mod bulk;
mod contained;
mod engine_file;
mod error;
mod file;
mod load;
mod make;
mod memory_file;
mod parts;
pub mod settings;
mod template;

pub use self::contained::{STACK_POINTER, ShapeError};
pub use self::error::NativeError;
pub use self::file::{FormatError, NativeCode, WriteError};
pub use self::load::Loaded;
pub use self::make::{MakeError, make};
pub use self::parts::{Digest, OtherComponent, Parts};
pub use self::template::{MODULE, TemplateError, engine_with};
