//! Programs that keep credentials for Docker: `docker-credential-NAME get` reads the server's
//! name, and prints a JSON object with `Username` and `Secret`.
//!
//! What such a program prints is never shown: it may hold a secret.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::error::RegistryError;

/// Bytes of an answer.
const LARGEST: usize = 64 << 10;
/// How often it is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(5);
/// What a program prints that has nothing for a server. The protocol has no other sign of it
/// than this text: docker-credential-helpers names it `errCredentialsNotFoundMessage`.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";
/// The user name beside which the secret is not a password.
const IDENTITY_TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// `USER:PASSWORD` for a server, of the program `docker-credential-NAME`; `None` if it has
/// none. The program has this much time.
///
/// # Errors
/// There is no such program, it fails or is too slow, or what it prints is not an answer.
pub async fn ask(name: &str, server: &str, limit: Duration) -> Result<Option<Zeroizing<String>>, RegistryError> {
    let (name, server) = (name.to_owned(), server.to_owned());
    let asked = tokio::task::spawn_blocking(move || {
        let fault = |fault: String| RegistryError::Helper { name: name.clone(), fault };
        if !is_name(&name) {
            return Err(fault(
                "this is not the name of a program: expected letters, digits, '.', '_' and '-'".to_owned(),
            ));
        }
        let (status, printed) = run(&name, &server, limit).map_err(fault)?;
        answer(status, &printed).map_err(fault)
    });
    asked.await.map_err(|_| RegistryError::Thread)?
}

/// A part of a file's name, and not a path: only programs that are installed are run.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c))
}

/// Runs the program, and returns how it ended and what it printed.
fn run(name: &str, server: &str, limit: Duration) -> Result<(ExitStatus, Zeroizing<Vec<u8>>), String> {
    let program = format!("docker-credential-{name}");
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // What it starts ends with it.
    command.process_group(0);
    let child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{program} is not installed: put it into a folder of PATH"),
        _ => format!("{program} cannot be run: {error}"),
    })?;
    let mut running = Running(child);
    let output = running.0.stdout.take().ok_or_else(|| format!("{program} has no output"))?;
    let (whole, printed) = std::sync::mpsc::sync_channel(1);
    let reader = std::thread::Builder::new().name("solgate-helper".to_owned()).spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST));
        let most = u64::try_from(LARGEST).unwrap_or(u64::MAX);
        let read = output.take(most).read_to_end(&mut bytes).map(|_| bytes);
        let _ = whole.send(read);
    });
    reader.map_err(|error| format!("no thread for {program}: {error}"))?;
    if let Some(mut input) = running.0.stdin.take() {
        // A program that does not read has its reasons; what it prints tells.
        let _ = input.write_all(server.as_bytes());
    }
    let until = Instant::now().checked_add(limit).unwrap_or_else(Instant::now);
    let status = loop {
        match running.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < until => std::thread::sleep(LOOK),
            Ok(None) => return Err(format!("it does not answer within {limit:?}")),
            Err(error) => return Err(format!("it cannot be waited for: {error}")),
        }
    };
    // Something that it has started may hold its output open.
    let left = until.saturating_duration_since(Instant::now()).max(LOOK);
    let printed = printed.recv_timeout(left).map_err(|_| format!("its answer does not end within {limit:?}"))?;
    let printed = printed.map_err(|error| format!("its answer cannot be read: {error}"))?;
    if printed.len() >= LARGEST {
        return Err(format!("its answer has {LARGEST} bytes or more"));
    }
    Ok((status, printed))
}

/// What it printed, as an answer.
fn answer(status: ExitStatus, printed: &[u8]) -> Result<Option<Zeroizing<String>>, String> {
    if !status.success() {
        return if printed.trim_ascii() == NOT_FOUND { Ok(None) } else { Err(format!("it failed ({status})")) };
    }
    // The error would repeat what it says.
    let Answer { username, secret } =
        serde_json::from_slice(printed).map_err(|_| "expected a JSON object with Username and Secret".to_owned())?;
    let secret = Zeroizing::new(secret);
    if username == IDENTITY_TOKEN {
        let fault = "it has an identity token, which is not used here: log in with a password or an access token";
        return Err(fault.to_owned());
    }
    Ok(Some(Zeroizing::new(format!("{username}:{}", *secret))))
}

/// A program that is running, with what it has started. It ends when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.0.try_wait() {
            return;
        }
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}
