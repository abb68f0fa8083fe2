//! The API as a client meets it, in OpenAPI.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

use serde_json::Value;
use solgate_bundle::{BuildOptions, compile_built_in, openapi_description};
use solgate_engine::version::ApiVersion;

fn description() -> Value {
    let compiled = compile_built_in("vnflcm-v2", &BuildOptions::default()).expect("it is built in");
    openapi_description(&compiled.expect("it has no mistakes").bundle, None).expect("a version")
}

#[test]
fn what_it_refers_to_is_there() {
    let description = description();
    let mut open = vec![&description];
    let mut references = 0;
    while let Some(value) = open.pop() {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            references += 1;
            let pointer = target.strip_prefix('#').expect("it is in the document");
            assert!(description.pointer(pointer).is_some(), "{target}");
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(references > 300, "{references}");
}

#[test]
fn an_operation_says_what_is_asked_and_with_what_it_is_refused() {
    let description = description();
    let terminate = &description["paths"]["/vnf_instances/{vnfInstanceId}/terminate"]["post"];
    assert_eq!(terminate["operationId"], "terminate");
    let names: Vec<&Value> = terminate["parameters"].as_array().expect("a list").iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["vnfInstanceId", "Version"]);
    let schema = &terminate["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(schema, "#/components/schemas/TerminateVnfRequest");
    for (status, is_there) in
        [("2XX", true), ("400", true), ("406", true), ("409", true), ("200", false), ("412", false)]
    {
        assert_eq!(terminate["responses"].get(status).is_some(), is_there, "{status}");
    }
    let query = &description["paths"]["/vnf_instances"]["get"]["responses"];
    assert!(query.get("409").is_none(), "a query has no state to be wrong in");
    let patch = &description["paths"]["/vnf_instances/{vnfInstanceId}"]["patch"]["responses"];
    assert!(patch.get("412").is_some(), "a modification may have If-Match");
}

/// A dialect is described where it is spoken: below the first API root, or all of them.
#[test]
fn it_is_that_of_one_dialect() {
    let with = |set: &[(&str, &str)]| {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let compiled =
            compile_built_in("vnflcm-v2", &BuildOptions { set, ..BuildOptions::default() }).expect("it is built in");
        openapi_description(&compiled.expect("it has no mistakes").bundle, None).expect("a version")
    };
    let (plain, spoken) = (with(&[]), with(&[("vendor", "true")]));
    let schema = |description: &Value, path: &str, method: &str| {
        description["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]["$ref"].clone()
    };
    let instantiate = "/vnf_instances/{vnfInstanceId}/instantiate";
    assert_eq!(schema(&plain, instantiate, "post"), "#/components/schemas/InstantiateVnfRequest");
    assert_eq!(schema(&spoken, instantiate, "post"), "#/components/schemas/VendorInstantiateRequest");
    let servers = |description: &Value| description["servers"].as_array().map(Vec::len);
    assert_eq!((servers(&plain), servers(&spoken)), (Some(1), Some(4)));
    assert_eq!(spoken["servers"][3]["variables"]["org"]["default"], "org");
    let extension = "/extension/vnf_instances";
    assert!(plain["paths"].get(extension).is_none() && spoken["paths"].get(extension).is_some());
    let version = |description: &Value| {
        let parameters =
            description["paths"][instantiate]["post"]["parameters"].as_array().cloned().unwrap_or_default();
        let found = parameters.into_iter().find(|parameter| parameter["name"] == "Version");
        found.and_then(|parameter| parameter["schema"]["pattern"].as_str().map(str::to_owned))
    };
    assert_eq!(version(&plain).as_deref(), Some(r"^(?:2\.0\.0)$"));
    assert_eq!(version(&spoken).as_deref(), Some(r"^(?:2(?:\.0(?:\.0)?)?)$"));
}

/// Notes for the compiler are not for clients.
#[test]
fn it_is_plain_openapi() {
    assert!(!description().to_string().contains("\"x-"));
}

/// A description is of one version: it has what that version has, and no other.
#[test]
fn it_is_that_of_one_version() {
    let compiled = compile_built_in("nslcm-v2", &BuildOptions::default()).expect("it is built in");
    let bundle = compiled.expect("it has no mistakes").bundle;
    let described = |version: Option<&str>| {
        let version = version.map(|version| ApiVersion::plain(version).expect("a version"));
        openapi_description(&bundle, version)
    };
    let facts = |version: Option<&str>| {
        let description = described(version).expect("it is supported");
        let methods = description["paths"]["/ns_lcm_op_occs/{nsLcmOpOccId}"].as_object().expect("methods").len();
        let schemas = &description["components"]["schemas"];
        let member = schemas["CreateNsRequest"]["properties"].get("certificateConfigurationData").is_some();
        let create = &description["paths"]["/ns_instances"]["post"]["parameters"];
        let pattern = create[0]["schema"]["pattern"].as_str().expect("a pattern").to_owned();
        (methods, member, pattern)
    };
    assert_eq!(facts(None), (1, false, r"^(?:2\.3\.0)$".to_owned()));
    assert_eq!(facts(Some("2.9.9")), (1, false, r"^(?:2\.9\.9)$".to_owned()));
    assert_eq!(facts(Some("2.12.0")), (2, true, r"^(?:2\.12\.0)$".to_owned()));
    let fault = described(Some("1.2.0")).expect_err("it is not supported");
    assert_eq!(fault.to_string(), "version 1.2.0 of the API is not one of `supportedVersions`");
}
