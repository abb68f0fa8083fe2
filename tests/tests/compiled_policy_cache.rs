//! Compiled policies are native code: the cache takes them only from a folder of
//! its own, whole, and lives on without them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use solgate::policy::{Engine, EngineConfig, LoadError, Policy};
use solgate_tests::process::solgate;
use solgate_tests::{artifact, hostile_policy};

fn component() -> Vec<u8> {
    let module = fs::read(artifact("hostile.wasm")).expect("it is readable");
    solgate_bundle::bake::encode(&module).expect("it is a component")
}

fn load(cache: &Path) -> String {
    let engine = Engine::new(EngineConfig { cache: Some(cache.to_owned()), ..EngineConfig::default() });
    let policy = Policy::from_bytes(&engine.expect("it starts"), &component()).expect("it loads");
    policy.manifest().name.clone()
}

/// The compiled files in a cache.
fn files(cache: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(cache).expect("it exists").map(|entry| entry.expect("it is readable").path()).collect();
    files.sort();
    files
}

#[test]
fn the_second_start_takes_what_the_first_has_compiled() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("new/cache");
    assert_eq!(load(&cache), "hostile");
    let [file] = files(&cache).try_into().expect("one file");
    assert_eq!(fs::metadata(&cache).expect("it exists").permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&file).expect("it exists").permissions().mode() & 0o777, 0o600);
    let (inode, modified) = {
        let found = fs::metadata(&file).expect("it exists");
        (found.ino(), found.mtime_nsec())
    };
    assert_eq!(load(&cache), "hostile");
    let again = fs::metadata(&file).expect("it exists");
    assert_eq!((again.ino(), again.mtime_nsec()), (inode, modified), "compiled again");
}

/// For a thread that must not stand still for seconds.
#[test]
fn an_engine_that_compiles_nothing_takes_what_is_compiled() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    let load_only = || {
        let config = EngineConfig { cache: Some(cache.clone()), compile: false, ..EngineConfig::default() };
        let engine = Engine::new(config).expect("it starts");
        let native = Policy::vnflcm_v2(&engine).map(|policy| policy.manifest().name.clone());
        assert_eq!(native.expect("it came with native code"), "vnflcm-v2");
        Policy::from_bytes(&engine, &component()).map(|policy| policy.manifest().name.clone())
    };
    assert!(matches!(load_only(), Err(LoadError::NotCompiled)));
    load(&cache);
    assert_eq!(load_only().expect("it is in the cache"), "hostile");
}

#[test]
fn a_damaged_file_is_replaced() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    load(&cache);
    let [file] = files(&cache).try_into().expect("one file");
    let whole = fs::read(&file).expect("it is readable");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&flipped[..], &whole[..whole.len() / 2], &whole[..7], b""] {
        fs::write(&file, damaged).expect("it is writable");
        assert_eq!(load(&cache), "hostile");
        assert_eq!(fs::read(&file).expect("it is readable").len(), whole.len(), "after {} bytes", damaged.len());
    }
}

/// The SHA-256 at the end of a file stands over what is before it.
fn sealed(code: &[u8]) -> Vec<u8> {
    let seal = ring::digest::digest(&ring::digest::SHA256, code);
    [code, seal.as_ref()].concat()
}

#[test]
fn a_file_of_another_version_is_replaced() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    load(&cache);
    let [file] = files(&cache).try_into().expect("one file");
    let whole = fs::read(&file).expect("it is readable");
    let code = &whole[..whole.len() - 32];
    assert_eq!(sealed(code), whole, "the seal is as thought");
    // wasmtime writes its version in front of the target.
    let target = code.windows(6).position(|bytes| bytes == b"x86_64" || bytes == b"aarch6").expect("the target");
    let mut other = code.to_vec();
    other[target - 2] ^= 1;
    assert!(other[target - 2].is_ascii_digit(), "it is the last digit of the version");
    fs::write(&file, sealed(&other)).expect("it is writable");
    assert_eq!(load(&cache), "hostile");
    assert_eq!(fs::read(&file).expect("it is readable"), whole);
}

#[test]
fn a_link_or_a_file_of_somebody_else_is_replaced() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    load(&cache);
    let [file] = files(&cache).try_into().expect("one file");
    let elsewhere = home.path().join("elsewhere");
    fs::rename(&file, &elsewhere).expect("it is moved");
    symlink(&elsewhere, &file).expect("it is linked");
    assert_eq!(load(&cache), "hostile");
    assert!(fs::symlink_metadata(&file).expect("it exists").is_file(), "the link is gone");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).expect("it is ours");
    assert_eq!(load(&cache), "hostile");
    assert_eq!(fs::metadata(&file).expect("it exists").permissions().mode() & 0o777, 0o600, "written by others");

    // Only an administrator can give a file away.
    if std::os::unix::fs::chown(&file, Some(65534), None).is_ok() {
        assert_eq!(load(&cache), "hostile");
        assert_ne!(fs::metadata(&file).expect("it exists").uid(), 65534);
    }
}

#[test]
fn a_folder_that_others_may_write_is_not_used() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    fs::create_dir(&cache).expect("it is created");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).expect("it is ours");
    assert_eq!(load(&cache), "hostile");
    assert!(files(&cache).is_empty());

    let link = home.path().join("link");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).expect("it is ours");
    symlink(&cache, &link).expect("it is linked");
    assert_eq!(load(&link), "hostile");
    assert!(files(&cache).is_empty(), "through a link");
}

#[test]
fn a_file_in_place_of_the_folder_costs_only_the_compilation() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    fs::write(&cache, "not a folder").expect("it is written");
    assert_eq!(load(&cache), "hostile");
    assert_eq!(fs::read(&cache).expect("it is readable"), b"not a folder");
}

/// Otherwise each command would compile for seconds, and nobody would know why.
#[test]
fn a_command_says_why_the_cache_is_not_used() {
    let home = tempfile::tempdir().expect("a folder");
    let (policy, cache) = (hostile_policy(home.path()), home.path().join("cache"));
    fs::create_dir(&cache).expect("it is made");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).expect("it is changed");
    let request = home.path().join("request.raw");
    fs::write(&request, "GET /hostile/ HTTP/1.1\r\n\r\n").expect("it is written");
    let said = || {
        let mut command = solgate();
        command.arg("check").arg(&request).arg("--policy").arg(&policy).env("SOLGATE_CACHE_DIR", &cache);
        String::from_utf8(command.output().expect("it runs").stderr).expect("it is text")
    };
    let told = said();
    assert!(told.contains("its mode is 755, 700 is needed") && told.lines().count() == 1, "{told}");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).expect("it is changed");
    assert_eq!(said(), "");
    assert_eq!(files(&cache).len(), 1);
}
