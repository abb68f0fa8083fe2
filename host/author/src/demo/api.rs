//! The VNFM's answers (ETSI GS NFV-SOL 003, 5.4).

use std::time::Instant;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, ETAG, HOST, LOCATION};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, request};
use http_body_util::Full;
use serde_json::{Value, json};

use super::filter;
use super::store::{Kind, Resource, Store};

type Answer = Response<Full<Bytes>>;

/// API roots under which the resources are found.
const ROOTS: [&str; 2] = ["/vnflcm/v2", "/telco/api/vnflcm/v2"];

/// One request, taken apart.
struct Call<'a> {
    method: &'a Method,
    /// Scheme, host and API root, for links.
    base: String,
    query: &'a str,
    body: Value,
}

/// Answers a request.
pub fn answer(store: &mut Store, parts: &request::Parts, body: &[u8]) -> Answer {
    store.advance(Instant::now());
    let path = parts.uri.path();
    if matches!(path, "/vnflcm/api_versions" | "/vnflcm/v2/api_versions") {
        return json_answer(
            StatusCode::OK,
            &json!({ "uriPrefix": "/vnflcm/v2", "apiVersions": [{ "version": "2.0.0", "isDeprecated": false }] }),
        );
    }
    let Some((root, rest)) = ROOTS.iter().find_map(|root| Some((root, path.strip_prefix(root)?.strip_prefix('/')?)))
    else {
        return problem(StatusCode::NOT_FOUND, "no such resource");
    };
    let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("vnfm.example");
    let call = Call {
        method: &parts.method,
        base: format!("http://{host}{root}"),
        query: parts.uri.query().unwrap_or_default(),
        body: serde_json::from_slice(body).unwrap_or_default(),
    };
    let segments: Vec<&str> = rest.split('/').collect();
    let (kind, id, task) = match segments.as_slice() {
        [kind] => (Kind::from_segment(kind), None, None),
        [kind, id] => (Kind::from_segment(kind), Some(*id), None),
        [kind, id, task] => (Kind::from_segment(kind), Some(*id), Some(*task)),
        _ => (None, None, None),
    };
    match (kind, id, task) {
        (None, ..) => problem(StatusCode::NOT_FOUND, "no such resource"),
        (Some(kind), None, _) => collection(store, &call, kind),
        (Some(kind), Some(id), _) if store.get(kind, id).is_none() => {
            problem(StatusCode::NOT_FOUND, "no such resource")
        }
        (Some(kind), Some(id), None) => individual(store, &call, kind, id),
        (Some(Kind::Instances), Some(id), Some(task)) => instance_task(store, &call, id, task),
        (Some(Kind::OpOccs), Some(id), Some(task)) => occurrence_task(store, &call, id, task),
        (Some(_), Some(_), Some(_)) => problem(StatusCode::NOT_FOUND, "no such resource"),
    }
}

fn collection(store: &mut Store, call: &Call<'_>, kind: Kind) -> Answer {
    match (call.method, kind) {
        (&Method::GET, _) => list(store, call, kind),
        (&Method::POST, Kind::Subscriptions) => subscribe(store, call),
        (&Method::POST, Kind::Instances | Kind::Snapshots) => {
            let id = store.new_id(kind);
            let mut body = json!({ "id": id });
            if let Some(members) = body.as_object_mut() {
                if kind == Kind::Instances {
                    members.insert("instantiationState".to_owned(), "NOT_INSTANTIATED".into());
                }
                members.extend(call.body.as_object().cloned().unwrap_or_default());
            }
            store.put(kind, &id, body);
            created(store, call, kind, &id)
        }
        _ => not_allowed("GET, POST"),
    }
}

fn list(store: &Store, call: &Call<'_>, kind: Kind) -> Answer {
    let wanted = filter::parameter(call.query, "filter");
    let mut found = Vec::new();
    for resource in store.all(kind) {
        match wanted.as_deref().map_or(Some(true), |wanted| filter::matches(resource, wanted)) {
            Some(true) => found.push(Value::Object(resource.body.clone())),
            Some(false) => {}
            None => return problem(StatusCode::BAD_REQUEST, "the filter is not understood"),
        }
    }
    json_answer(StatusCode::OK, &Value::Array(found))
}

/// An equal subscription is not made twice (5.4.18.3.1).
fn subscribe(store: &mut Store, call: &Call<'_>) -> Answer {
    let same = |member: &str, resource: &Resource| resource.body.get(member) == call.body.get(member);
    let existing =
        store.all(Kind::Subscriptions).find(|resource| same("callbackUri", resource) && same("filter", resource));
    if let Some(id) = existing.map(|resource| resource.text("id").to_owned()) {
        return with_location(empty(StatusCode::SEE_OTHER), call, Kind::Subscriptions, &id);
    }
    let id = store.new_id(Kind::Subscriptions);
    let mut body = json!({ "id": id });
    if let Some(members) = body.as_object_mut() {
        members.extend(call.body.as_object().cloned().unwrap_or_default());
        // Credentials are never given back.
        members.remove("authentication");
    }
    store.put(Kind::Subscriptions, &id, body);
    created(store, call, Kind::Subscriptions, &id)
}

fn individual(store: &mut Store, call: &Call<'_>, kind: Kind, id: &str) -> Answer {
    match (call.method, kind) {
        (&Method::GET, _) => match store.get(kind, id) {
            Some(resource) => with_etag(json_answer(StatusCode::OK, &Value::Object(resource.body.clone())), resource),
            None => problem(StatusCode::NOT_FOUND, "no such resource"),
        },
        (&Method::DELETE, Kind::Instances | Kind::Subscriptions | Kind::Snapshots) => {
            store.remove(kind, id);
            empty(StatusCode::NO_CONTENT)
        }
        (&Method::PATCH, Kind::Instances) => {
            if let Some(resource) = store.get_mut(kind, id) {
                for (member, value) in call.body.as_object().into_iter().flatten() {
                    resource.set(member, value.clone());
                }
            }
            let occurrence = store.start("MODIFY_INFO", id, &call.body);
            with_location(empty(StatusCode::ACCEPTED), call, Kind::OpOccs, &occurrence)
        }
        (_, Kind::Instances) => not_allowed("GET, PATCH, DELETE"),
        (_, Kind::OpOccs) => not_allowed("GET"),
        _ => not_allowed("GET, DELETE"),
    }
}

fn instance_task(store: &mut Store, call: &Call<'_>, id: &str, task: &str) -> Answer {
    let operation = match task {
        "instantiate" => "INSTANTIATE",
        "scale" => "SCALE",
        "scale_to_level" => "SCALE_TO_LEVEL",
        "change_flavour" => "CHANGE_FLAVOUR",
        "terminate" => "TERMINATE",
        "heal" => "HEAL",
        "operate" => "OPERATE",
        "change_ext_conn" => "CHANGE_EXT_CONN",
        "change_vnfpkg" => "CHANGE_VNFPKG",
        "create_snapshot" => "CREATE_SNAPSHOT",
        "revert_to_snapshot" => "REVERT_TO_SNAPSHOT",
        _ => return problem(StatusCode::NOT_FOUND, "no such task"),
    };
    if call.method != Method::POST {
        return not_allowed("POST");
    }
    let occurrence = store.start(operation, id, &call.body);
    with_location(empty(StatusCode::ACCEPTED), call, Kind::OpOccs, &occurrence)
}

fn occurrence_task(store: &mut Store, call: &Call<'_>, id: &str, task: &str) -> Answer {
    let (state, status) = match task {
        "retry" => ("PROCESSING", StatusCode::ACCEPTED),
        "rollback" => ("ROLLING_BACK", StatusCode::ACCEPTED),
        "fail" => ("FAILED", StatusCode::OK),
        "cancel" => ("FAILED_TEMP", StatusCode::ACCEPTED),
        _ => return problem(StatusCode::NOT_FOUND, "no such task"),
    };
    if call.method != Method::POST {
        return not_allowed("POST");
    }
    store.enter(id, state);
    match store.get(Kind::OpOccs, id) {
        Some(resource) if status == StatusCode::OK => json_answer(status, &Value::Object(resource.body.clone())),
        _ => empty(status),
    }
}

fn created(store: &Store, call: &Call<'_>, kind: Kind, id: &str) -> Answer {
    match store.get(kind, id) {
        Some(resource) => {
            let body = Value::Object(resource.body.clone());
            with_etag(with_location(json_answer(StatusCode::CREATED, &body), call, kind, id), resource)
        }
        None => problem(StatusCode::INTERNAL_SERVER_ERROR, "the resource is gone"),
    }
}

fn with_location(mut answer: Answer, call: &Call<'_>, kind: Kind, id: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(&format!("{}/{}/{id}", call.base, kind.segment())) {
        answer.headers_mut().insert(LOCATION, value);
    }
    answer
}

fn with_etag(mut answer: Answer, resource: &Resource) -> Answer {
    if let Ok(value) = HeaderValue::from_str(&resource.etag()) {
        answer.headers_mut().insert(ETAG, value);
    }
    answer
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = empty(status);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *answer.body_mut() = Full::new(Bytes::from(body.to_string()));
    answer
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(HeaderName::from_static("version"), HeaderValue::from_static("2.0.0"));
    answer
}

fn problem(status: StatusCode, detail: &str) -> Answer {
    let mut answer = json_answer(status, &json!({ "status": status.as_u16(), "detail": detail }));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED, "the resource does not have this method");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}
