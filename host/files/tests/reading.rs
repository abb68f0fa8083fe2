//! What a path may lead to, and how much of it is read.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use solgate_files::{read, read_text};

fn refused(path: &Path) -> String {
    read(path, 1 << 20).unwrap_err().to_string()
}

#[test]
fn only_regular_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "text").unwrap();
    symlink("file", folder.path().join("link")).unwrap();
    assert_eq!(read(&folder.path().join("link"), 4).unwrap(), b"text");
    assert_eq!(refused(Path::new("/dev/zero")), "it is a device; expected a regular file");
    assert_eq!(refused(folder.path()), "it is a folder; expected a regular file");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // It has no writer, and nobody waits for one.
    assert_eq!(refused(&pipe), "it is a pipe; expected a regular file");
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    assert_eq!(refused(&socket), "it is a socket; expected a regular file");
    assert_eq!(refused(&folder.path().join("none")), "No such file or directory (os error 2)");
}

#[test]
fn a_file_is_read_up_to_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    let most = "it is larger than 1 MiB, which is the most that is read of such a file";
    assert_eq!(refused(&file), most);
    std::fs::write(&file, "0123").unwrap();
    assert_eq!(read(&file, 4).unwrap(), b"0123");
    assert!(read(&file, 3).is_err());
    // The kernel says that these have no bytes.
    assert!(read(Path::new("/proc/self/status"), 1 << 20).unwrap().len() > 10);
    assert!(read(Path::new("/proc/self/status"), 10).is_err());
    std::fs::write(&file, b"ab\xff").unwrap();
    assert_eq!(read_text(&file, 4).unwrap_err().to_string(), "it is not UTF-8 from byte 2 on; save it as UTF-8");
}
