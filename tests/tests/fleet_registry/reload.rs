//! What a changed configuration file changes of where policies come from.

use solgate_tests::process::free_address;
use solgate_tests::registry::Registry;
use solgate_tests::servers::Server;
use solgate_tests::vnfm::Vnfm;

use super::desk::{Desk, RULES};
use super::rollout::Gate;

/// Labels hold at once; how registries are reached holds after a restart, and that is said.
#[test]
fn other_labels_choose_another_tag_and_other_registries_wait_for_a_restart() {
    let (registry, vnfm) = (Registry::start(), Vnfm::start());
    let desk = Desk::new(&registry.address.to_string());
    let berlin = desk.push("first.wasm", "p:berlin", &[]);
    let paris = desk.push("second.wasm", "p:paris", &[]);
    desk.push("failing.wasm", "p:rome", &[]);
    let write = |site: &str, poll: &str| {
        let config = format!(
            "labels: {{ site: {site} }}\nregistry: {{ poll: {poll}, folder: kept, plainHttp: [\"{0}\"] }}\n\
             upstreams: [{{ url: '{1}', policies: [\"oci://{0}/p:{{site}}\"] }}]\n",
            registry.address,
            vnfm.url(),
        );
        let beside = desk.path("gate.new");
        std::fs::write(&beside, config).expect("it is written");
        std::fs::rename(beside, desk.path("gate.yaml")).expect("it is replaced");
    };
    write("berlin", "200ms");
    let (address, admin) = (free_address(), free_address());
    let mut command = desk.command();
    command.args(["serve", "--config", "gate.yaml", "--listen", &address.to_string(), "--admin", &admin.to_string()]);
    let gate = Gate { server: Server::start(command, address, desk.folder()), address, admin };
    gate.wait_for(&berlin);
    assert_eq!(gate.rule(), RULES[0]);

    write("paris", "200ms");
    let status = gate.wait_for(&paris);
    assert_eq!((&status["labels"]["site"], gate.rule()), (&"paris".into(), RULES[1].to_owned()));
    assert_eq!(status["sources"].as_array().map(Vec::len), Some(1), "nobody follows the other tag: {status}");
    // The tag that is followed now is looked at.
    let _ = registry.asked();
    gate.wait("a look", |_| registry.asked().iter().any(|asked| asked == "HEAD /v2/p/manifests/paris"));

    // A site without a policy, and one whose policy is refused: what was before holds.
    for (site, why) in [("oslo", "p:oslo is not there"), ("rome", "a fine request is refused")] {
        write(site, "200ms");
        let said = gate.server.said_with(why);
        assert!(said.contains("configuration not replaced"), "{said}");
        assert_eq!((gate.status()["labels"]["site"].as_str(), gate.rule().as_str()), (Some("paris"), RULES[1]));
    }

    write("berlin", "1h");
    let said = gate.server.said_with("these members hold after a restart only");
    assert!(said.contains("members=\"registry\""), "{said}");
    gate.wait_for(&berlin);
    assert_eq!(gate.rule(), RULES[0], "the rest of the file holds");
    // It is still looked at five times in a second.
    desk.good(&["tag", &registry.name("p:paris"), "berlin"]);
    gate.wait_for(&paris);
}
