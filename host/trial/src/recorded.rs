//! Reading the decision log of `solgate serve`, and its decision lines, also as gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use solgate::record::{Record, RecordError};

/// Bytes of a line: many times those of the largest record.
const LONGEST: usize = 64 << 20;

/// What a file of gzip begins with, and no record does.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why a line is not a record.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error(transparent)]
    NotARecord(#[from] RecordError),
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("cannot read {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} is a folder; name the file of solgate serve --decision-log", .0.display())]
    Folder(PathBuf),
    #[error("{log}: line {line} is longer than {} MiB, and no record is", LONGEST >> 20)]
    LongLine { log: String, line: usize },
}

/// The record in a line.
///
/// # Errors
/// If the line is not a record of this version or an earlier one.
pub fn record(line: &[u8]) -> Result<Record, Unreadable> {
    let text = std::str::from_utf8(line).map_err(|_| Unreadable::NotUtf8)?;
    Ok(Record::parse(text)?)
}

/// Gives every line of a log to `each`, with its number; empty ones are left out.
/// `-` is standard input.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path, mut each: impl FnMut(usize, Result<Record, Unreadable>)) -> Result<(), LogError> {
    lines(path, |number, line| each(number, record(line)))
}

/// The same with the bytes of a line, without its end.
///
/// # Errors
/// If the file cannot be read.
pub fn lines(path: &Path, each: impl FnMut(usize, &[u8])) -> Result<(), LogError> {
    let failed = |error: io::Error| LogError::Io { path: path.to_owned(), error };
    if path.as_os_str() == "-" {
        return lines_of(BufReader::new(io::stdin()), path, each);
    }
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(LogError::Folder(path.to_owned()));
    }
    lines_of(BufReader::new(file), path, each)
}

/// The same of a log that is not a file; messages name it by `path`.
///
/// # Errors
/// If it cannot be read.
pub fn lines_of<'r>(
    mut input: impl BufRead + 'r,
    path: &Path,
    mut each: impl FnMut(usize, &[u8]),
) -> Result<(), LogError> {
    let failed = |error: io::Error| LogError::Io { path: path.to_owned(), error };
    let is_gzip = input.fill_buf().map_err(failed)?.starts_with(&GZIP);
    let mut input: Box<dyn BufRead + 'r> =
        if is_gzip { Box::new(BufReader::new(MultiGzDecoder::new(input))) } else { Box::new(input) };
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    for number in 1_usize.. {
        let mut line = Vec::new();
        input.by_ref().take(most).read_until(b'\n', &mut line).map_err(failed)?;
        if line.is_empty() {
            break;
        }
        if line.len() == LONGEST {
            return Err(LogError::LongLine { log: name(path), line: number });
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        if !line.trim_ascii().is_empty() {
            each(number, line);
        }
    }
    Ok(())
}

/// How messages name a log.
#[must_use]
pub fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}
