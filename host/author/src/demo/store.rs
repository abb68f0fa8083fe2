//! What the VNFM in memory knows, and the NFVO: one store for each API.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value, json};

use super::ids;
use super::terms::Terms;

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Instances,
    OpOccs,
    Subscriptions,
    Snapshots,
}

impl Kind {
    pub fn from_segment(terms: &Terms, segment: &str) -> Option<Self> {
        let kinds = [Self::Instances, Self::OpOccs, Self::Subscriptions, Self::Snapshots];
        kinds.into_iter().find(|kind| kind.segment(terms) == segment)
    }

    pub fn segment(self, terms: &Terms) -> &'static str {
        match self {
            Self::Instances => terms.instances,
            Self::OpOccs => terms.occurrences,
            Self::Subscriptions => "subscriptions",
            Self::Snapshots => "vnf_snapshots",
        }
    }

    /// First digit of the ids of new resources.
    fn prefix(self) -> char {
        match self {
            Self::Instances => 'a',
            Self::OpOccs => 'b',
            Self::Subscriptions => 'c',
            Self::Snapshots => 'd',
        }
    }
}

/// A resource and the number of its changes, which makes its ETag.
#[derive(Debug, Clone)]
pub struct Resource {
    pub body: Map<String, Value>,
    pub changes: u32,
}

impl Resource {
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.changes)
    }

    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        self.body.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn set(&mut self, member: &str, value: Value) {
        self.body.insert(member.to_owned(), value);
        self.changes = self.changes.saturating_add(1);
    }
}

/// An operation that goes on by itself.
#[derive(Debug)]
struct Running {
    occurrence: String,
    since: Instant,
}

/// All resources of one API.
#[derive(Debug)]
pub struct Store {
    pub terms: &'static Terms,
    resources: BTreeMap<(Kind, String), Resource>,
    running: Vec<Running>,
    step: Duration,
    created: u64,
}

impl Store {
    /// The initial resources; an operation takes `step` to begin and again
    /// in PROCESSING.
    #[must_use]
    pub fn new(terms: &'static Terms, step: Duration) -> Self {
        let mut store = Self { terms, resources: BTreeMap::new(), running: Vec::new(), step, created: 0 };
        store.put_instance(ids::NOT_INSTANTIATED, "NOT_INSTANTIATED");
        for id in [ids::INSTANTIATED, ids::BUSY, ids::STUCK, ids::BEGINNING, ids::RETURNING] {
            store.put_instance(id, "INSTANTIATED");
        }
        for (id, state, operation, instance) in [
            (ids::STARTING, terms.begins, "SCALE", ids::BEGINNING),
            (ids::PROCESSING, "PROCESSING", "HEAL", ids::BUSY),
            (ids::COMPLETED, "COMPLETED", "INSTANTIATE", ids::INSTANTIATED),
            (ids::FAILED_TEMP, "FAILED_TEMP", "SCALE", ids::STUCK),
            (ids::FAILED, "FAILED", "HEAL", ids::INSTANTIATED),
            (ids::ROLLING_BACK, "ROLLING_BACK", "SCALE", ids::RETURNING),
            (ids::ROLLED_BACK, "ROLLED_BACK", "SCALE", ids::INSTANTIATED),
        ] {
            store.put(Kind::OpOccs, id, occurrence(terms, id, state, operation, instance, &json!({})));
        }
        store.put(
            Kind::Subscriptions,
            ids::SUBSCRIPTION,
            json!({ "id": ids::SUBSCRIPTION, "callbackUri": "http://nfvo.example/notifications" }),
        );
        if let Some(id) = terms.snapshot {
            store.put(Kind::Snapshots, id, json!({ "id": id }));
        }
        store
    }

    fn put_instance(&mut self, id: &str, state: &str) {
        let mut body = json!({ "id": id });
        if let Some(members) = body.as_object_mut() {
            members.extend((self.terms.described)().as_object().cloned().unwrap_or_default());
            members.insert(self.terms.state.to_owned(), state.into());
            if state == "INSTANTIATED" {
                let (member, value) = (self.terms.instantiated)();
                members.insert(member.to_owned(), value);
            }
        }
        self.put(Kind::Instances, id, body);
    }

    /// Enters a resource under its id.
    pub fn put(&mut self, kind: Kind, id: &str, body: Value) {
        let Value::Object(body) = body else { return };
        self.resources.insert((kind, id.to_owned()), Resource { body, changes: 1 });
    }

    #[must_use]
    pub fn new_id(&mut self, kind: Kind) -> String {
        self.created = self.created.saturating_add(1);
        format!("{}1111111-0000-4000-8000-{:012}", kind.prefix(), self.created)
    }

    #[must_use]
    pub fn get(&self, kind: Kind, id: &str) -> Option<&Resource> {
        self.resources.get(&(kind, id.to_owned()))
    }

    pub fn get_mut(&mut self, kind: Kind, id: &str) -> Option<&mut Resource> {
        self.resources.get_mut(&(kind, id.to_owned()))
    }

    pub fn remove(&mut self, kind: Kind, id: &str) -> Option<Resource> {
        self.resources.remove(&(kind, id.to_owned()))
    }

    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |((of, _), _)| *of == kind).map(|(_, resource)| resource)
    }

    /// Starts an operation on an instance; returns the id of its occurrence.
    pub fn start(&mut self, operation: &str, instance: &str, parameters: &Value) -> String {
        let id = self.new_id(Kind::OpOccs);
        self.put(Kind::OpOccs, &id, occurrence(self.terms, &id, self.terms.begins, operation, instance, parameters));
        self.running.push(Running { occurrence: id.clone(), since: Instant::now() });
        id
    }

    /// Puts an occurrence into another state.
    pub fn enter(&mut self, occurrence: &str, state: &str) {
        let entered = self.terms.entered;
        if let Some(resource) = self.get_mut(Kind::OpOccs, occurrence) {
            resource.set("operationState", state.into());
            resource.set(entered, now().into());
        }
    }

    /// Lets the operations go on to where they are at `now`.
    pub fn advance(&mut self, now: Instant) {
        let running = std::mem::take(&mut self.running);
        for operation in running {
            let age = now.saturating_duration_since(operation.since);
            let state =
                self.get(Kind::OpOccs, &operation.occurrence).map(|found| found.text("operationState").to_owned());
            match state.as_deref() {
                Some("STARTING") if age >= self.step => self.enter(&operation.occurrence, "PROCESSING"),
                Some("STARTING" | "PROCESSING") => {}
                _ => continue,
            }
            if age >= self.step.saturating_mul(2) {
                self.complete(&operation.occurrence);
            } else {
                self.running.push(operation);
            }
        }
    }

    fn complete(&mut self, occurrence: &str) {
        self.enter(occurrence, "COMPLETED");
        let Some(done) = self.get(Kind::OpOccs, occurrence) else {
            return;
        };
        let terms = self.terms;
        let (operation, instance) = (done.text(terms.operation).to_owned(), done.text(terms.instance).to_owned());
        let Some(resource) = self.get_mut(Kind::Instances, &instance) else {
            return;
        };
        match operation.as_str() {
            "INSTANTIATE" => {
                resource.set(terms.state, "INSTANTIATED".into());
                let (member, value) = (terms.instantiated)();
                resource.set(member, value);
            }
            "TERMINATE" => {
                resource.set(terms.state, "NOT_INSTANTIATED".into());
                resource.body.remove((terms.instantiated)().0);
            }
            _ => {}
        }
    }
}

fn occurrence(terms: &Terms, id: &str, state: &str, operation: &str, instance: &str, parameters: &Value) -> Value {
    let time = now();
    json!({
        "id": id,
        "operationState": state,
        (terms.entered): time,
        "startTime": time,
        (terms.instance): instance,
        (terms.operation): operation,
        "isAutomaticInvocation": false,
        "operationParams": parameters,
        "isCancelPending": false,
    })
}

fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
