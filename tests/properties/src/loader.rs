//! The loader of policies: components, what they carry, signatures and keys.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use solgate::policy::signing::{KeyError, PrivateKey, PublicKey, Signature};
use solgate::policy::{Engine, EngineConfig, EvaluationLimits, LoadError, Policy};
use solgate_bundle::bake::bundle_of;
use solgate_engine::verdict::{Context, Outcome, Request};

use crate::message::split_once;

/// Without a cache, which would grow with every input.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let evaluation = EvaluationLimits { time: Duration::from_millis(100), ..EvaluationLimits::default() };
    Engine::new(EngineConfig { concurrency: 4, evaluation, ..EngineConfig::default() }).expect("the engine starts")
});

/// The first line of the input says what the rest is: `signature`, `public-key` or
/// `private-key`, each the content of a file; else all of it is a component. Whatever
/// it is:
///
/// - a component is refused with words, or judges requests: a denial has a status of
///   an error;
/// - a key or a signature is refused, or is the same when it is written and read again;
/// - nothing of what a file of a private key holds is in what is said of it;
/// - a signature that somebody has thought up is not one of a key.
///
/// # Panics
/// If it is not so.
pub fn loader(input: &[u8]) {
    match split_once(input, b"\n") {
        Some((b"signature", text)) => signature(text),
        Some((b"public-key", text)) => public_key(text),
        Some((b"private-key", text)) => private_key(text),
        _ => component(input),
    }
}

fn component(bytes: &[u8]) {
    let _ = bundle_of(bytes).map_err(|error| assert!(!error.to_string().is_empty()));
    let policy = match Policy::from_bytes(&ENGINE, bytes) {
        Ok(policy) => policy,
        Err(error @ LoadError::Read { .. }) => {
            panic!("that has nothing to do with these bytes: {error}")
        }
        Err(error) => return assert!(error.to_string().len() > 20, "{error}"),
    };
    let _ = solgate_cases::embedded(bytes, &policy.manifest().into())
        .map_err(|error| assert!(!error.to_string().is_empty()));
    assert!(!policy.manifest().name.is_empty());
    let request = Request { method: "GET", target: "/hostile/", fields: &[], body: b"", body_complete: true };
    if let Ok(Outcome::Deny(denial)) = policy.evaluate(&request, &Context::default()) {
        assert!((400..600).contains(&denial.status), "{}", denial.status);
    }
}

fn signature(text: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    let policy = folder.path().join("policy.wasm");
    write(&Signature::path(&policy), text);
    let Ok(signature) = Signature::beside(&policy) else { return };
    write(&Signature::path(&policy), signature.to_string().as_bytes());
    assert_eq!(Signature::beside(&policy).expect("it is read again"), signature);
    let key = PrivateKey::generate().expect("there are random bytes").public();
    assert!(!key.verifies(b"policy", &signature), "it is not by this key");
}

fn public_key(text: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("key.pub");
    write(&path, text);
    let Ok(key) = PublicKey::read(&path).inspect_err(check_words) else { return };
    write(&path, key.to_pem().expect("it is written").as_bytes());
    assert_eq!(PublicKey::read(&path).expect("it is read again"), key);
}

fn private_key(text: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("key");
    write(&path, text);
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is mine");
    let read = PrivateKey::read(&path).inspect_err(|error| {
        check_words(error);
        check_secrecy(error, text);
    });
    let Ok(key) = read else { return };
    assert!(key.public().verifies(b"policy", &key.sign(b"policy")), "what it signs it has signed");
    write(&path, key.to_pem().expect("it is written").as_bytes());
    assert_eq!(PrivateKey::read(&path).expect("it is read again").public(), key.public());
}

fn check_words(error: &KeyError) {
    assert!(error.to_string().len() > 20, "{error}");
}

/// A key is Base64; no word of a sentence is as long as a part of 16 characters.
fn check_secrecy(error: &KeyError, text: &[u8]) {
    let said = format!("{} {:?}", error.fault, error.fault);
    let text = String::from_utf8_lossy(text);
    for part in text.split(|char: char| !char.is_ascii_alphanumeric() && !"+/".contains(char)) {
        for part in part.as_bytes().chunks_exact(16).filter_map(|part| std::str::from_utf8(part).ok()) {
            assert!(!said.contains(part), "{part:?} is in {said:?}");
        }
    }
}

fn write(path: &Path, text: &[u8]) {
    std::fs::write(path, text).expect("it is written");
}
