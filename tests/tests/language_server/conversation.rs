//! What is no message of the protocol is answered with an error, and never ends the
//! server while it can tell where the next message begins.

use serde_json::{Value, json};

use crate::client::Client;
use crate::{Bundle, POLICY};

#[test]
fn a_conversation_begins_and_ends_as_the_protocol_has_it() {
    let mut client = Client::start();
    let refused = client.answer("textDocument/hover", json!({}));
    assert_eq!(refused["error"]["code"], -32002, "{refused}");
    let greeting = json!({ "processId": 1, "rootUri": null, "capabilities": { "unknown": [1] } });
    let answer = client.request("initialize", greeting.clone());
    assert_eq!(answer["capabilities"]["textDocumentSync"]["change"], 2);
    let again = client.answer("initialize", greeting);
    assert_eq!(again["error"]["code"], -32600, "{again}");
    client.notify("initialized", json!({}));
    client.notify("$/unknown", json!({}));
    assert_eq!(client.answer("textDocument/unknown", json!({}))["error"]["code"], -32601);
    assert_eq!(client.request("shutdown", Value::Null), Value::Null);
    assert_eq!(client.answer("textDocument/hover", json!({}))["error"]["code"], -32600);
    client.notify("exit", json!(null));
    assert_eq!(client.ended().code(), Some(0));
}

#[test]
fn a_client_that_goes_away_ends_the_server() {
    let mut client = Client::initialized();
    client.notify("exit", json!(null));
    assert_eq!(client.ended().code(), Some(1));
    let mut client = Client::initialized();
    client.close_input();
    assert_eq!(client.ended().code(), Some(1));
}

#[test]
fn what_is_no_request_is_refused_and_the_next_is_answered() {
    let mut client = Client::initialized();
    let deep = "[".repeat(100_000);
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("nonsense", -32700),
        (deep.as_str(), -32700),
        ("[]", -32600),
        ("7", -32600),
        ("null", -32600),
        ("{}", -32600),
        (r#"{"jsonrpc":"2.0","id":7}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":7,"method":7}"#, -32600),
        (r#"{"jsonrpc":"1.0","id":7,"method":"shutdown"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"shutdown"}"#, -32600),
        (r#"[{"jsonrpc":"2.0","id":7,"method":"shutdown"}]"#, -32600),
        (r#"{"jsonrpc":"2.0","id":7,"method":"textDocument/unknown","params":7}"#, -32601),
    ] {
        client.body(body);
        let answer = client.next();
        assert_eq!(answer["error"]["code"], code, "{body:.80}: {answer}");
    }
    client.raw(b"Content-Length: 2\r\n\r\n\xff\xff");
    assert_eq!(client.next()["error"]["code"], -32700);
    // Notifications have no answer.
    for params in [json!(null), json!([]), json!({ "textDocument": { "uri": 7 } }), json!({ "textDocument": null })] {
        for method in ["didOpen", "didChange", "didClose", "didSave"] {
            client.notify(&format!("textDocument/{method}"), params.clone());
        }
    }
    for uri in ["", "untitled:1", "file:", "file://%", "http://a/b", "file:///no/such/place.yaml"] {
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": "a: [" });
        client.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }
    assert_eq!(client.request("shutdown", Value::Null), Value::Null);
}

#[test]
fn where_the_next_message_begins_is_lost_with_a_bad_header() {
    for bytes in [
        &b"Content-Length: 99999999999999999999\r\n\r\n{}"[..],
        b"Content-Length: 8000000000\r\n\r\n{}",
        b"nonsense\r\n\r\n{}",
        b"\r\n\r\n",
        &[0; 20_000],
    ] {
        let mut client = Client::initialized();
        client.raw(bytes);
        let answer = client.next();
        assert_eq!(answer["error"]["code"], -32700, "{answer}");
        assert_eq!(client.ended().code(), Some(2));
    }
}

#[test]
fn a_thousand_changes_come_to_one_result() {
    let bundle = Bundle::new(&[("policy.yaml", POLICY), ("hosts.txt", "a\n")]);
    let rules = bundle.at("rules/a.yaml");
    let mut client = Client::initialized();
    client.open(&rules, Some(""));
    client.open(&bundle.at("policy.yaml"), None);
    for version in 2..1000 {
        client.replace(&rules, version, &format!("- id: a\n  require: {}", "(".repeat(version as usize % 50)));
    }
    client.replace(&rules, 1000, "- id: a\n  require: bdy\n");
    let found = client.until_found(&rules, |found| {
        found.iter().any(|one| one["message"].as_str().is_some_and(|message| message.contains("`bdy`")))
    });
    assert!(found.iter().all(|one| one["source"] == "solgate"), "{found:#?}");
}
