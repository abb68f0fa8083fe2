//! Where policies are signed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use solgate::policy::FileDigest;
use solgate_tests::artifact;
use solgate_tests::process::solgate;

/// What starts a door that would judge, up to the policy.
pub const DOORS: [&[&str]; 3] = [
    &["serve", "--check-config", "--upstream", "http://127.0.0.1:1"],
    &["ext-authz", "--check-config", "--facts", "http://127.0.0.1:1"],
    &["forward-auth", "--check-config", "--facts", "http://127.0.0.1:1"],
];

/// A folder with a policy, and the keys of two teams.
pub struct Desk(pub tempfile::TempDir);

impl Desk {
    pub fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        fs::copy(artifact("vnflcm-v2.wasm"), desk.path("policy.wasm")).expect("it is copied");
        for key in ["team.key", "other.key"] {
            assert_eq!(desk.status(&["keygen", key]), 0);
        }
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, mode: u32, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("it is written");
        self.set_mode(name, mode);
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).expect("it is its owner's");
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it is readable")
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        solgate().args(arguments).current_dir(self.0.path()).output().expect("it runs")
    }

    pub fn status(&self, arguments: &[&str]) -> i32 {
        self.run(arguments).status.code().expect("it ends")
    }

    pub fn sign(&self, key: &str) {
        assert_eq!(self.status(&["sign", "policy.wasm", "--key", key]), 0);
    }

    /// Exit status and standard error of a door with these arguments.
    pub fn door(&self, door: &[&str], arguments: &[&str]) -> (i32, String) {
        let done = self.run(&[door, arguments].concat());
        (done.status.code().expect("it ends"), String::from_utf8(done.stderr).expect("it is UTF-8"))
    }

    /// Every door refuses to start with these arguments, and says why.
    pub fn refused(&self, arguments: &[&str], why: &str) {
        for door in DOORS {
            let (status, said) = self.door(door, arguments);
            assert_eq!((status, said.trim_end()), (2, why), "{door:?} {arguments:?}");
        }
    }

    pub fn loaded(&self, arguments: &[&str]) {
        for door in DOORS {
            let (status, said) = self.door(door, arguments);
            assert_eq!(status, 0, "{door:?} {arguments:?}: {said}");
        }
    }

    pub fn digest(&self) -> FileDigest {
        FileDigest::of(&fs::read(self.path("policy.wasm")).expect("it is readable"))
    }
}
