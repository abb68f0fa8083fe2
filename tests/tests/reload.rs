//! Policies whose files are replaced while a door is open: what takes over, what is
//! refused, and that no request notices more than the other policy.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use solgate_cases::{Source, embed};
use solgate_tests::minimal::{self, Door, HEAD, replace, terminate};
use solgate_tests::process::solgate;
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{artifact, hostile_policy};

/// Two policies that differ in the names of two rules.
struct Policies {
    first: Vec<u8>,
    second: Vec<u8>,
}

/// The rules that deny [`denied`]: by the first policy, and by the second.
const RULES: [&str; 2] = ["terminate.type", "terminate.kind"];

fn policies() -> &'static Policies {
    static POLICIES: OnceLock<Policies> = OnceLock::new();
    POLICIES.get_or_init(|| Policies {
        first: minimal::policy(&[]),
        second: minimal::policy(&[(RULES[0], RULES[1]), ("terminate.state", "terminate.condition")]),
    })
}

/// Counts the reloads with this outcome.
fn reloads(outcome: &str) -> String {
    format!("solgate_policy_reloads_total{{outcome=\"{outcome}\"}}")
}

/// The rule by which a request is denied now.
fn rule(door: &Door) -> String {
    let answer = send(door.address, &denied());
    assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&answer.body));
    answer.rules().concat()
}

/// Bytes of memory that the process has.
fn memory(door: &Door) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", door.server.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

/// A request that both policies deny, each by a rule of its own name.
fn denied() -> Vec<u8> {
    // Not of an instance that something else is waiting for.
    terminate("other", "soon")
}

/// A request that both let pass.
fn allowed() -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances/i", &HEAD[..2], "")
}

/// A folder with the first policy in it.
fn first_policy() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.wasm");
    std::fs::write(&policy, &policies().first).expect("it is written");
    (folder, policy)
}

#[test]
fn requests_are_judged_rightly_while_policies_are_replaced() {
    replaced_under_load(50);
}

#[test]
#[ignore = "takes some minutes"]
fn requests_are_judged_rightly_while_policies_are_replaced_a_thousand_times() {
    replaced_under_load(1000);
}

fn replaced_under_load(rounds: usize) {
    /// After so many, memory has all that it needs.
    const WARM: usize = 20;
    /// What it may take beyond that, in bytes.
    const MORE: u64 = 16 << 20;
    let (folder, policy) = first_policy();
    let vnfm = Vnfm::start();
    let door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &["--log", "off"]);
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut warm = 0;
    std::thread::scope(|threads| {
        let _stop = StopWhenDropped(&stop);
        for _ in 0..2 {
            threads.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let found = rule(&door);
                    assert!(RULES.contains(&found.as_str()), "{found}");
                    assert_eq!(send(door.address, &allowed()).status, 202);
                    answers.fetch_add(2, Ordering::Relaxed);
                    // The VNFM of the test keeps what it gets.
                    vnfm.forget();
                }
            });
        }
        for round in 1..=rounds {
            let (bytes, expected) = match round % 2 {
                0 => (&policies().first, RULES[0]),
                _ => (&policies().second, RULES[1]),
            };
            replace(&policy, bytes);
            if round % 5 == 0 {
                door.server.signal("HUP");
            }
            door.wait(&reloads("swapped"), round);
            assert_eq!(rule(&door), expected, "round {round}");
            if round == WARM {
                warm = memory(&door);
            }
        }
    });
    let (last, answers) = (memory(&door), answers.into_inner());
    println!("{rounds} reloads, {answers} answers, memory {} KiB, then {} KiB", warm >> 10, last >> 10);
    assert!(answers > rounds, "there was too little load: {answers}");
    assert!(last < warm + MORE, "memory grew from {warm} to {last}");
    assert_eq!(door.count(&reloads("refused")), 0, "{}", door.server.said());
    let in_use = door.metrics().lines().filter(|line| line.starts_with("solgate_policy_info{")).count();
    assert_eq!(in_use, 1, "only what is in use is reported");
}

struct StopWhenDropped<'a>(&'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_is_no_good_is_refused_and_the_policy_goes_on() {
    let (folder, policy) = first_policy();
    let vnfm = Vnfm::start();
    let door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &["--set", "maxTimeout=600"]);
    let hostile = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
    let elsewhere = tempfile::tempdir().expect("a folder");
    // It has no options, and no cases either.
    let other = std::fs::read(hostile_policy(elsewhere.path())).expect("it is readable");
    let mut failing = other.clone();
    let case = "cases:\n  - { name: a fine request is refused, path: /fine, expect: { status: 400 } }\n";
    embed(&mut failing, [&Source { name: "tests/wrong.yaml".to_owned(), text: case.to_owned() }]).expect("it is small");
    let importing = b"\0asm\x0d\0\x01\0\x07\x05\x01\x40\0\x01\0\x0a\x06\x01\0\x01x\x01\0";
    let (half, _) = policies().second.split_at(policies().second.len() / 2);
    let table: [(&str, Option<&[u8]>, &str); 7] = [
        ("no WebAssembly", Some(b"policy"), "it does not start as WebAssembly does"),
        ("a module", Some(&hostile), "this is a core module"),
        ("imports", Some(importing), "a policy imports nothing"),
        ("half of a file", Some(half), "this is not a WebAssembly component"),
        ("a case that fails", Some(&failing), "`a fine request is refused` (tests/wrong.yaml:2) fails"),
        ("no such option", Some(&other), "maxTimeout"),
        ("no file", None, "cannot read"),
    ];
    for (count, (name, candidate, reason)) in table.into_iter().enumerate() {
        match candidate {
            Some(bytes) => replace(&policy, bytes),
            None => std::fs::remove_file(&policy).expect("it is removed"),
        }
        door.wait(&reloads("refused"), count + 1);
        let said = door.server.said_with(reason);
        let refusals: Vec<&str> = said.lines().filter(|line| line.contains("policies not replaced")).collect();
        assert_eq!(refusals.len(), count + 1, "{name}: {said}");
        let last = refusals.last().expect("there is one");
        assert!(last.contains(reason), "{name}: {last}");
        assert!(last.contains("in_use=\"my-policy "), "{name}: {last}");
        let names_file = last.contains(&policy.display().to_string());
        assert_eq!(names_file, name != "no such option", "{name}: {last}");
        assert_eq!(rule(&door), RULES[0], "{name}");
        assert!(door.is_ready(), "{name}");
    }
    replace(&policy, &policies().second);
    door.wait(&reloads("swapped"), 1);
    assert_eq!(rule(&door), RULES[1]);
}

#[test]
fn sighup_reads_the_files_at_once_and_in_any_case() {
    let (folder, policy) = first_policy();
    let vnfm = Vnfm::start();
    let door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &[]);
    replace(&policy, b"policy");
    door.wait(&reloads("refused"), 1);
    // Nothing has changed since, so it is the signal.
    door.server.signal("HUP");
    door.wait(&reloads("refused"), 2);
    // What it has already is no reload.
    replace(&policy, &policies().first);
    door.server.signal("HUP");
    replace(&policy, &policies().second);
    door.server.signal("HUP");
    door.wait(&reloads("swapped"), 1);
    assert_eq!((rule(&door).as_str(), door.count(&reloads("refused"))), (RULES[1], 2));
}

/// A signature may come after its policy; until then there is none.
#[test]
fn a_policy_that_must_be_signed_takes_over_when_it_is() {
    let (folder, policy) = first_policy();
    let key = folder.path().join("team.key");
    let run = |arguments: &[&str]| {
        let done = solgate().args(arguments).output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let (key_text, policy_text) = (key.to_str().expect("UTF-8"), policy.to_str().expect("UTF-8"));
    run(&["keygen", key_text]);
    run(&["sign", policy_text, "--key", key_text]);
    let vnfm = Vnfm::start();
    let public = format!("{key_text}.pub");
    let door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &["--require-signature", &public]);
    replace(&policy, &policies().second);
    door.wait(&reloads("refused"), 1);
    assert_eq!((rule(&door).as_str(), door.is_ready()), (RULES[0], true));
    run(&["sign", policy_text, "--key", key_text]);
    door.wait(&reloads("swapped"), 1);
    assert_eq!(rule(&door), RULES[1]);
}

/// An older policy has a good signature as well: it is not to come back.
#[test]
fn an_older_policy_does_not_take_over_again() {
    let (folder, policy) = first_policy();
    let key = folder.path().join("team.key");
    let run = |arguments: &[&str]| {
        let done = solgate().args(arguments).output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let (key_text, policy_text) = (key.to_str().expect("UTF-8"), policy.to_str().expect("UTF-8"));
    let sign = |terms: &[&str]| run(&[&["sign", policy_text, "--key", key_text], terms].concat());
    run(&["keygen", key_text]);
    sign(&["--version", "6"]);
    let signature = folder.path().join("policy.wasm.sig");
    let sixth = std::fs::read(&signature).expect("it is signed");
    let vnfm = Vnfm::start();
    let public = format!("{key_text}.pub");
    let door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &["--require-signature", &public]);
    let (mut swapped, mut refused) = (0, 0);
    // The two files of a policy are replaced one after the other, and what is between is
    // refused at most once.
    let mut deliver = |bytes: &[u8], with: &dyn Fn(), taken: bool| {
        replace(&policy, bytes);
        with();
        if taken {
            swapped += 1;
            door.wait(&reloads("swapped"), swapped);
            refused = door.count(&reloads("refused"));
        } else {
            door.server.signal("HUP");
            door.wait_for(&reloads("refused"), refused + 1);
            refused = door.count(&reloads("refused"));
            assert_eq!(door.count(&reloads("swapped")), swapped);
        }
        rule(&door)
    };
    assert_eq!(deliver(&policies().second, &|| sign(&["--version", "7"]), true), RULES[1]);
    let sixth_again = || std::fs::write(&signature, &sixth).expect("it is written");
    assert_eq!(deliver(&policies().first, &sixth_again, false), RULES[1], "the first delivery");
    let deadline = Instant::now() + Duration::from_secs(60);
    let why = "its signature is for version 6, and version 7 has judged: an older policy does not take over";
    while !door.server.said().contains(why) {
        assert!(Instant::now() < deadline, "{}", door.server.said());
        door.server.signal("HUP");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(deliver(&policies().first, &|| sign(&[]), false), RULES[1], "without a version");
    // Whoever wants to go back signs again.
    assert_eq!(deliver(&policies().first, &|| sign(&["--version", "8"]), true), RULES[0]);
    assert_eq!(deliver(&policies().second, &|| sign(&["--version", "8"]), true), RULES[1], "the same version");
}

#[test]
fn without_reload_the_policy_stays() {
    let (folder, policy) = first_policy();
    let vnfm = Vnfm::start();
    let mut door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &["--no-reload"]);
    replace(&policy, &policies().second);
    door.server.signal("HUP");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !door.server.said().contains("SIGHUP has no effect on policies reason=\"reloading is turned off\"") {
        assert!(Instant::now() < deadline && door.server.is_running(), "{}", door.server.said());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((rule(&door).as_str(), door.count(&reloads("swapped"))), (RULES[0], 0));
}

#[test]
fn a_link_that_leads_elsewhere_is_another_file() {
    // As the kubelet updates a ConfigMap.
    let folder = tempfile::tempdir().expect("a folder");
    for (version, bytes) in [("..1", &policies().first), ("..2", &policies().second)] {
        std::fs::create_dir(folder.path().join(version)).expect("it is made");
        std::fs::write(folder.path().join(version).join("policy.wasm"), bytes).expect("it is written");
    }
    let (data, policy) = (folder.path().join("..data"), folder.path().join("policy.wasm"));
    symlink("..1", &data).expect("it is linked");
    symlink("..data/policy.wasm", &policy).expect("it is linked");
    let vnfm = Vnfm::start();
    let door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &[]);
    assert_eq!(rule(&door), RULES[0]);
    symlink("..2", folder.path().join("..data_tmp")).expect("it is linked");
    std::fs::rename(folder.path().join("..data_tmp"), &data).expect("it is replaced");
    door.wait(&reloads("swapped"), 1);
    assert_eq!(rule(&door), RULES[1]);
}

#[test]
fn a_request_ends_with_the_policy_that_it_began_with() {
    let (folder, policy) = first_policy();
    let vnfm = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", vnfm.local_addr().expect("it is bound"));
    let door = Door::open("serve", &url, folder.path(), &policy, &[]);
    std::thread::scope(|threads| {
        let begun = threads.spawn(|| send(door.address, &terminate("i", "FORCEFUL")));
        // It waits for a fact while another policy takes over.
        let (mut asked, _) = vnfm.accept().expect("the gate asks");
        let _ = asked.read(&mut [0; 4096]).expect("it is a request");
        replace(&policy, &policies().second);
        door.wait(&reloads("swapped"), 1);
        assert_eq!(rule(&door), RULES[1]);
        let fact = r#"{"id":"i","instantiationState":"NOT_INSTANTIATED"}"#;
        let mut answer = String::from("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
        let _ = write!(answer, "Content-Length: {}\r\n\r\n{fact}", fact.len());
        asked.write_all(answer.as_bytes()).expect("the gate waits");
        let answer = begun.join().expect("it is answered");
        assert_eq!((answer.status, answer.rules()), (409, vec!["terminate.state".to_owned()]));
    });
}

#[test]
fn the_doors_that_other_servers_ask_replace_policies_too() {
    for name in ["ext-authz", "forward-auth"] {
        let (folder, policy) = first_policy();
        let vnfm = Vnfm::start();
        let door = Door::open(name, &vnfm.url(), folder.path(), &policy, &[]);
        replace(&policy, &policies().second);
        door.wait(&reloads("swapped"), 1);
        replace(&policy, b"policy");
        door.wait(&reloads("refused"), 1);
    }
}
