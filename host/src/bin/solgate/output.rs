//! Where commands write what they were asked for.

use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::anyhow;

/// Prints text, which may be styled, on standard output. A reader that has gone
/// away wanted no more of it.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow!("the result cannot be written to standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Says something on standard error, which may be styled. That nobody can hear it is no
/// reason to fail.
pub fn note(text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(anstream::stderr(), "{text}{end}");
}

/// A file that is written whole or not at all.
pub struct Output<'a> {
    path: &'a Path,
    file: tempfile::NamedTempFile,
}

impl<'a> Output<'a> {
    /// Makes a file beside `path` that nobody sees yet.
    pub fn create(path: &'a Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .permissions(std::fs::Permissions::from_mode(0o644))
            .tempfile_in(folder)
            // Its own message names the temporary file, which nobody knows.
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => {
                    anyhow!("cannot write {}: there is no folder {}; make it first", path.display(), folder.display())
                }
                kind => anyhow!("cannot write {} in the folder {}: {kind}", path.display(), folder.display()),
            })?;
        Ok(Self { path, file })
    }

    pub fn write(mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let failed = |error: std::io::Error| anyhow!("cannot write {}: {error}", self.path.display());
        self.file.write_all(bytes).map_err(failed)?;
        self.file.persist(self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}
