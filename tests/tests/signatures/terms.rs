//! What a signature says beside who it is by: the version of the policy and the end of
//! its time; and keys that follow one another.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use solgate::policy::signing::{MARK_WITH_TERMS, PrivateKey, PublicKey, Signature, SignatureError, Signers, Terms};
use solgate::policy::{CheckedFile, PolicyFile, PolicySources, SourceError};

use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{message, send};

use crate::desk::{DOORS, Desk};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Desk {
    /// Signs under terms, as somebody may have done long ago.
    fn sign_under(&self, terms: Terms) {
        let key = PrivateKey::read(&self.path("team.key")).expect("a key");
        let policy = fs::read(self.path("policy.wasm")).expect("it is readable");
        self.write("policy.wasm.sig", 0o644, key.sign_under(terms, &policy).to_string());
    }

    /// Exit status and standard error of `serve` with members of the one upstream.
    fn configured(&self, members: &str) -> (i32, String) {
        self.write("solgate.yaml", 0o644, format!("upstreams:\n  - url: http://127.0.0.1:1\n{members}"));
        self.door(&["serve", "--check-config"], &["--config", "solgate.yaml"])
    }

    fn id(&self, key: &str) -> String {
        PublicKey::read(&self.path(key)).expect("a key").id().to_string()
    }
}

fn version(version: u64) -> Terms {
    Terms { version: Some(version), not_after: None }
}

fn until(end: SystemTime) -> Terms {
    Terms { version: None, not_after: Some(end) }
}

#[test]
fn a_policy_of_a_lower_version_than_the_least_is_refused() {
    let desk = Desk::new();
    let least_seven = "    policies: [{file: policy.wasm, leastVersion: 7}]\n    requireSignature: [team.key.pub]\n";
    desk.sign("team.key");
    let (status, said) = desk.configured(least_seven);
    let why = "policy.wasm: policy.wasm.sig gives the policy no version, and the least that is asked for is version 7";
    assert!(status == 2 && said.contains(why) && said.contains("solgate sign --version"), "{said}");
    for lower in [1, 6] {
        desk.sign_under(version(lower));
        let (status, said) = desk.configured(least_seven);
        let why = format!(
            "policy.wasm.sig is for version {lower} of the policy, and the least that is asked for is version 7"
        );
        assert!(status == 2 && said.contains(&why), "{said}");
    }
    for taken in ["7", "8", "18446744073709551615"] {
        assert_eq!(desk.status(&["sign", "policy.wasm", "--key", "team.key", "--version", taken]), 0);
        assert_eq!(desk.configured(least_seven).0, 0, "{taken}");
        desk.loaded(&["--policy", "policy.wasm", "--require-signature", "team.key.pub"]);
    }
    assert_eq!(desk.status(&["verify", "policy.wasm", "--public-key", "team.key.pub", "--least-version", "7"]), 0);
    desk.sign_under(version(6));
    assert_eq!(desk.status(&["verify", "policy.wasm", "--public-key", "team.key.pub", "--least-version", "7"]), 1);
    // The command line asks for the same, of all policies that it names.
    let least = ["--policy", "policy.wasm", "--require-signature", "team.key.pub", "--least-version"];
    for door in DOORS {
        let (status, said) = desk.door(door, &[&least[..], &["7"]].concat());
        let why = "policy.wasm.sig is for version 6 of the policy, and the least that is asked for is version 7";
        assert!(status == 2 && said.contains(why), "{door:?}: {said}");
    }
    desk.loaded(&[&least[..], &["6"]].concat());
    for (arguments, why) in [
        (&["--policy", "policy.wasm", "--least-version", "7"][..], "--require-signature"),
        (&["--require-signature", "team.key.pub", "--least-version", "7"], "--policy"),
        (&[&least[..], &["0"]].concat(), "0 is not in 1.."),
        (&[&least[..], &["seven"]].concat(), "invalid digit"),
    ] {
        let (status, said) = desk.door(DOORS[0], arguments);
        assert!(status == 2 && said.contains(why), "{arguments:?}: {said}");
    }
    // The candidate in the shadow has a least version of its own.
    let shadow = "    shadow: [{file: policy.wasm, leastVersion: 7}]\n    requireSignature: [team.key.pub]\n";
    let (status, said) = desk.configured(shadow);
    assert!(status == 2 && said.contains("the shadow for") && said.contains("is for version 6"), "{said}");
}

#[test]
fn a_signature_counts_until_its_end() {
    let desk = Desk::new();
    let now = SystemTime::now();
    desk.sign_under(until(now - DAY));
    let (status, said) = desk.door(DOORS[0], super::SIGNED);
    let end = humantime::format_rfc3339_seconds(now - DAY);
    assert!(
        status == 2 && said.contains(&format!("policy.wasm: policy.wasm.sig counted until {end}, and it is ")),
        "{said}"
    );
    assert_eq!(desk.status(&["verify", "policy.wasm", "--public-key", "team.key.pub"]), 1);
    // Who starts a gate shortly before learns of it.
    desk.sign_under(until(now + DAY));
    let (status, said) = desk.door(DOORS[0], super::SIGNED);
    assert!(status == 0 && said.contains("the signature of the policy ends soon"), "{said}");
    desk.sign_under(until(now + 365 * DAY));
    let (status, said) = desk.door(DOORS[0], super::SIGNED);
    assert!(status == 0 && !said.contains("ends soon"), "{said}");

    let sign = |end: &str| desk.run(&["sign", "policy.wasm", "--key", "team.key", "--not-after", end]);
    for end in ["2099-12-31", "2099-12-31T06:00:00Z"] {
        assert_eq!(sign(end).status.code(), Some(0), "{end}");
        assert_eq!(desk.door(DOORS[0], super::SIGNED).0, 0, "{end}");
    }
    for (end, why) in [
        ("2020-01-01", "this time is past already"),
        ("tomorrow", "expected a date"),
        ("2099-02-30", "expected a date"),
    ] {
        let done = sign(end);
        let said = String::from_utf8(done.stderr).expect("it is UTF-8");
        assert!(done.status.code() == Some(2) && said.contains(why), "{end}: {said}");
    }
}

#[test]
fn the_last_second_counts() {
    let end = SystemTime::UNIX_EPOCH + 20_000 * DAY;
    let file = PathBuf::from("policy.wasm");
    let hold = |now| until(end).hold(&file, None, now);
    for now in [end - DAY, end, end + Duration::from_millis(999)] {
        assert_eq!(hold(now).expect("it holds"), until(end));
    }
    assert!(matches!(hold(end + Duration::from_secs(1)), Err(SignatureError::Ended { .. })));
}

#[test]
fn a_key_follows_another_and_is_withdrawn() {
    let desk = Desk::new();
    let both =
        ["--policy", "policy.wasm", "--require-signature", "team.key.pub", "--require-signature", "other.key.pub"];
    let withdrawn = [&both[..], &["--withdrawn-key", "team.key.pub"]].concat();
    let only_new =
        ["--policy", "policy.wasm", "--require-signature", "other.key.pub", "--withdrawn-key", "team.key.pub"];
    let why = format!(
        "solgate: policy.wasm: policy.wasm.sig is a signature by the key of team.key.pub, which is withdrawn ({}): \
         have the policy signed again, with a key that counts",
        desk.id("team.key.pub")
    );
    for terms in [None, Some(version(7))] {
        desk.sign("team.key");
        if let Some(terms) = terms {
            desk.sign_under(terms);
        }
        desk.loaded(&both);
        desk.refused(&withdrawn, &why);
        desk.refused(&only_new, &why);
        let verify = ["verify", "policy.wasm", "--public-key", "team.key.pub", "--withdrawn-key", "team.key.pub"];
        assert_eq!(desk.status(&verify), 1);
    }
    let list = "    policies: [policy.wasm]\n    requireSignature: [team.key.pub, other.key.pub]\n    withdrawnKeys: [team.key.pub]\n";
    let (status, said) = desk.configured(list);
    assert!(status == 2 && said.contains("which is withdrawn"), "{said}");
    for arguments in [&["--version", "8"][..], &[]] {
        assert_eq!(desk.status(&[&["sign", "policy.wasm", "--key", "other.key"], arguments].concat()), 0);
        desk.loaded(&withdrawn);
        desk.loaded(&only_new);
        assert_eq!(desk.configured(list).0, 0);
    }
}

/// A signature with terms names its key, so that the operator knows which one is missing.
#[test]
fn an_unknown_key_is_named() {
    let desk = Desk::new();
    assert_eq!(desk.status(&["sign", "policy.wasm", "--key", "other.key", "--version", "1"]), 0);
    desk.refused(
        super::SIGNED,
        &format!(
            "solgate: policy.wasm: policy.wasm.sig is a signature by the key {}, which is none of team.key.pub: \
             have the policy signed with one of these, or trust that key as well",
            desk.id("other.key.pub")
        ),
    );
}

#[test]
fn members_that_mean_nothing_without_signatures_are_refused_where_they_stand() {
    let desk = Desk::new();
    for (members, why) in [
        (
            "    policies: [{file: policy.wasm, leastVersion: 7}]\n",
            "solgate.yaml:3:50: leastVersion goes with requireSignature",
        ),
        (
            "    shadow:\n      - {file: policy.wasm, leastVersion: 7}\n",
            "solgate.yaml:4:43: leastVersion goes with requireSignature",
        ),
        ("    withdrawnKeys: [team.key.pub]\n", "solgate.yaml:3:20: withdrawnKeys goes with requireSignature"),
        ("    policies: [{file: policy.wasm, leastVersion: 0}]\n", "solgate.yaml:3:50: expected a whole number from 1"),
        ("    policies: [{file: policy.wasm, leastversion: 7}]\n", "did you mean leastVersion?"),
        (
            "    requireSignature: [team.key.pub]\n    withdrawnKeys: [missing.pub]\n",
            "missing.pub: the key cannot be read",
        ),
    ] {
        let (status, said) = desk.configured(members);
        assert!(status == 2 && said.contains(why), "{members}{said}");
    }
    assert_eq!(desk.status(&["serve", "--check-config", "--demo", "--withdrawn-key", "team.key.pub"]), 2);
    // Nor does the library load what it cannot check.
    let file = PolicyFile { least_version: Some(1), ..PolicyFile::from(desk.path("policy.wasm")) };
    let sources = PolicySources { files: vec![file], ..PolicySources::default() };
    assert!(matches!(sources.read(), Err(SourceError::VersionWithoutSigners { .. })));
}

/// Whatever byte of the file is changed: it is refused, or says the same.
#[test]
fn terms_cannot_be_altered() {
    let desk = Desk::new();
    desk.write("policy.wasm", 0o644, "a small policy");
    let terms = Terms { version: Some(7), not_after: Some(SystemTime::UNIX_EPOCH + 40_000 * DAY) };
    desk.sign_under(terms);
    let sources = PolicySources {
        files: vec![desk.path("policy.wasm").into()],
        signers: vec![desk.path("team.key.pub")],
        withdrawn: Vec::new(),
    };
    let read = || sources.read().map(|files| files.iter().map(|CheckedFile { terms, .. }| *terms).collect::<Vec<_>>());
    assert_eq!(read().expect("it is signed"), [terms]);
    let text = desk.text("policy.wasm.sig");
    assert!(text.starts_with(&format!("{MARK_WITH_TERMS}\nsha256: ")) && text.lines().count() == 6, "{text}");
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut altered = text.clone().into_bytes();
            altered[at] ^= 1 << bit;
            desk.write("policy.wasm.sig", 0o644, altered);
            if let Ok(found) = read() {
                // The last line needs no line feed.
                assert!(found == [terms] && at + 1 == text.len(), "bit {bit} of byte {at}");
            }
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, line)| *line).collect();
        let mut twice = lines.clone();
        twice.insert(at, line);
        let mut later = lines.clone();
        later.swap(at, (at + 1) % lines.len());
        for lines in [without, twice, later] {
            desk.write("policy.wasm.sig", 0o644, lines.join("\n") + "\n");
            assert!(read().is_err(), "{lines:?}");
        }
    }
    // As editors and mail leave it.
    desk.write("policy.wasm.sig", 0o644, text.replace('\n', "\r\n"));
    assert_eq!(read().expect("it is signed"), [terms]);
    // Of another policy, it is none of this one.
    desk.write("policy.wasm.sig", 0o644, &text);
    desk.write("policy.wasm", 0o644, "another policy");
    let signers = Signers::read(&sources.signers, &[]).expect("a key");
    let refuted = signers.check(&desk.path("policy.wasm"), b"another policy");
    assert!(matches!(refuted, Err(SignatureError::Refuted { .. })), "{refuted:?}");
    assert_eq!(Signature::beside(&desk.path("policy.wasm")).expect("it is one").terms(), terms);
}

#[test]
fn the_end_of_each_signature_in_force_is_a_metric_and_follows_the_signature() {
    const NAME: &str = "solgate_policy_signature_not_after_seconds{";
    let desk = Desk::new();
    let day = |days: u64| SystemTime::UNIX_EPOCH + DAY * u32::try_from(days).expect("it is few");
    let signed = [&["--require-signature", "team.key.pub"][..]].concat();
    desk.sign_under(until(day(40_000)));
    let (address, admin) = (free_address(), free_address());
    let mut command = solgate();
    command.current_dir(desk.path(".")).args([
        "serve",
        "--listen",
        &address.to_string(),
        "--admin",
        &admin.to_string(),
    ]);
    command.args(["--upstream", "http://127.0.0.1:1", "--policy", "policy.wasm"]).args(signed);
    let server = Server::start(command, address, desk.0.path());
    let ends = || {
        let answer = send(admin, &message("GET", "/metrics", &[], ""));
        let text = String::from_utf8(answer.body).expect("it is text");
        let ends = text.lines().filter(|line| line.starts_with(NAME)).filter_map(|line| line.rsplit_once(' '));
        ends.map(|(_, end)| end.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ends(), ["3456000000"], "{}", server.said());
    // The same policy is signed again: nothing is loaded, and its end is another.
    desk.sign_under(until(day(50_000)));
    server.signal("HUP");
    let deadline = Instant::now() + Duration::from_secs(60);
    while ends() != ["4320000000"] {
        assert!(Instant::now() < deadline, "{:?}: {}", ends(), server.said());
        std::thread::sleep(Duration::from_millis(20));
    }
    // A signature without an end, or one that does not count, changes nothing but the log.
    desk.sign_under(until(day(1)));
    server.signal("HUP");
    drop(server.said_with("counted until 1970-01-02T00:00:00Z"));
    assert_eq!(ends(), ["4320000000"]);
    desk.sign("team.key");
    server.signal("HUP");
    while !ends().is_empty() {
        assert!(Instant::now() < deadline, "{:?}: {}", ends(), server.said());
        std::thread::sleep(Duration::from_millis(20));
    }
}
