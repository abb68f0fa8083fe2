//! The answers of VNFM and NFVO (ETSI GS NFV-SOL 003, 5.4, and 005, 6.4).

use std::time::Instant;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, ETAG, HOST, LOCATION};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, request};
use http_body_util::Full;
use serde_json::{Value, json};

use super::filter;
use super::store::{Kind, Resource, Store};
use super::terms::Terms;

type Answer = Response<Full<Bytes>>;

/// One request, taken apart.
struct Call<'a> {
    method: &'a Method,
    /// Scheme, host and API root, for links.
    base: String,
    query: &'a str,
    body: Value,
}

/// Answers a request, from the store of the API that its path is below.
pub fn answer(stores: &mut [Store], parts: &request::Parts, body: &[u8]) -> Answer {
    let path = parts.uri.path();
    let found = stores.iter_mut().find_map(|store| Some((place(store.terms, path)?, store)));
    match found {
        Some((Place::Versions, store)) => versions(store.terms),
        Some((Place::Below(root, rest), store)) => {
            store.advance(Instant::now());
            let mut answer = resource(store, parts, body, root, rest);
            answer.headers_mut().insert(HeaderName::from_static("version"), version(store.terms));
            answer
        }
        None => problem(StatusCode::NOT_FOUND, "no such resource"),
    }
}

/// Where in an API a path leads.
enum Place<'p> {
    Versions,
    /// Below a root, which stands first.
    Below(&'static str, &'p str),
}

fn place<'p>(terms: &Terms, path: &'p str) -> Option<Place<'p>> {
    let of_api = path.strip_prefix('/').and_then(|path| path.strip_prefix(terms.api));
    if matches!(of_api, Some("/api_versions" | "/v2/api_versions")) {
        return Some(Place::Versions);
    }
    terms.roots.iter().find_map(|root| Some(Place::Below(root, path.strip_prefix(root)?.strip_prefix('/')?)))
}

fn versions(terms: &Terms) -> Answer {
    let mut answer = json_answer(
        StatusCode::OK,
        &json!({
            "uriPrefix": terms.roots.first(),
            "apiVersions": [{ "version": terms.version, "isDeprecated": false }],
        }),
    );
    answer.headers_mut().insert(HeaderName::from_static("version"), version(terms));
    answer
}

fn version(terms: &Terms) -> HeaderValue {
    HeaderValue::from_static(terms.version)
}

fn resource(store: &mut Store, parts: &request::Parts, body: &[u8], root: &str, rest: &str) -> Answer {
    let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("vnfm.example");
    let call = Call {
        method: &parts.method,
        base: format!("http://{host}{root}"),
        query: parts.uri.query().unwrap_or_default(),
        body: serde_json::from_slice(body).unwrap_or_default(),
    };
    let segments: Vec<&str> = rest.split('/').collect();
    let (kind, id, task) = match segments.as_slice() {
        [kind] => (Kind::from_segment(store.terms, kind), None, None),
        [kind, id] => (Kind::from_segment(store.terms, kind), Some(*id), None),
        [kind, id, task] => (Kind::from_segment(store.terms, kind), Some(*id), Some(*task)),
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
        (&Method::POST, Kind::Instances | Kind::Snapshots) if kind == Kind::Instances || store.terms.direct => {
            let id = store.new_id(kind);
            let mut body = json!({ "id": id });
            if let Some(members) = body.as_object_mut() {
                if kind == Kind::Instances {
                    members.insert(store.terms.state.to_owned(), "NOT_INSTANTIATED".into());
                }
                for (name, value) in call.body.as_object().into_iter().flatten() {
                    let renamed = store.terms.renamed.iter().find(|(from, _)| from == name);
                    members.insert(renamed.map_or(name.as_str(), |(_, to)| to).to_owned(), value.clone());
                }
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
        return with_location(empty(StatusCode::SEE_OTHER), store.terms, call, Kind::Subscriptions, &id);
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
        (&Method::PATCH, Kind::Instances) if store.terms.direct => {
            if let Some(resource) = store.get_mut(kind, id) {
                for (member, value) in call.body.as_object().into_iter().flatten() {
                    resource.set(member, value.clone());
                }
            }
            let occurrence = store.start("MODIFY_INFO", id, &call.body);
            with_location(empty(StatusCode::ACCEPTED), store.terms, call, Kind::OpOccs, &occurrence)
        }
        (_, Kind::Instances) if store.terms.direct => not_allowed("GET, PATCH, DELETE"),
        (_, Kind::OpOccs) => not_allowed("GET"),
        _ => not_allowed("GET, DELETE"),
    }
}

fn instance_task(store: &mut Store, call: &Call<'_>, id: &str, task: &str) -> Answer {
    let Some((_, operation)) = store.terms.tasks.iter().find(|(name, _)| *name == task) else {
        return problem(StatusCode::NOT_FOUND, "no such task");
    };
    if call.method != Method::POST {
        return not_allowed("POST");
    }
    let occurrence = store.start(operation, id, &call.body);
    with_location(empty(StatusCode::ACCEPTED), store.terms, call, Kind::OpOccs, &occurrence)
}

fn occurrence_task(store: &mut Store, call: &Call<'_>, id: &str, task: &str) -> Answer {
    let Some((_, state)) = store.terms.handling.iter().find(|(name, _)| *name == task) else {
        return problem(StatusCode::NOT_FOUND, "no such task");
    };
    if call.method != Method::POST {
        return not_allowed("POST");
    }
    store.enter(id, state);
    match store.get(Kind::OpOccs, id) {
        // The others are carried out later.
        Some(resource) if task == "fail" => json_answer(StatusCode::OK, &Value::Object(resource.body.clone())),
        _ => empty(StatusCode::ACCEPTED),
    }
}

fn created(store: &Store, call: &Call<'_>, kind: Kind, id: &str) -> Answer {
    match store.get(kind, id) {
        Some(resource) => {
            let body = Value::Object(resource.body.clone());
            with_etag(with_location(json_answer(StatusCode::CREATED, &body), store.terms, call, kind, id), resource)
        }
        None => problem(StatusCode::INTERNAL_SERVER_ERROR, "the resource is gone"),
    }
}

fn with_location(mut answer: Answer, terms: &Terms, call: &Call<'_>, kind: Kind, id: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(&format!("{}/{}/{id}", call.base, kind.segment(terms))) {
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
