//! A file in memory that nobody can change once it is written.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;

/// It holds only what is written: stretches of zeros between take no memory.
#[derive(Debug)]
pub(crate) struct MemoryFile(File);

impl MemoryFile {
    pub(crate) fn new(name: &str, length: u64) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Nobody starts it as a program. Linux before 6.3 does not know that flag.
        let file = memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL).or_else(|error| match error {
            Errno::INVAL => memfd_create(name, flags),
            error => Err(error),
        })?;
        let file = File::from(file);
        file.set_len(length)?;
        Ok(Self(file))
    }

    pub(crate) fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }

    /// Writes what another file has there, at the same place.
    pub(crate) fn copy(&self, from: &Self, place: Range<u64>) -> io::Result<()> {
        let mut buffer = vec![0; PIECE];
        let mut at = place.start;
        while at < place.end {
            let left = usize::try_from(place.end.saturating_sub(at)).unwrap_or(usize::MAX);
            let piece = buffer.get_mut(..left.min(PIECE)).unwrap_or_default();
            from.0.read_exact_at(piece, at)?;
            self.write(at, piece)?;
            at = at.saturating_add(PIECE as u64);
        }
        Ok(())
    }

    /// Makes a hole there, which is read as zeros and takes no memory.
    pub(crate) fn take(&self, place: Range<u64>) -> io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        Ok(fallocate(&self.0, flags, place.start, place.end.saturating_sub(place.start))?)
    }

    /// As a descriptor.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Nobody can change it any more, by whichever descriptor.
    pub(crate) fn seal(&self) -> io::Result<()> {
        Ok(fcntl_add_seals(&self.0, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?)
    }

    /// By which this process can open it while it is held.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}
