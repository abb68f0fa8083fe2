//! Reading the decision log of `solgate serve`, and its decision lines, also as gzip.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::{anyhow, bail};
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
    let mut input: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            bail!("{} is a folder; name the file of solgate serve --decision-log", path.display());
        }
        Box::new(BufReader::new(file))
    };
    if input.fill_buf().map_err(failed)?.starts_with(&GZIP) {
        input = Box::new(BufReader::new(MultiGzDecoder::new(input)));
    }
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    for number in 1_usize.. {
        let mut line = Vec::new();
        input.by_ref().take(most).read_until(b'\n', &mut line).map_err(failed)?;
        if line.is_empty() {
            break;
        }
        if line.len() == LONGEST {
            bail!("{}: line {number} is longer than {} MiB, and no record is", name(path), LONGEST >> 20);
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
