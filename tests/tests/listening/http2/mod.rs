//! HTTP/2 on the listener, by frames that are made by hand.

mod heads;
mod limits;
mod raw;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use solgate_tests::process::{free_address, solgate};
use solgate_tests::vnfm::{Vnfm, message, send};

use crate::process::Gate;

/// What the VNFM has.
const LIST: &str = "/vnflcm/v2/vnf_instances";

/// A gate that takes HTTP/2, the VNFM behind it, and their folder.
struct Http2 {
    address: SocketAddr,
    admin: SocketAddr,
    vnfm: Vnfm,
    gate: Gate,
    _folder: tempfile::TempDir,
}

impl Http2 {
    /// With these limits.
    fn start(limits: &str) -> Self {
        Self::start_with(limits, |_| String::new())
    }

    /// And with other members, whose files are in the folder.
    fn start_with(limits: &str, members: impl Fn(&Path) -> String) -> Self {
        let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), Vnfm::start());
        vnfm.reply("GET", LIST, solgate_tests::vnfm::Reply::json(&serde_json::json!([])));
        let (address, admin) = (free_address(), free_address());
        let text = format!(
            "listen: {address}\nadmin: {admin}\nhttp2: true\nlimits: {{ {limits} }}\nupstreams: [{{ url: {} }}]\n{}",
            vnfm.url(),
            members(folder.path())
        );
        let gate = Gate::start(command(folder.path(), &text), "gate", folder.path());
        Self { address, admin, vnfm, gate, _folder: folder }
    }

    /// The value of a metric.
    fn metric(&self, name: &str) -> u64 {
        let metrics = send(self.admin, &message("GET", "/metrics", &[], ""));
        let text = String::from_utf8(metrics.body).expect("it is text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_else(|| panic!("{name} is not in {text}"))
    }
}

fn command(folder: &Path, text: &str) -> Command {
    let file = folder.join("gate.yaml");
    std::fs::write(&file, text).expect("it is written");
    let mut command = solgate();
    command.arg("serve").arg("--config").arg(file);
    command
}
