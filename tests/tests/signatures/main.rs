//! Policies that are pinned or signed: what is another file than the one that was
//! asked for is refused at start, whatever door it is for.

mod desk;
mod terms;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use solgate::policy::signing::{MARK, MARK_WITH_TERMS, PrivateKey, PublicKey, Signature};
use solgate::policy::{FileDigest, Policy, PolicyFile, PolicySources};
use solgate_tests::engine;

use self::desk::{DOORS, Desk};

const SIGNED: &[&str] = &["--policy", "policy.wasm", "--require-signature", "team.key.pub"];

#[test]
fn a_policy_that_is_signed_loads_at_every_door() {
    let desk = Desk::new();
    desk.sign("team.key");
    desk.loaded(SIGNED);
    // Any of the keys, so that keys can be changed.
    desk.loaded(&[
        "--policy",
        "policy.wasm",
        "--require-signature",
        "other.key.pub",
        "--require-signature",
        "team.key.pub",
    ]);
    let pinned = format!("policy.wasm@sha256:{}", desk.digest());
    desk.loaded(&["--policy", &pinned, "--require-signature", "team.key.pub"]);
    desk.loaded(&["--policy", &pinned.to_uppercase().replace("POLICY.WASM@SHA256", "policy.wasm@sha256")]);
}

#[test]
fn a_policy_that_is_not_signed_as_it_must_be_is_refused() {
    let desk = Desk::new();
    let refuted = "solgate: policy.wasm: policy.wasm.sig is not a signature of this policy by team.key.pub: \
                   the policy was altered after it was signed, or somebody else signed it";
    let format = format!(
        "solgate: policy.wasm: policy.wasm.sig is not the signature of a policy: expected the line {MARK}, and a line of Base64"
    );
    desk.refused(
        SIGNED,
        "solgate: policy.wasm: it is not signed: there is no policy.wasm.sig, which `solgate sign` makes",
    );

    desk.sign("other.key");
    desk.refused(SIGNED, refuted);
    let neither = refuted.replace("team.key.pub", "team.key.pub or team.key.pub");
    desk.refused(&[SIGNED, &["--require-signature", "team.key.pub"]].concat(), &neither);

    desk.sign("team.key");
    let policy = fs::read(desk.path("policy.wasm")).expect("it is readable");
    for at in [0, policy.len() / 2, policy.len() - 1] {
        let mut altered = policy.clone();
        altered[at] ^= 1;
        fs::write(desk.path("policy.wasm"), altered).expect("it is written");
        desk.refused(SIGNED, refuted);
    }
    fs::write(desk.path("policy.wasm"), policy).expect("it is written");
    desk.loaded(SIGNED);

    let signature = desk.text("policy.wasm.sig");
    for wrong in ["", "\n", MARK, &signature.replace('=', ""), &signature.repeat(2)] {
        desk.write("policy.wasm.sig", 0o644, wrong);
        desk.refused(SIGNED, &format);
    }
    desk.write("policy.wasm.sig", 0o644, [0xff; 100]);
    desk.refused(SIGNED, &format);
    desk.write("policy.wasm.sig", 0o644, signature.replace('\n', "\r\n"));
    desk.loaded(SIGNED);
}

#[test]
fn a_policy_that_is_another_than_the_pinned_one_is_refused() {
    let desk = Desk::new();
    let other = FileDigest::of(b"");
    let pinned = format!("policy.wasm@sha256:{other}");
    let why = format!(
        "solgate: policy.wasm: a different file is pinned: the SHA-256 of this file is {}, of the pinned file {other}",
        desk.digest()
    );
    desk.refused(&["--policy", &pinned], &why);
    // A signature does not stand in for it, nor it for a signature.
    desk.sign("team.key");
    desk.refused(&["--policy", &pinned, "--require-signature", "team.key.pub"], &why);
    let pinned = format!("policy.wasm@sha256:{}", desk.digest());
    fs::remove_file(desk.path("policy.wasm.sig")).expect("it is there");
    desk.refused(
        &["--policy", &pinned, "--require-signature", "team.key.pub"],
        "solgate: policy.wasm: it is not signed: there is no policy.wasm.sig, which `solgate sign` makes",
    );
    for pin in ["", "12", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65)] {
        let (status, said) = desk.door(DOORS[0], &["--policy", &format!("policy.wasm@sha256:{pin}")]);
        assert_eq!((status, said.contains("64 hexadecimal digits")), (2, true), "{said}");
    }
}

#[test]
fn the_same_is_asked_by_the_configuration_file() {
    let desk = Desk::new();
    let config = |policy: &str, more: &str| {
        let text = format!("upstreams:\n  - url: http://127.0.0.1:1\n    policies:\n      - {policy}\n    {more}\n");
        desk.write("solgate.yaml", 0o644, text);
        desk.door(&["serve", "--check-config"], &["--config", "solgate.yaml"])
    };
    let right = format!("{{ file: policy.wasm, sha256: {} }}", desk.digest());
    let wrong = format!("{{ file: policy.wasm, sha256: {} }}", FileDigest::of(b""));
    let signed = "requireSignature: [team.key.pub]";
    for (policy, more, status, expected) in [
        (right.as_str(), "", 0, "the configuration is good"),
        (&format!("policy.wasm@sha256:{}", desk.digest()), "", 0, "the configuration is good"),
        (&wrong, "", 2, "a different file is pinned"),
        (&right, signed, 2, "it is not signed"),
        ("{ sha256: 00 }", "", 2, "solgate.yaml:4:9: file is missing: the path of the policy"),
        ("{ file: policy.wasm, sha256: abc }", "", 2, "solgate.yaml:4:38: expected the 64 hexadecimal digits"),
        ("{ file: policy.wasm, sha265: abc }", "", 2, "unknown member sha265; did you mean sha256?"),
        ("{ file: policy.wasm, sha256: }", "", 2, "found nothing"),
        ("7", "", 2, "solgate.yaml:4:9: expected FILE, or FILE@sha256:DIGEST"),
        ("policy.wasm", "requireSignature: []", 2, "requireSignature is empty"),
        ("policy.wasm", "requireSignature: team.key.pub", 2, "expected a list"),
        ("policy.wasm", "requireSignature: [missing.pub]", 2, "missing.pub: the key cannot be read"),
    ] {
        let (found, said) = config(policy, more);
        assert_eq!((found, said.contains(expected)), (status, true), "{policy} {more}: {said}");
    }
    desk.sign("team.key");
    assert_eq!(config(&right, signed).0, 0);
}

#[test]
fn the_built_in_policy_needs_no_signature() {
    let desk = Desk::new();
    desk.loaded(&["--require-signature", "team.key.pub"]);
    // The key must still be one.
    desk.refused(
        &["--require-signature", "missing.pub"],
        "solgate: missing.pub: the key cannot be read: No such file or directory (os error 2)",
    );
}

/// What is loaded is what was read to be checked, whatever the file holds by then.
#[test]
fn the_bytes_that_are_checked_are_the_ones_that_are_loaded() {
    let desk = Desk::new();
    desk.sign("team.key");
    let path = desk.path("policy.wasm");
    let file = PolicyFile { sha256: Some(desk.digest()), ..PolicyFile::from(path.clone()) };
    let sources = PolicySources { files: vec![file], signers: vec![desk.path("team.key.pub")], withdrawn: Vec::new() };
    let checked = sources.read().expect("it is signed and pinned");
    // Whatever is written meanwhile.
    fs::write(&path, "something else").expect("it is written");
    assert_eq!(Some(FileDigest::of(&checked[0].bytes)), sources.files[0].sha256);
    Policy::from_bytes(engine(), &checked[0].bytes).expect("it loads");
    assert!(sources.read().is_err(), "the file is another one now");
}

#[test]
fn verify_says_whether_a_policy_is_signed() {
    let desk = Desk::new();
    let verify = ["verify", "policy.wasm", "--public-key", "team.key.pub"];
    assert_eq!(desk.status(&verify), 1, "unsigned");
    desk.sign("other.key");
    assert_eq!(desk.status(&verify), 1, "signed by another");
    assert_eq!(desk.status(&[&verify[..], &["--public-key", "other.key.pub"]].concat()), 0, "one of two");
    desk.sign("team.key");
    assert_eq!(desk.status(&verify), 0);
    assert_eq!(desk.status(&["verify", "missing.wasm", "--public-key", "team.key.pub"]), 2);
    assert_eq!(desk.status(&["verify", "policy.wasm", "--public-key", "missing.pub"]), 2);
}

#[test]
fn a_private_key_is_for_its_owner_alone() {
    let desk = Desk::new();
    let mode = |name| fs::metadata(desk.path(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode("team.key"), mode("team.key.pub")), (0o600, 0o644));
    for mode in [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666] {
        desk.set_mode("team.key", mode);
        let done = desk.run(&["sign", "policy.wasm", "--key", "team.key"]);
        let said = String::from_utf8(done.stderr).expect("it is UTF-8");
        assert_eq!(
            (done.status.code(), said.contains("others than the owner can read")),
            (Some(2), true),
            "{mode:o}: {said}"
        );
        assert!(!desk.path("policy.wasm.sig").exists(), "{mode:o}");
    }
    desk.set_mode("team.key", 0o400);
    desk.sign("team.key");
    // Neither file of a pair is replaced, nor is the other then made.
    for (name, kept, gone) in [("team.key", "team.key.pub", "team.key"), ("other.key", "other.key", "other.key.pub")] {
        let before = desk.text(kept);
        fs::remove_file(desk.path(gone)).expect("it is there");
        assert_eq!(desk.status(&["keygen", name]), 2, "{kept}");
        assert_eq!((desk.text(kept), desk.path(gone).exists()), (before, false), "{kept}");
    }
}

#[test]
fn files_that_are_no_keys_are_refused_and_their_secrets_kept() {
    let desk = Desk::new();
    let private = desk.text("team.key");
    let public = desk.text("team.key.pub");
    let secret = private.lines().nth(1).expect("it has a body").to_owned();
    let relabelled = |label: &str| private.replace("PRIVATE KEY", label);
    // The name of the algorithm X25519 differs in one byte.
    let x25519 = |pem: &str| pem.replace("BQYDK2Vw", "BQYDK2Vu");
    for (key, why) in [
        ("", "this is not a PEM file"),
        ("secret\n", "this is not a PEM file"),
        (&secret, "this is not a PEM file"),
        (&public, "this is a public key"),
        (&relabelled("ENCRYPTED PRIVATE KEY"), "this is an encrypted private key"),
        (&relabelled("OPENSSH PRIVATE KEY"), "this is a private key of OpenSSH"),
        (&relabelled("EC PRIVATE KEY"), "this is something else"),
        (&x25519(&private), "this key is not an ed25519 key"),
        (&private.replace(&secret, &secret[..32]), "this key is damaged"),
        (&private.replace(&secret, &secret.replace('M', "*")), "this key is damaged"),
        (&"x".repeat(1 << 20), "this is larger than a key"),
    ] {
        desk.write("wrong.key", 0o600, key);
        told(&desk, &["sign", "policy.wasm", "--key", "wrong.key"], why, &secret);
    }
    let weak = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", weak_key());
    for (key, why) in [
        ("", "this is not a PEM file"),
        (private.as_str(), "this is a private key, which belongs only where policies are signed"),
        (&private.replace("PRIVATE KEY", "CERTIFICATE"), "this is a certificate"),
        (&x25519(&public), "this key is not an ed25519 key"),
        (&private.replace("PRIVATE", "PUBLIC"), "this key is damaged"),
        (&weak, "anybody can make signatures for this public key"),
    ] {
        desk.write("wrong.pub", 0o644, key);
        told(&desk, &["verify", "policy.wasm", "--public-key", "wrong.pub"], why, &secret);
    }
    for folder in [["sign", "policy.wasm", "--key", "."], ["verify", "policy.wasm", "--public-key", "."]] {
        told(&desk, &folder, ".: the key cannot be read: it is a folder; expected a regular file", &secret);
    }
}

/// The neutral element of the curve: of small order, so that its signatures are
/// nobody's.
fn weak_key() -> String {
    let mut key = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 0x01];
    key.resize(12 + 32, 0);
    data_encoding::BASE64.encode(&key)
}

fn told(desk: &Desk, arguments: &[&str], why: &str, secret: &str) {
    let done = desk.run(arguments);
    let said = String::from_utf8([done.stdout, done.stderr].concat()).expect("it is UTF-8");
    assert_eq!((done.status.code(), said.contains(why)), (Some(2), true), "{why}: {said}");
    assert!(!said.contains(secret.get(..20).expect("it is longer")), "{why}");
}

#[test]
fn no_part_of_a_key_or_of_a_signature_is_left_out_of_account() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("some.key");
    let key = PrivateKey::generate().expect("there is chance");
    let pem = key.to_pem().expect("it is written");
    for end in 0..pem.len() - 1 {
        write_private(&file, &pem.as_bytes()[..end]);
        assert!(PrivateKey::read(&file).is_err(), "the first {end} bytes are a key");
    }
    write_private(&file, pem.as_bytes());
    assert_eq!(PrivateKey::read(&file).expect("it is a key").public(), key.public());
    let public = folder.path().join("some.key.pub");
    fs::write(&public, key.public().to_pem().expect("it is written")).expect("it is written");
    let public = PublicKey::read(&public).expect("it is a key");

    let policy = folder.path().join("policy.wasm");
    let text = key.sign(b"policy").to_string();
    let bytes = data_encoding::BASE64.decode(text.lines().nth(1).expect("it has two lines").as_bytes()).expect("it is");
    for bit in 0..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let text = format!("{MARK}\n{}\n", data_encoding::BASE64.encode(&altered));
        fs::write(Signature::path(&policy), text).expect("it is written");
        let signature = Signature::beside(&policy).expect("it has the form of one");
        assert!(!public.verifies(b"policy", &signature), "bit {bit}");
    }
    let signature = key.sign(b"policy");
    assert!(public.verifies(b"policy", &signature));
    // A signature without the mark is one for something else.
    for other in [&b"polic"[..], b"policy\0", b"", format!("{MARK}\npolicy").as_bytes()] {
        assert!(!public.verifies(other, &signature), "{other:?}");
    }
}

fn write_private(file: &Path, content: &[u8]) {
    fs::write(file, content).expect("it is written");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("it is its owner's");
}

/// The format is that which docs/writing-policies.md describes: OpenSSL makes keys
/// and signatures for it, and checks them.
#[test]
fn openssl_does_the_same() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    let desk = Desk::new();
    let shell = |script: &str| {
        let done = Command::new("bash").args(["-ec", script]).current_dir(desk.0.path()).output().expect("it runs");
        assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    };
    shell("umask 077; openssl genpkey -algorithm ed25519 -out openssl.key");
    shell("openssl pkey -in openssl.key -pubout -out openssl.pub");
    shell(&format!("{{ echo {MARK}; cat policy.wasm; }} > signed"));
    desk.sign("openssl.key");
    shell("sed -n 2p policy.wasm.sig | base64 -d > signature");
    shell("openssl pkeyutl -verify -pubin -inkey openssl.pub -rawin -in signed -sigfile signature");
    assert_eq!(desk.status(&["verify", "policy.wasm", "--public-key", "openssl.pub"]), 0);

    // And the other way round, with a key of ours.
    shell("openssl pkey -in team.key -pubout | cmp - team.key.pub");
    shell("openssl pkeyutl -sign -inkey team.key -rawin -in signed -out signature");
    shell(&format!("{{ echo {MARK}; base64 -w0 signature; echo; }} > policy.wasm.sig"));
    desk.loaded(SIGNED);

    // The same with a version and an end.
    let digest = |of: &str| format!("$({of} | sha256sum | cut -d' ' -f1)");
    let (file, key) = (digest("cat policy.wasm"), digest("openssl pkey -pubin -in team.key.pub -outform DER"));
    shell(&format!(
        "printf '%s\\n' {MARK_WITH_TERMS} \"sha256: {file}\" \"key: {key}\" 'version: 7' \
         'not-after: 2099-12-31T23:59:59Z' > signed"
    ));
    shell("openssl pkeyutl -sign -inkey team.key -rawin -in signed -out signature");
    shell("{ cat signed; base64 -w0 signature; echo; } > policy.wasm.sig");
    desk.loaded(SIGNED);
    assert_eq!(desk.status(&["verify", "policy.wasm", "--public-key", "team.key.pub", "--least-version", "7"]), 0);
}
