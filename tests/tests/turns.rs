//! Operations on one instance that arrive together: the second is judged when the
//! VNFM has answered the first, however it spells the instance. A gate that refuses
//! nothing lets nobody wait.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use solgate_tests::busy_vnfm::BusyVnfm;
use solgate_tests::process::{Serving, solgate};
use solgate_tests::vnfm::{message, send};
use solgate_tests::{copy_folder, workspace};

fn terminate(gate: SocketAddr, instance: &str) -> u16 {
    terminate_at(gate, "vnfm.example", instance)
}

fn terminate_at(gate: SocketAddr, host: &str, instance: &str) -> u16 {
    post(gate, host, &format!("{instance}/terminate"))
}

fn post(gate: SocketAddr, host: &str, path: &str) -> u16 {
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    let target = format!("/vnflcm/v2/vnf_instances/{path}");
    let request = message("POST", &target, &fields, r#"{"terminationType":"FORCEFUL"}"#);
    let request =
        String::from_utf8(request).expect("it is text").replace("Host: vnfm.example", &format!("Host: {host}"));
    send(gate, request.as_bytes()).status
}

/// Sends one request for each instance at once.
fn together(gate: SocketAddr, instances: &[&str]) -> Vec<u16> {
    std::thread::scope(|threads| {
        let asking: Vec<_> = instances.iter().map(|instance| threads.spawn(|| terminate(gate, instance))).collect();
        let mut answers: Vec<u16> = asking.into_iter().map(|thread| thread.join().expect("an answer")).collect();
        answers.sort_unstable();
        answers
    })
}

/// Tacker serves the versions 1 and 2 of the API on one port, for the same instances.
#[test]
fn versions_of_an_api_take_turns_and_different_apis_do_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut policies = Vec::new();
    for (name, root) in [("two", "/vnflcm/v2"), ("one", "/vnflcm/v1"), ("services", "/nslcm/v2")] {
        let bundle = folder.path().join(name);
        copy_folder(&workspace().join("host/bundle/templates/minimal"), &bundle);
        let file = bundle.join("policy.yaml");
        let text = std::fs::read_to_string(&file).expect("it is readable");
        std::fs::write(file, text.replace("my-policy", name).replace("/vnflcm/v2", root)).expect("it is written");
        let baked = folder.path().join(format!("{name}.wasm"));
        let built = solgate().arg("build").arg(&bundle).arg("-o").arg(&baked).output().expect("it runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        policies.extend(["--policy".to_owned(), baked.to_str().expect("UTF-8").to_owned()]);
    }
    let (vnfm, address) = BusyVnfm::start();
    let upstream = format!("http://{address}");
    let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
    let serving = Serving::start(&[&["--upstream", &upstream, "--log", "off"], &policies[..]].concat());
    let gate = serving.address;
    let both = |roots: [&str; 2], instance: &str| {
        std::thread::scope(|threads| {
            for root in roots {
                threads.spawn(move || {
                    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
                    let target = format!("{root}/vnf_instances/{instance}/terminate");
                    send(gate, &message("POST", &target, &fields, r#"{"terminationType":"FORCEFUL"}"#)).status
                });
            }
        });
    };
    for instance in ["a1", "a2", "a3"] {
        both(["/vnflcm/v1", "/vnflcm/v2"], instance);
    }
    assert_eq!(vnfm.most.load(Ordering::SeqCst), 1, "one operation at a time on each");
    // The VNFM answers when both have arrived.
    both(["/nslcm/v2", "/vnflcm/v2"], "pair-1");
    assert_eq!(vnfm.most.load(Ordering::SeqCst), 2);
}

#[test]
fn of_two_operations_on_one_instance_one_reaches_the_vnfm() {
    let (vnfm, address) = BusyVnfm::start();
    let gate = Serving::start(&["--log", "off", "--upstream", &format!("http://{address}")]);
    for round in 0..20 {
        let instance = format!("i{round:02}");
        assert_eq!(together(gate.address, &[&instance, &instance]), [202, 409], "round {round}");
    }
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 20);
}

#[test]
fn operations_on_different_instances_do_not_wait_for_each_other() {
    let (_, address) = BusyVnfm::start();
    let gate = Serving::start(&["--log", "off", "--upstream", &format!("http://{address}")]);
    assert_eq!(together(gate.address, &["pair-1", "pair-2"]), [202, 202]);
}

/// A database may mind neither the case of letters nor blanks at the end, and a server
/// may drop parameters: these are one instance to some VNFM.
#[test]
fn of_all_spellings_of_one_instance_one_is_at_the_vnfm_at_a_time() {
    let spellings = ["ab-1", "AB-1", "Ab-1", "a%62-1", "%41%42-1", "ab-1%20", "AB-1%20%20", "ab-1;v=1", "a%2562-1"];
    let (vnfm, address) = BusyVnfm::start();
    // To a policy that compares ids as texts they are several, so that all pass.
    let gate = Serving::start(&["--log", "off", "--upstream", &format!("http://{address}")]);
    for round in 0..5 {
        vnfm.busy.lock().unwrap().clear();
        let answers = together(gate.address, &spellings);
        assert!(answers.iter().all(|status| [202, 409].contains(status)), "round {round}: {answers:?}");
    }
    assert!(vnfm.arrived.lock().unwrap().len() >= 5, "some arrive");
    assert_eq!(vnfm.most.load(Ordering::SeqCst), 1, "one at a time");
}

/// What is no operation for the policy that reads it strictly is one where the rule about
/// the slash only warns.
#[test]
fn a_slash_at_the_end_makes_no_other_resource() {
    let (vnfm, address) = BusyVnfm::start();
    let url = format!("http://{address}");
    let relaxed = ["--severity", "route.trailing-slash=warn"];
    let gate = Serving::start(&[&["--log", "off", "--upstream", &url], &relaxed[..]].concat());
    std::thread::scope(|threads| {
        let paths = ["i1/terminate", "i1/terminate/", "i1/terminate/", "I1/terminate/"];
        let asking = paths.map(|path| threads.spawn(move || post(gate.address, "vnfm.example", path)));
        for answer in asking.map(|thread| thread.join().expect("an answer")) {
            assert!([202, 409].contains(&answer), "{answer}");
        }
    });
    assert_eq!(vnfm.most.load(Ordering::SeqCst), 1, "one at a time");
}

/// The VNFM answers none of them before all have arrived.
#[test]
fn nobody_waits_for_a_gate_that_refuses_nothing() {
    for mode in ["monitor", "off"] {
        let (vnfm, address) = BusyVnfm::start();
        let gate = Serving::start(&["--log", "off", "--mode", mode, "--upstream", &format!("http://{address}")]);
        assert_eq!(together(gate.address, &["crowd"; 40]), [202; 40], "{mode}");
        assert_eq!(vnfm.most.load(Ordering::SeqCst), 40, "{mode}");
    }
}

#[test]
fn entries_that_lead_to_one_vnfm_share_its_turns() {
    let (vnfm, address) = BusyVnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let config =
        format!("upstreams: [{{ url: 'http://{address}' }}, {{ url: 'http://{address}', host: other.example }}]");
    std::fs::write(&file, config).expect("it is written");
    let gate = Serving::start(&["--log", "off", "--config", file.to_str().expect("UTF-8")]);
    for round in 0..10 {
        let instance = format!("i{round:02}");
        let answers = std::thread::scope(|threads| {
            let (gate, instance) = (gate.address, &instance);
            let asking =
                ["vnfm.example", "other.example"].map(|host| threads.spawn(move || terminate_at(gate, host, instance)));
            let mut answers = asking.map(|thread| thread.join().expect("an answer"));
            answers.sort_unstable();
            answers
        });
        assert_eq!(answers, [202, 409], "round {round}");
    }
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 10);
}
