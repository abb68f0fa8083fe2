//! Reading the decision log of `solgate serve`, and its decision lines.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{anyhow, bail};
use solgate::record::{Record, RecordError};

/// Why a line is not a record.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error(transparent)]
    NotARecord(#[from] RecordError),
}

/// Gives every line of a log to `each`, with its number; empty ones are left out.
/// `-` is standard input.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path, mut each: impl FnMut(usize, Result<Record, Unreadable>)) -> anyhow::Result<()> {
    lines(path, |number, line| {
        let text = std::str::from_utf8(line).map_err(|_| Unreadable::NotUtf8);
        each(number, text.and_then(|text| Ok(Record::parse(text)?)));
    })
}

/// The same with the bytes of a line, without its end.
///
/// # Errors
/// If the file cannot be read.
pub fn lines(path: &Path, mut each: impl FnMut(usize, &[u8])) -> anyhow::Result<()> {
    let failed = |error: std::io::Error| anyhow!("cannot read {}: {error}", path.display());
    let input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            bail!("{} is a folder; name the file of solgate serve --decision-log", path.display());
        }
        Box::new(BufReader::new(file))
    };
    for (number, line) in (1_usize..).zip(input.split(b'\n')) {
        let line = line.map_err(failed)?;
        if !line.trim_ascii().is_empty() {
            each(number, &line);
        }
    }
    Ok(())
}

/// How messages name a log.
#[must_use]
pub fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}
