//! Paths that begin otherwise for clients than for the VNFM.

use serde_json::json;
use solgate_tests::vnfm::{Reply, Vnfm, message, send};

use super::{Gate, HEAD};

const OCCURRENCE: &str = r#"{"id":"o","operationState":"FAILED_TEMP","operation":"SCALE","vnfInstanceId":"i"}"#;

fn reply(status: u16, fields: Vec<(&'static str, String)>, body: &str) -> Reply {
    Reply { status, fields, body: body.to_owned() }
}

fn lines(vnfm: &Vnfm) -> Vec<String> {
    let received = vnfm.received();
    received.iter().map(|request| request.line.trim_end_matches(" HTTP/1.1").to_owned()).collect()
}

#[test]
fn requests_facts_and_the_fields_of_answers_get_the_paths_of_the_other_side() {
    let (site1, site2, plain) = (Vnfm::start(), Vnfm::start(), Vnfm::start());
    let gate = Gate::before(&json!([
        {"url": format!("{}/tacker", site1.url()), "pathPrefix": "/site1", "stripPrefix": true},
        {"url": site2.url(), "pathPrefix": "/site2", "stripPrefix": true},
        {"url": format!("{}/a/b/", plain.url())},
    ]));
    let table =
        [(&site1, "/site1", "/tacker"), (&site1, "/s%69te1", "/tacker"), (&site2, "/site2", ""), (&plain, "", "/a/b")];
    for (vnfm, client, base) in table {
        let occurrence = format!("{base}/vnflcm/v2/vnf_lcm_op_occs/o");
        vnfm.reply("GET", &occurrence, reply(200, vec![], OCCURRENCE));
        let accepted = |location: String| reply(202, vec![("Location", location)], "");
        let own = format!("{}{occurrence}", vnfm.url());
        for (location, expected) in [
            (own, format!("http://vnfm.example{client}/vnflcm/v2/vnf_lcm_op_occs/o")),
            (occurrence.clone(), format!("{client}/vnflcm/v2/vnf_lcm_op_occs/o")),
            (
                format!("http://vnfm.example{occurrence}"),
                format!("http://vnfm.example{client}/vnflcm/v2/vnf_lcm_op_occs/o"),
            ),
            ("http://elsewhere.example/a/b".to_owned(), "http://elsewhere.example/a/b".to_owned()),
        ] {
            vnfm.reply("POST", &format!("{occurrence}/retry"), accepted(location));
            let answer = gate.send("POST", &format!("{client}/vnflcm/v2/vnf_lcm_op_occs/o/retry"), "");
            assert_eq!(
                (answer.status, answer.field("location")),
                (202, Some(expected.as_str())),
                "{}",
                gate.server.said()
            );
            assert_eq!(lines(vnfm), [format!("GET {occurrence}"), format!("POST {occurrence}/retry")]);
        }
        // A page of a list, with links in its body, which are the VNFM's own.
        let list = format!("{base}/vnflcm/v2/vnf_instances");
        let body = format!("[{{\"_links\":{{\"self\":{{\"href\":\"{}{list}/i\"}}}}}}]", vnfm.url());
        let link = format!("<{}{list}?nextpage_opaque_marker=2>; rel=\"next\"", vnfm.url());
        vnfm.reply("GET", &list, reply(200, vec![("Link", link)], &body));
        let answer = gate.send("GET", &format!("{client}/vnflcm/v2/vnf_instances?all_fields"), "");
        let expected =
            format!("<http://vnfm.example{client}/vnflcm/v2/vnf_instances?nextpage_opaque_marker=2>; rel=\"next\"");
        assert_eq!((answer.status, answer.field("link")), (200, Some(expected.as_str())));
        assert_eq!(answer.body, body.as_bytes());
        assert_eq!(lines(vnfm), [format!("GET {list}?all_fields")]);
        // What is refused is refused at the path that the client knows.
        let target = format!("{client}/vnflcm/v2/vnf_instances/i/terminate");
        let refused = gate.send("POST", &target, r#"{"terminationType":"NOW"}"#);
        assert_eq!(refused.rules(), ["terminate.type.enum"]);
        assert_eq!(refused.json()["instance"], target.as_str());
        assert_eq!(lines(vnfm), [""; 0]);
    }
    // The name of a VNFM has its path.
    let name = format!("{}/tacker", site1.url().trim_start_matches("http://"));
    assert!(
        gate.metric(&format!(
            "solgate_upstream_address_healthy{{upstream=\"{name}\",address=\"{}\"}}",
            name.trim_end_matches("/tacker")
        ))
        .is_some()
    );
}

#[test]
fn no_path_leads_out_of_the_vnfm_in_any_mode() {
    let vnfm = Vnfm::start();
    for mode in ["enforce", "monitor", "off"] {
        let gate = Gate::before(&json!([
            {"url": format!("{}/tenant-a", vnfm.url()), "pathPrefix": "/site1", "stripPrefix": true, "mode": mode},
        ]));
        for path in [
            "/site1/../tenant-b/vnflcm/v2/vnf_instances",
            "/site1/%2e%2e/tenant-b",
            "/site1/vnflcm/..;/..;/tenant-b",
            "/site1/..%2Ftenant-b",
            "/site1/%252e%252e/b",
        ] {
            let answer = gate.send("GET", path, "");
            assert_eq!(
                (answer.status, answer.rules().concat()),
                (400, "transport.target.form".to_owned()),
                "{mode} {path}"
            );
        }
        assert_eq!(vnfm.received().len(), 0, "{mode}");
    }
}

#[test]
fn the_vnfm_gets_to_know_what_was_taken_off_if_it_is_told_of_clients() {
    let vnfm = Vnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let address = solgate_tests::process::free_address();
    let config = json!({
        "listen": address.to_string(),
        "forwarding": {"clientFields": true},
        "trustedHops": ["127.0.0.1"],
        "upstreams": [{"url": vnfm.url(), "pathPrefix": "/site1", "stripPrefix": true}],
    });
    std::fs::write(&file, config.to_string()).expect("it is written");
    let mut command = solgate_tests::process::solgate();
    command.args(["serve", "--config"]).arg(&file);
    let _gate = solgate_tests::servers::Server::start(command, address, folder.path());
    for (before, expected) in [(None, "/site1"), (Some("X-Forwarded-Prefix: /outer/"), "/outer/site1")] {
        let fields: Vec<&str> = HEAD.into_iter().chain(before).collect();
        assert_eq!(send(address, &message("GET", "/site1/vnflcm/v2/vnf_instances", &fields, "")).status, 202);
        let received = vnfm.received();
        assert_eq!(received[0].field("x-forwarded-prefix"), Some(expected));
    }
}
