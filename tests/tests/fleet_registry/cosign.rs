//! Signatures as cosign makes them with a key, in both forms: made here, by what its
//! specifications say.

use std::path::Path;

use data_encoding::BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use solgate_tests::registry::Registry;

use super::desk::Desk;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A key such as `cosign generate-key-pair` makes.
pub struct Key(EcdsaKeyPair);

impl Key {
    /// Writes the public key as `cosign.pub` is written.
    pub fn new(path: &Path) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("random bytes");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
        let head = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
        let mut info = data_encoding::HEXLOWER.decode(head.as_bytes()).expect("digits");
        info.extend(pair.public_key().as_ref());
        let text = BASE64.encode(&info);
        let (first, second) = text.split_at(64);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n");
        std::fs::write(path, pem).expect("it is written");
        Self(pair)
    }

    fn sign(&self, message: &[u8]) -> String {
        BASE64.encode(self.0.sign(&SystemRandom::new(), message).expect("random bytes").as_ref())
    }
}

/// Simple signing: a statement under the tag `sha256-DIGEST.sig`.
pub fn simple(registry: &Registry, name: &str, digest: &str, key: &Key, said: &str, kind: &str) {
    let payload = json!({
        "critical": {"identity": {"docker-reference": "x"}, "image": {"docker-manifest-digest": said}, "type": kind},
        "optional": null,
    });
    let payload = payload.to_string();
    let mut layer = registry.blob(name, "application/vnd.dev.cosign.simplesigning.v1+json", payload.as_bytes());
    layer["annotations"] = json!({"dev.cosignproject.cosign/signature": key.sign(payload.as_bytes())});
    let config = registry.blob(name, "application/vnd.oci.image.config.v1+json", b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
    registry.manifest(name, Some(&format!("{}.sig", digest.replace(':', "-"))), &manifest);
}

/// A bundle that is attached.
fn attach(registry: &Registry, name: &str, digest: &str, bundle: &Value) {
    let layer = registry.blob(name, BUNDLE, bundle.to_string().as_bytes());
    let config = registry.blob(name, "application/vnd.oci.empty.v1+json", b"{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "config": config, "layers": [layer],
        "subject": {"mediaType": MANIFEST, "digest": digest, "size": 1},
    });
    registry.manifest(name, None, &manifest);
}

fn bundle(content: &str, value: Value) -> Value {
    let mut bundle =
        json!({"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": "x"}, "tlogEntries": []}});
    bundle[content] = value;
    bundle
}

fn message_signature(registry: &Registry, name: &str, digest: &str, key: &Key, manifest: &[u8]) {
    let hash = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, manifest).as_ref());
    let digest_of = json!({"algorithm": "SHA2_256", "digest": hash});
    let value = json!({"messageDigest": digest_of, "signature": key.sign(manifest)});
    attach(registry, name, digest, &bundle("messageSignature", value));
}

fn envelope(registry: &Registry, name: &str, digest: &str, key: &Key, said: &str, predicate: &str) {
    const KIND: &str = "application/vnd.in-toto+json";
    let subject = json!([{"name": "", "digest": {"sha256": said.trim_start_matches("sha256:")}}]);
    let payload = json!({"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": predicate, "predicate": {}});
    let payload = payload.to_string();
    let signed = format!("DSSEv1 {} {KIND} {} {payload}", KIND.len(), payload.len());
    let value = json!({"payload": BASE64.encode(payload.as_bytes()), "payloadType": KIND, "signatures": [{"sig": key.sign(signed.as_bytes())}]});
    attach(registry, name, digest, &bundle("dsseEnvelope", value));
}

#[test]
fn both_forms_of_cosign_count_and_nothing_that_resembles_them() {
    const TYPE: &str = "cosign container image signature";
    const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
    let registry = Registry::start();
    let desk = Desk::new(&registry.address.to_string());
    let (ours, theirs) = (Key::new(&desk.path("cosign.pub")), Key::new(&desk.path("theirs.pub")));
    let wrong = format!("sha256:{}", "0".repeat(64));
    type Sign<'a> = Box<dyn Fn(&str, &str, &[u8]) + 'a>;
    let table: Vec<(&str, bool, Sign<'_>)> = vec![
        ("simple", true, Box::new(|name, digest, _| simple(&registry, name, digest, &ours, digest, TYPE))),
        (
            "message",
            true,
            Box::new(|name, digest, manifest| message_signature(&registry, name, digest, &ours, manifest)),
        ),
        ("envelope", true, Box::new(|name, digest, _| envelope(&registry, name, digest, &ours, digest, SIGN))),
        ("none", false, Box::new(|_, _, _| {})),
        ("simple-theirs", false, Box::new(|name, digest, _| simple(&registry, name, digest, &theirs, digest, TYPE))),
        ("simple-other", false, Box::new(|name, digest, _| simple(&registry, name, digest, &ours, &wrong, TYPE))),
        ("simple-type", false, Box::new(|name, digest, _| simple(&registry, name, digest, &ours, digest, "atomic"))),
        (
            "message-theirs",
            false,
            Box::new(|name, digest, manifest| message_signature(&registry, name, digest, &theirs, manifest)),
        ),
        ("message-other", false, Box::new(|name, digest, _| message_signature(&registry, name, digest, &ours, b"{}"))),
        (
            "envelope-theirs",
            false,
            Box::new(|name, digest, _| envelope(&registry, name, digest, &theirs, digest, SIGN)),
        ),
        ("envelope-other", false, Box::new(|name, digest, _| envelope(&registry, name, digest, &ours, &wrong, SIGN))),
        (
            "envelope-provenance",
            false,
            Box::new(|name, digest, _| {
                envelope(&registry, name, digest, &ours, digest, "https://slsa.dev/provenance/v1")
            }),
        ),
    ];
    for (name, is_good, sign) in &table {
        let digest = desk.push("first.wasm", &format!("{name}:1"), &[]);
        let manifest = registry.content(&format!("/v2/{name}/manifests/1"));
        sign(name, &digest, &manifest);
        let policy = registry.name(&format!("{name}:1"));
        let verify = ["verify", &policy, "--public-key", "cosign.pub"];
        if *is_good {
            desk.good(&verify);
            desk.good(&["pull", &policy, "-o", "p.wasm", "--public-key", "cosign.pub"]);
            // With other keys beside it, and not when it is withdrawn.
            desk.good(&[&verify[..], &["--public-key", "team.key.pub"]].concat());
            let said = desk.bad(1, &[&verify[..], &["--withdrawn-key", "cosign.pub"]].concat());
            assert!(said.contains("withdrawn"), "{name}: {said}");
            let said = desk.bad(2, &[&verify[..], &["--least-version", "1"]].concat());
            assert!(said.contains("gives one; cosign's does not"), "{name}: {said}");
        } else {
            let said = desk.bad(1, &verify);
            assert!(said.contains("no signature by one of the keys"), "{name}: {said}");
            desk.bad(1, &["pull", &policy, "-o", "p.wasm", "--public-key", "cosign.pub"]);
        }
    }
    // A file has no manifest that cosign could have signed.
    let said = desk.bad(2, &["verify", "first.wasm", "--public-key", "cosign.pub"]);
    assert!(said.contains("not an ed25519 key"), "{said}");
}
