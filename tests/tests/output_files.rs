//! Where commands write: a file is replaced whole, also the one that a link leads
//! to; what is no file is written into, and is still there.
//!
//! No test names anything below /dev, which a fault would take from all programs of
//! the machine: pipes, and nodes and links in a folder of the test's own, are as little
//! a file.

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use solgate_tests::process::{binary, solgate};
use solgate_tests::workspace;

/// O_NONBLOCK of Linux.
const NONBLOCK: i32 = 0o4000;

const RECORD: &str = r#"{"format":1,"id":"1-0","time":"2026-01-31T12:00:00.000Z","operation":"terminate","request":{"method":"POST","target":"/vnflcm/v2/vnf_instances/a0000000-0000-4000-8000-000000000002/terminate","fields":[["version","2.0.0"],["accept","application/json"],["content-type","application/json"]],"bodyBytes":29,"bodyComplete":true,"body":{"text":"{\"terminationType\": \"GENTLE\"}"}},"context":{"mode":"enforce","factFailure":"deny"},"policies":[{"name":"vnflcm-v2","digest":"00"}],"verdict":{"allowed":false,"status":400,"rule":"terminate.type.enum","violations":[{"rule":"terminate.type.enum","pointer":"/terminationType"}]}}"#;

/// A folder with what the commands need, and where they write.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        fs::write(desk.at("log.jsonl"), format!("{RECORD}\n")).expect("it is written");
        fs::write(desk.at("policy.wasm"), "signed as it is").expect("it is written");
        let made = solgate().arg("keygen").arg(desk.at("signing.key")).output().expect("it runs");
        assert!(made.status.success(), "{made:?}");
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command that writes to `policy.wasm.sig` in this folder.
    fn command(&self, name: &str) -> Command {
        let mut command = solgate();
        let output = self.at("policy.wasm.sig");
        match name {
            "docs" => command.args(["docs", "-o"]).arg(output).arg(minimal()),
            "build" => command.args(["build", "-o"]).arg(output).arg(minimal()),
            "import-cases" => command.arg("import-cases").arg(self.at("log.jsonl")).args(["--force", "-o"]).arg(output),
            "sign" => command.arg("sign").arg(self.at("policy.wasm")).arg("--key").arg(self.at("signing.key")),
            other => panic!("{other}"),
        };
        command
    }

    fn run(&self, name: &str) -> Output {
        self.command(name).output().expect("it runs")
    }

    /// What the command writes, by itself.
    fn written(&self, name: &str) -> Vec<u8> {
        let done = self.run(name);
        assert!(done.status.success(), "{name}: {done:?}");
        let path = self.at("policy.wasm.sig");
        let text = fs::read(&path).expect("it is there");
        fs::remove_file(path).expect("it is removed");
        text
    }

    /// Names in the folder, sorted: what a command leaves behind would be among them.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("it is readable");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("it is readable").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn minimal() -> PathBuf {
    workspace().join("host/bundle/tests/bundles/minimal")
}

/// `build` takes seconds, and writes as `docs` does.
const COMMANDS: [&str; 3] = ["docs", "import-cases", "sign"];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn made(command: &mut Command) -> bool {
    command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn a_regular_file_is_replaced_whole_and_keeps_its_mode() {
    let desk = Desk::new();
    for name in COMMANDS {
        let expected = desk.written(name);
        let path = desk.at("policy.wasm.sig");
        fs::write(&path, "x".repeat(1 << 20)).expect("it is written");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("it is ours");
        let before = fs::metadata(&path).expect("it is there").ino();
        let mut reader = fs::File::open(&path).expect("it is readable");
        let done = desk.run(name);
        assert!(done.status.success(), "{name}: {done:?}");
        assert!(fs::read(&path).expect("it is there") == expected, "{name}");
        assert_eq!((mode(&path), before != fs::metadata(&path).expect("it is there").ino()), (0o640, true), "{name}");
        // Who was reading the old one reads it to its end.
        let mut old = Vec::new();
        reader.read_to_end(&mut old).expect("it is readable");
        assert_eq!(old.len(), 1 << 20, "{name}");
        fs::remove_file(path).expect("it is removed");
    }
}

#[test]
fn a_link_stays_and_the_file_that_it_leads_to_is_replaced() {
    let desk = Desk::new();
    let folder = desk.at("elsewhere");
    fs::create_dir(&folder).expect("it is made");
    let (link, between, file) = (desk.at("policy.wasm.sig"), folder.join("between"), folder.join("file"));
    symlink("elsewhere/between", &link).expect("it is made");
    symlink(&file, &between).expect("it is made");
    for name in COMMANDS {
        // Where nothing is, and where a file is.
        for before in [None, Some("before")] {
            match before {
                None => drop(fs::remove_file(&file)),
                Some(text) => fs::write(&file, text).expect("it is written"),
            }
            let done = desk.run(name);
            assert!(done.status.success(), "{name}: {done:?}");
            assert_eq!(fs::read_link(&link).expect("a link"), Path::new("elsewhere/between"), "{name}");
            assert_eq!(fs::read_link(&between).expect("a link"), file, "{name}");
            assert!(fs::symlink_metadata(&file).expect("it is there").is_file(), "{name}");
            assert_ne!(fs::read(&file).expect("it is there"), b"before", "{name}");
        }
    }
    let left: Vec<_> = fs::read_dir(&folder).expect("it is readable").collect();
    assert_eq!((left.len(), desk.names().len()), (2, 6), "{left:?} {:?}", desk.names());

    let (one, other) = (desk.at("one"), desk.at("other"));
    symlink(&one, &other).expect("it is made");
    symlink(&other, &one).expect("it is made");
    let done = solgate().args(["docs", "-o"]).arg(&one).arg(minimal()).output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), said.contains("cannot write")), (Some(2), true), "{said}");
}

#[test]
fn a_pipe_is_written_into() {
    let desk = Desk::new();
    for name in COMMANDS {
        let expected = desk.written(name);
        let path = desk.at("policy.wasm.sig");
        assert!(made(Command::new("mkfifo").arg(&path)), "mkfifo");
        // Open at both ends, so that nobody waits; what is written is short enough for a pipe.
        let open = fs::OpenOptions::new().read(true).write(true).custom_flags(NONBLOCK).open(&path);
        let mut pipe = open.expect("it opens");
        let done = desk.run(name);
        assert!(done.status.success(), "{name}: {done:?}");
        let mut found = vec![0; 1 << 20];
        let length = pipe.read(&mut found).unwrap_or(0);
        assert!(found[..length] == expected, "{name}: {length} bytes");
        assert!(fs::symlink_metadata(&path).expect("it is there").file_type().is_fifo(), "{name}");
        fs::remove_file(path).expect("it is removed");
    }
}

#[test]
fn a_device_is_written_into() {
    let desk = Desk::new();
    let path = desk.at("policy.wasm.sig");
    // As /dev/null is, but nobody else's.
    if !made(Command::new("mknod").arg(&path).args(["c", "1", "3"])) {
        eprintln!("skipped: only root may make a device, and not everywhere");
        return;
    }
    let link = desk.at("link");
    symlink("policy.wasm.sig", &link).expect("it is made");
    for name in ["docs", "import-cases", "sign", "build"] {
        let done = desk.run(name);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        // A device in a folder that is mounted without devices is there, but cannot be opened.
        if said.contains("ermission denied") {
            eprintln!("skipped: {said}");
            return;
        }
        assert!(done.status.success(), "{name}: {said}");
        let found = fs::symlink_metadata(&path).expect("it is there");
        assert!(found.file_type().is_char_device(), "{name}: {found:?}");
    }
    // Without --force, too: nothing is replaced.
    for target in [&path, &link] {
        let mut command = solgate();
        let done =
            command.arg("import-cases").arg(desk.at("log.jsonl")).arg("-o").arg(target).output().expect("it runs");
        assert!(done.status.success(), "{done:?}");
        assert!(fs::metadata(target).expect("it is there").file_type().is_char_device());
    }
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
}

/// As by /dev/stdout: a link to one of /proc, which leads to what may have no name.
#[test]
fn standard_output_is_written_to_where_it_is() {
    let desk = Desk::new();
    let expected = desk.written("docs");
    let to = |number: u8| {
        let link = desk.at(&format!("stream-{number}"));
        if !link.is_symlink() {
            symlink(format!("/proc/self/fd/{number}"), &link).expect("it is made");
        }
        let mut command = solgate();
        command.args(["docs", "-o"]).arg(link).arg(minimal());
        command
    };
    let piped = to(1).output().expect("it runs");
    assert!(piped.status.success() && piped.stdout == expected, "{}", String::from_utf8_lossy(&piped.stderr));

    let path = desk.at("page.md");
    fs::write(&path, "before\n").expect("it is written");
    let file = fs::OpenOptions::new().append(true).open(&path).expect("it opens");
    let done = to(1).stdout(file.try_clone().expect("it is shared")).output().expect("it runs");
    assert!(done.status.success(), "{done:?}");
    std::io::Write::write_all(&mut &file, b"after\n").expect("it is written");
    let text = fs::read(&path).expect("it is there");
    assert!(text.starts_with(b"before\n") && text.ends_with(b"after\n") && text.len() == expected.len() + 13);

    let errors = to(2).output().expect("it runs");
    assert!(errors.status.success() && errors.stderr == expected);
    assert!(desk.at("stream-1").is_symlink() && desk.at("stream-2").is_symlink());
}

#[test]
fn a_folder_is_no_place_to_write_to() {
    let desk = Desk::new();
    fs::create_dir(desk.at("policy.wasm.sig")).expect("it is made");
    for name in ["docs", "import-cases", "sign", "build"] {
        let done = desk.run(name);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!((done.status.code(), said.contains("it is a folder; name a file in it")), (Some(2), true), "{said}");
    }
}

/// As a user for whom modes count, which root is not.
#[test]
fn a_folder_that_only_lets_read_keeps_its_files() {
    let desk = Desk::new();
    let folder = desk.at("folder");
    fs::create_dir(&folder).expect("it is made");
    fs::write(folder.join("page.md"), "before").expect("it is written");
    let is_root = fs::metadata(&folder).expect("it is there").uid() == 0;
    let program = desk.at("solgate");
    fs::copy(binary(), &program).expect("it is copied");
    let mode_of = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    mode_of(&folder, 0o555);
    mode_of(desk.0.path(), 0o755);
    mode_of(&program, 0o755);
    for file in ["page.md", "new.md"] {
        let mut command = Command::new(&program);
        command.args(["docs", "-o"]).arg(folder.join(file)).current_dir("/");
        if is_root {
            command.uid(65_534);
        }
        let done = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!((done.status.code(), said.contains("permission denied")), (Some(2), true), "{file}: {said}");
    }
    mode_of(&folder, 0o755);
    assert_eq!(fs::read(folder.join("page.md")).expect("it is there"), b"before");
    assert_eq!(fs::read_dir(&folder).expect("it is readable").count(), 1);
}

/// A key is written where nothing is, and nowhere else: no link is followed, and
/// nothing that others read from is written into.
#[test]
fn a_key_takes_the_place_of_nothing() {
    let desk = Desk::new();
    let keygen = || solgate().arg("keygen").arg(desk.at("new.key")).output().expect("it runs");
    let elsewhere = desk.at("elsewhere");
    for name in ["new.key", "new.key.pub"] {
        let path = desk.at(name);
        let placed: [&dyn Fn() -> bool; 4] = [
            &|| fs::write(&path, "").is_ok(),
            &|| symlink(&elsewhere, &path).is_ok(),
            &|| made(Command::new("mkfifo").arg(&path)),
            &|| fs::create_dir(&path).is_ok(),
        ];
        for place in placed {
            assert!(place());
            let found = || fs::symlink_metadata(&path).expect("it is there");
            let before = (found().ino(), found().file_type());
            let done = keygen();
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            assert_eq!((done.status.code(), said.contains("a key is never replaced")), (Some(2), true), "{said}");
            assert_eq!((found().ino(), found().file_type()), before);
            assert!(!elsewhere.exists());
            let names = desk.names();
            assert_eq!(names.iter().filter(|name| name.starts_with("new.")).count(), 1, "{names:?}");
            let removed = if found().is_dir() { fs::remove_dir(&path) } else { fs::remove_file(&path) };
            removed.expect("it is removed");
        }
    }
    let done = keygen();
    assert!(done.status.success(), "{done:?}");
    assert_eq!((mode(&desk.at("new.key")), mode(&desk.at("new.key.pub"))), (0o600, 0o644));
}
