//! A registry that says what is not so, or too much.

use serde_json::json;
use solgate_tests::registry::{Registry, respond};

use super::desk::{Desk, policies};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[test]
fn nothing_is_read_that_is_larger_than_it_may_be_or_another() {
    let registry = Registry::start();
    let desk = Desk::new(&registry.address.to_string());
    let pull = || desk.bad(2, &["pull", &registry.name("p:1"), "-o", "p.wasm"]);

    // A manifest: said to be too large, and never sent; or sent without end.
    let head = format!("Content-Type: {MANIFEST}\r\n");
    registry.answer("/v2/p/manifests/1", format!("HTTP/1.1 200 OK\r\n{head}Content-Length: 99999999999\r\n\r\n"));
    assert!(pull().contains("99999999999 bytes, and 4194304 at most"), "{}", pull());
    let endless = "400000\r\n".to_owned() + &" ".repeat(0x40_0000) + "\r\n1\r\n \r\n";
    registry
        .answer("/v2/p/manifests/1", format!("HTTP/1.1 200 OK\r\n{head}Transfer-Encoding: chunked\r\n\r\n{endless}"));
    assert!(pull().contains("4194304 at most"), "{}", pull());

    let registry = Registry::start();
    let desk = Desk::new(&registry.address.to_string());
    let manifest = |layer: serde_json::Value| {
        let config = registry.blob("p", "application/vnd.wasm.config.v0+json", b"{}");
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        registry.manifest("p", Some("1"), &manifest);
        desk.bad(2, &["pull", &registry.name("p:1"), "-o", "p.wasm"])
    };
    let good = registry.blob("p", "application/wasm", &policies().first);
    // A component: larger than any by its descriptor, or by what comes; another one; none.
    let larger = json!({"mediaType": "application/wasm", "digest": good["digest"], "size": 300 << 20});
    let said = manifest(larger);
    assert!(said.contains("314572800 bytes, and 268435456 at most"), "{said}");
    let shorter = json!({"mediaType": "application/wasm", "digest": good["digest"], "size": 10});
    let said = manifest(shorter);
    assert!(said.contains("and 10 at most are read of it"), "{said}");
    let path = format!("/v2/p/blobs/{}", good["digest"].as_str().expect("a digest"));
    registry.answer(&path, respond(200, "", &policies().second));
    let other = json!({"mediaType": "application/wasm", "digest": good["digest"], "size": policies().second.len()});
    let said = manifest(other);
    assert!(said.contains("is not what was asked for: its SHA-256 is"), "{said}");
    let said = manifest(json!({"mediaType": "application/vnd.docker.image", "digest": good["digest"], "size": 10}));
    assert!(said.contains("its layer is application/vnd.docker.image; expected application/wasm"), "{said}");
    let said = manifest(json!({"mediaType": "application/wasm", "digest": "md5:1", "size": 10}));
    assert!(said.contains("is not sha256"), "{said}");

    // What is said for people cannot steer a terminal.
    let error = json!({"errors": [{"code": "X", "message": "\u{1b}[31mgone"}]}).to_string();
    registry.answer("/v2/p/manifests/1", respond(418, "", error.as_bytes()));
    let said = desk.bad(2, &["pull", &registry.name("p:1"), "-o", "p.wasm"]);
    assert!(said.contains("418") && said.contains("gone") && !said.contains('\u{1b}'), "{said}");
    // Nobody leads us to where nothing is encrypted, or round in circles.
    registry.answer("/v2/p/manifests/1", respond(307, "Location: /v2/p/manifests/1\r\n", b""));
    let said = desk.bad(2, &["pull", &registry.name("p:1"), "-o", "p.wasm"]);
    assert!(said.contains("there are too many redirections"), "{said}");
    assert!(!desk.path("p.wasm").exists());
}
