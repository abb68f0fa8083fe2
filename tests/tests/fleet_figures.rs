//! What following tags and replaying decision logs cost. `make bench-fleet` runs these, and
//! prints rows as docs/performance.md has them.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use solgate_tests::certificates::Authority;
use solgate_tests::doors::{self, Serve, library};
use solgate_tests::file_server::FileServer;
use solgate_tests::process::{free_address, lines, solgate};
use solgate_tests::registry::Registry;
use solgate_tests::servers::Server;
use solgate_tests::{minimal, workspace};

/// Most bytes of a look at what is the same, beside TLS.
const LOOK: usize = 2048;
/// Most of a core for a gate that follows ten tags.
const SHARE: f64 = 0.001;
/// For ten million records.
const REPLAY: Duration = Duration::from_secs(10 * 60);

/// A number that the environment may give.
fn set(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A gate with this configuration, in an environment of its own.
fn serve(folder: &Path, config: &str, environment: &[(&str, &str)]) -> Server {
    let address: SocketAddr = free_address();
    let file = folder.join("gate.yaml");
    std::fs::write(&file, format!("listen: {address}\nlog: \"off\"\n{config}")).expect("it is written");
    let mut command = solgate();
    command.arg("serve").arg("--config").arg(&file).envs(environment.iter().copied());
    Server::start(command, address, folder)
}

fn push(policy: &Path, registry: &Registry, names: &[String], user: Option<(&str, &str)>) {
    for name in names {
        let mut command = solgate();
        command.arg("push").arg(policy).arg(registry.name(name));
        command.env("SOLGATE_REGISTRY_PLAIN_HTTP", registry.address.to_string());
        if let Some((user, password)) = user {
            command.env("SOLGATE_REGISTRY_USERNAME", user).env("SOLGATE_REGISTRY_PASSWORD", password);
        }
        let pushed = command.output().expect("it runs");
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    }
}

/// Bytes of each look, of at least five, by what has counted them and the looks.
fn per_look(transferred: impl Fn() -> usize, looks: impl Fn() -> usize) -> usize {
    // The first ones are those of the start.
    std::thread::sleep(Duration::from_secs(1));
    let _ = looks();
    let before = transferred();
    let mut count = 0;
    while count < 5 {
        std::thread::sleep(Duration::from_millis(100));
        count += looks();
    }
    // A look may be under way.
    (transferred() - before).div_ceil(count)
}

#[test]
#[ignore = "make bench-fleet"]
fn figure_of_a_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let policy = folder.join("policy.wasm");
    std::fs::write(&policy, minimal::policy(&[])).expect("it is written");
    let names = ["team/policy:stable".to_owned()];
    for (what, user) in [("a tag", None), ("a tag, where the registry asks for a password", Some(("gate", "secret")))] {
        let registry = match user {
            Some((user, password)) => Registry::with_user(&format!("{user}:{password}")),
            None => Registry::start(),
        };
        push(&policy, &registry, &names, user);
        let config = format!(
            "registry: {{ folder: kept-{1}, poll: 200ms, plainHttp: [\"{0}\"] }}\nupstreams: [{{ url: \"http://127.0.0.1:1\", policies: [\"{2}\"] }}]\n",
            registry.address,
            registry.address.port(),
            registry.name(&names[0]),
        );
        let said = [("SOLGATE_REGISTRY_USERNAME", "gate"), ("SOLGATE_REGISTRY_PASSWORD", "secret")];
        let _gate = serve(folder, &config, if user.is_some() { &said } else { &[] });
        // With a password each look asks twice, and for a token in between.
        let questions = if user.is_some() { 2 } else { 1 };
        let heads = || registry.asked().iter().filter(|asked| asked.starts_with("HEAD ")).count() / questions;
        let bytes = per_look(|| registry.transferred(), heads);
        println!("| a look at an unchanged policy, beside TLS: {what} | {bytes} bytes | < {LOOK} bytes |");
        assert!(bytes < LOOK);
    }
    let authority = Authority::new("ca");
    let server = FileServer::start(&authority);
    std::fs::write(folder.join("ca.pem"), authority.pem()).expect("it is written");
    server.put("/policy.wasm", Some("\"1\""), &std::fs::read(&policy).expect("it is there"));
    let config = format!(
        "registry: {{ folder: kept-url, poll: 200ms, caFile: ca.pem }}\nupstreams: [{{ url: \"http://127.0.0.1:1\", policies: [\"{}\"] }}]\n",
        server.url("/policy.wasm"),
    );
    let _gate = serve(folder, &config, &[]);
    let asked = || server.asked().iter().filter(|head| head.starts_with("GET /policy.wasm ")).count();
    let bytes = per_look(|| server.transferred(), asked);
    println!("| a look at an unchanged policy, beside TLS: a URL | {bytes} bytes | < {LOOK} bytes |");
    assert!(bytes < LOOK);
}

/// Processor time that a process has used.
fn used(server: &Server) -> Duration {
    ticks(&format!("/proc/{}/stat", server.pid()), [11, 12])
}

/// The sum of times in such a file, by their places behind the name, in hundredths of a
/// second.
fn ticks(file: &str, places: [usize; 2]) -> Duration {
    let stat = std::fs::read_to_string(file).expect("it runs");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("it has a name").1.split_whitespace().collect();
    let sum = places.iter().map(|place| fields[*place].parse::<u64>().expect("a number")).sum::<u64>();
    Duration::from_millis(sum * 10)
}

#[test]
#[ignore = "make bench-fleet"]
fn figure_of_following() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let seconds = Duration::from_secs(set("SOLGATE_FOLLOW_SECONDS", 120));
    let policy = folder.join("policy.wasm");
    std::fs::write(&policy, minimal::policy(&[])).expect("it is written");
    let registry = Registry::start();
    let names: Vec<String> = (0..10).map(|number| format!("team/policy:{number}")).collect();
    push(&policy, &registry, &names, None);
    let upstreams: String = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            format!(
                "  - {{ url: \"http://127.0.0.1:1/{number}\", pathPrefix: /{number}, policies: [\"{}\"] }}\n",
                registry.name(name)
            )
        })
        .collect();
    // As it is by default, and once a second.
    for (what, poll) in [("every 60 s", "60s"), ("every second", "1s")] {
        let config = format!(
            "registry: {{ folder: kept, poll: {poll}, plainHttp: [\"{}\"] }}\nupstreams:\n{upstreams}",
            registry.address
        );
        let gate = serve(folder, &config, &[]);
        std::thread::sleep(Duration::from_secs(2));
        let _ = registry.asked();
        let (before, began) = (used(&gate), Instant::now());
        std::thread::sleep(seconds);
        let share = (used(&gate) - before).as_secs_f64() / began.elapsed().as_secs_f64();
        let looks = registry.asked().len();
        let target = if poll == "60s" { "<= 0.1 %" } else { "" };
        println!(
            "| a gate that follows 10 tags, {what}: of a core ({looks} looks in {} s) | {:.3} % | {target} |",
            seconds.as_secs(),
            share * 100.0
        );
        assert!(poll != "60s" || share <= SHARE);
    }
}

/// The log of the cases of the default policy.
fn recorded(folder: &Path) -> Vec<u8> {
    let is_recorded = |asked: &doors::Asked| {
        let (said, _) = library::judge(asked);
        !doors::Said::rules(&said).iter().any(|rule| rule.starts_with("transport."))
    };
    let asked: Vec<doors::Asked> = doors::of_the_bundle().into_iter().filter(is_recorded).collect();
    let log = folder.join("decisions.jsonl");
    let serve = Serve::start(&asked, &["--decision-log", log.to_str().expect("UTF-8"), "--log-bodies"]);
    for asked in &asked {
        let (_, facts) = library::judge(asked);
        let _ = serve.judge(asked, &facts);
    }
    let count = lines(&log, asked.len()).len();
    assert_eq!(count, asked.len());
    std::fs::read(&log).expect("it is there")
}

/// Processor time that the processes have used that this one has started and that have ended.
fn used_by_others() -> Duration {
    ticks("/proc/self/stat", [13, 14])
}

/// What a replay of a file takes, by the clock and of all processors, and the most memory
/// that it has.
fn replay(log: &Path) -> (Duration, Duration, u64) {
    let (began, before) = (Instant::now(), used_by_others());
    let mut command = solgate();
    command.arg("replay").arg(log).arg("--policy").arg(workspace().join("policies/example-operator"));
    let out = log.with_extension("out");
    let output = std::fs::File::create(&out).expect("it is made");
    let mut child = command.stdout(output).spawn().expect("it starts");
    let mut memory = 0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("its state is known") {
            break status;
        }
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        memory = peak.unwrap_or(memory);
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(1), "it differs");
    let said = std::fs::read_to_string(out).expect("it is there");
    println!("{}", said.lines().last().unwrap_or_default());
    (began.elapsed(), used_by_others() - before, memory)
}

#[test]
#[ignore = "make bench-fleet"]
fn figure_of_a_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let records = usize::try_from(set("SOLGATE_REPLAY_RECORDS", 1_000_000)).expect("it is small");
    let whole = recorded(folder);
    let count = whole.iter().filter(|byte| **byte == b'\n').count();
    let part = folder.join("part");
    std::fs::write(&part, &whole).expect("it is written");
    let zipped = Command::new("gzip").arg("-c").arg(&part).output().expect("it runs").stdout;
    let mut rates = Vec::new();
    for records in [records / 4, records] {
        let times = records.div_ceil(count);
        let log = folder.join(format!("{records}.gz"));
        let mut file = std::io::BufWriter::new(std::fs::File::create(&log).expect("it is made"));
        (0..times).for_each(|_| file.write_all(&zipped).expect("it is written"));
        file.into_inner().expect("it is written").sync_all().expect("it is written");
        let (took, processors, memory) = replay(&log);
        let judged = u32::try_from(times * count).expect("it is small");
        // What else the machine does takes time from it; what it takes itself does not change.
        let of_ten_million = processors * 10_000_000 / judged / 2;
        println!(
            "| solgate replay, {} records of {} bytes on average, gzip | {:.1} s, {:.1} s of processors, {} MB | |",
            judged,
            whole.len() / count,
            took.as_secs_f64(),
            processors.as_secs_f64(),
            memory / 1000
        );
        println!("| so 10 million, on two processors | {} s | <= {} s |", of_ten_million.as_secs(), REPLAY.as_secs());
        rates.push(of_ten_million);
    }
    assert!(rates[1] <= rates[0].mul_f64(1.5), "it stays linear: {rates:?}");
    assert!(rates[1] <= REPLAY, "{rates:?}");
}
