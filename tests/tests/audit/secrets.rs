//! No secret gets into the log, in whatever form a client sends it, and what was left out
//! does not keep a request from being judged again.

use serde_json::Value;
use solgate_tests::process::{Serving, solgate};
use solgate_tests::vnfm::{Vnfm, message, send};

use super::Log;

/// Stands for every secret.
const CANARY: &str = "hunter2";

/// Members of a body.
const MEMBERS: [&str; 58] = [
    // By their names.
    r#""pwd": "hunter2""#,
    r#""userPwd": "hunter2""#,
    r#""pass": "hunter2""#,
    r#""userPass": "hunter2""#,
    r#""user_pass": "hunter2""#,
    r#""psk": "hunter2""#,
    r#""wifiPsk": "hunter2""#,
    r#""preSharedKey": "hunter2""#,
    r#""encryptionKey": "hunter2""#,
    r#""sshKey": "hunter2""#,
    r#""SSH_KEY": "hunter2""#,
    r#""sshkeys": ["hunter2"]"#,
    r#""licenseKey": "hunter2""#,
    r#""auth": {"user": "hunter2"}"#,
    r#""basicAuth": "hunter2""#,
    r#""authorization": "Basic hunter2""#,
    r#""cookie": "a=hunter2""#,
    r#""setCookie": ["hunter2"]"#,
    r#""jwt": "hunter2""#,
    r#""kubeconfig": "hunter2""#,
    r#""kube-config": "hunter2""#,
    r#""pin": "hunter2""#,
    r#""simPin": "hunter2""#,
    r#""pinCode": "hunter2""#,
    r#""otp": "hunter2""#,
    r#""totp": "hunter2""#,
    r#""pass word": "hunter2""#,
    r#""pass.word": "hunter2""#,
    r#""P A S S W O R D": "hunter2""#,
    r#""p\u0061ss": "hunter2""#,
    r#""snmpCommunity": "hunter2""#,
    // By the names beside them.
    r#""env": [{"name": "DB_PASSWORD", "value": "hunter2"}]"#,
    r#""env": [{"value": "hunter2", "name": "apiToken"}]"#,
    r#""env": [{"key": "pass", "value": {"a": ["hunter2"]}}]"#,
    // In URIs.
    r#""at": "http://u:hunter2@h.example/""#,
    r#""at": "http:\/\/u:hunter2@h.example\/""#,
    r#""at": "ftp://hunter2@h.example/""#,
    r#""at": "//u:hunter2@h.example/""#,
    r#""at": "see http://u:hunter2@h.example/ for more""#,
    r#""at": "http://u:hunt/hunter2@h.example/""#,
    r#""at": "https://h.example/?token=hunter2""#,
    r#""at": "https://h.example/?a=b&pwd=hunter2&c=d""#,
    r#""at": "https://h.example/?a=b;sig=hunter2""#,
    r#""at": "https://h.example/?X-Amz-Signature=hunter2""#,
    r#""at": "https://h.example/?%6Bey=hunter2""#,
    r#""at": "https://h.example/#access_token=hunter2""#,
    r#""at": "https://h.example/?to=http%3A%2F%2Fu%3Ahunter2%40h""#,
    // In texts.
    r##""userData": "#cloud-config\nusers:\n  - name: a\n    passwd: hunter2\n""##,
    r##""userData": "#cloud-config\nchpasswd:\n  list: |\n    root:hunter2\n""##,
    r##""bootData": "#!/bin/sh\necho root:hunter2 | chpasswd\n""##,
    r#""run": "mysql --password hunter2""#,
    r#""run": "curl -H 'Authorization: Bearer hunter2' http://h.example""#,
    r#""run": "echo root:hunter2 | chpasswd""#,
    r#""xml": "<password>hunter2</password>""#,
    r#""nested": "{\"a\": {\"pass\": \"hunter2\"}}""#,
    r#""pem": "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----""#,
    r#""header": "Bearer hunter2""#,
    // base64 of "#cloud-config\npassword: hunter2\n", which the test looks for as well.
    r#""userData": "I2Nsb3VkLWNvbmZpZwpwYXNzd29yZDogaHVudGVyMgo=""#,
];

const ENCODED: &str = "aHVudGVyMg";

const FIELDS: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];

fn subscription(member: &str) -> String {
    format!(r#"{{"callbackUri": "https://a.example/", {member}}}"#)
}

/// Bodies that nobody can take apart.
const BROKEN: [&str; 6] = [
    r#"{"pwd": "hunter2""#,
    r#"{"p\u0061ssword": "hunter2""#,
    r#"{"\u0070\u0077\u0064": "hunter2"}}"#,
    "user=a&x=hunter2",
    "hunter2",
    "<a>hunter2</a>",
];

#[test]
fn no_secret_in_a_body_gets_into_the_log() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", log.text(), "--log-bodies"]);
    for member in MEMBERS {
        let request = message("POST", "/vnflcm/v2/subscriptions", &FIELDS, &subscription(member));
        assert!(matches!(send(serving.address, &request).status, 202 | 400 | 422), "{member}");
    }
    for body in BROKEN {
        let _ = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions", &FIELDS, body));
    }
    let records = log.records(MEMBERS.len() + BROKEN.len());
    let all = MEMBERS.iter().chain(&BROKEN).zip(&records);
    let told: Vec<_> = all
        .filter(|(_, record)| {
            // The rule may say where it was, and not what.
            let text = record.to_string();
            text.contains(CANARY) || text.contains(ENCODED)
        })
        .collect();
    assert!(told.is_empty(), "{} of {}: {told:#?}", told.len(), records.len());
    for record in &records[MEMBERS.len()..] {
        let body = &record["request"]["body"];
        assert_eq!(body["sha256"].as_str().map(str::len), Some(64), "{record}");
        assert!(body["withheld"].is_string() && body.get("text").is_none(), "{record}");
    }
}

#[test]
fn no_secret_in_a_target_gets_into_the_log() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", log.text(), "--log-bodies"]);
    let queries = [
        "pwd=hunter2",
        "jwt=hunter2",
        "sig=hunter2",
        "key=hunter2",
        "code=hunter2",
        "X-Amz-Signature=hunter2",
        "a=b&auth=hunter2&c=d",
        "at=http://u:hunter2@h/",
        "at=http%3A%2F%2Fu%3Ahunter2%40h%2F",
    ];
    for query in queries {
        let target = format!("/vnflcm/v2/vnf_instances?{query}");
        let _ = send(serving.address, &message("GET", &target, &FIELDS[..2], ""));
    }
    let records = log.records(queries.len());
    for (query, record) in queries.iter().zip(&records) {
        assert!(!record.to_string().contains(CANARY), "{query}: {record}");
    }
}

/// Names that nobody else would take for a secret's.
#[test]
fn what_is_a_secret_is_a_setting_too() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let config = format!(
        "decisionLog: {{ file: {}, bodies: true, secretNames: [Customer-Ref, tariff] }}\nupstreams: [{{ url: {} }}]\n",
        log.text(),
        vnfm.url()
    );
    std::fs::write(&file, config).expect("it is written");
    let serving = Serving::start(&["--config", super::text(&file)]);
    for member in
        [r#""customerRef": "hunter2""#, r#""tariffs": ["hunter2"]"#, r#""at": "http://h/?customer_ref=hunter2""#]
    {
        let _ = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions", &FIELDS, &subscription(member)));
    }
    let _ = send(serving.address, &message("GET", "/vnflcm/v2/vnf_instances?tariff=hunter2", &FIELDS[..2], ""));
    let records = log.records(4);
    assert!(records.iter().all(|record| !record.to_string().contains(CANARY)), "{records:#?}");
    drop(serving);

    // As arguments.
    let log = Log::new();
    let arguments = ["--log-bodies", "--log-secret-name", "customerref"];
    let fixed = ["--upstream", &vnfm.url(), "--decision-log", log.text()];
    let serving = Serving::start(&[&fixed[..], &arguments].concat());
    let body = subscription(r#""customerRef": "hunter2", "kept": "hunter3""#);
    let _ = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions", &FIELDS, &body));
    let text = log.records(1).remove(0).to_string();
    assert!(!text.contains(CANARY) && text.contains("hunter3"), "{text}");
}

/// Bodies that would cost the gate its life if it followed them down.
#[test]
fn no_body_is_too_deep_for_the_log() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", log.text(), "--log-bodies"]);
    let lists = format!("{}{}", "[".repeat(400_000), "]".repeat(400_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(150_000), "}".repeat(150_000));
    for body in [&lists, &objects] {
        let answer = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions", &FIELDS, body));
        assert_eq!(answer.status, 400);
        assert_eq!(answer.rules(), ["body.json.depth"]);
    }
    for record in log.records(2) {
        assert!(record["request"]["body"]["withheld"].is_string(), "{record}");
    }
    assert_eq!(send(serving.address, &message("GET", "/nowhere", &[], "")).status, 404, "it is still there");
}

/// Allowed and denied requests with secrets in them come to the same verdict again.
#[test]
fn what_was_left_out_does_not_change_the_verdict() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", log.text(), "--log-bodies"]);
    let bodies = [
        r#"{"callbackUri": "https://u:hunter2@a.example/?token=hunter2", "authentication": {"authType": ["BASIC"], "paramsBasic": {"userName": "u", "password": "hunter2"}}}"#,
        r#"{"callbackUri": "https://a.example/", "authentication": {"authType": ["OAUTH2_CLIENT_CREDENTIALS"], "paramsOauth2ClientCredentials": {"clientId": "c", "clientPassword": "hunter2", "tokenEndpoint": "https://a.example/t"}}}"#,
        r#"{"callbackUri": 7, "pass": "hunter2"}"#,
        r#"{"authentication": {"authType": ["NONE"]}, "jwt": "hunter2"}"#,
    ];
    for body in bodies {
        let _ = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions", &FIELDS, body));
    }
    let records = log.records(bodies.len());
    let allowed: Vec<&Value> = records.iter().map(|record| &record["verdict"]["allowed"]).collect();
    assert_eq!(allowed, [true, true, false, false], "{records:#?}");
    assert!(records[0]["request"]["body"]["text"].as_str().is_some_and(|text| text.contains("a.example")));
    assert!(records.iter().all(|record| !record.to_string().contains(CANARY)));
    let done = solgate().args(["replay", log.text()]).output().expect("it runs");
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(printed.trim_end(), "4 judged the same, 0 differently, 0 not judged again");
}
