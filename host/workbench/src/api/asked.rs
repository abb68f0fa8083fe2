//! A request with all that its verdict depends on, as the page has it, and as cases and
//! records give it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use humantime::{format_rfc3339_millis, parse_rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use solgate::facts::MapFacts;
use solgate::gate::{Mode, Setting, Severity};
use solgate::record::{Record, RecordedBody, RecordedMode};
use solgate_author::check::{self, Asked, message};
use solgate_cases::Case;
use solgate_trial::asked::facts;

use crate::fault::Fault;
use crate::opened::Files;

/// What is judged, and by what. Members that it does not have are left out: what the page got
/// as an example has a name and a place as well.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scene {
    #[serde(default, skip_serializing)]
    pub files: Files,
    pub request: Asking,
    /// As the file of `--facts` has them.
    #[serde(default)]
    pub facts: Map<String, Value>,
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
    /// By rule: off, audit, warn or deny.
    #[serde(default)]
    pub severities: BTreeMap<String, String>,
    /// RFC 3339; now, if it is not given.
    #[serde(default)]
    pub received_at: Option<String>,
    /// As the file of `--caller` has it.
    #[serde(default)]
    pub caller: Option<Value>,
    #[serde(default)]
    pub mode: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asking {
    pub method: String,
    pub target: String,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: Option<String>,
    /// A door has not read all of the body.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub body_incomplete: bool,
}

impl Scene {
    /// The question that a check is asked.
    pub fn asked(self) -> Result<Asked, Fault> {
        let bad = |what: &str, why: &dyn std::fmt::Display| Fault::Unreadable(format!("{what}: {why}"));
        let Asking { method, target, headers, body, body_incomplete } = self.request;
        message::method(&method).map_err(|fault| bad("the method", &fault))?;
        let target = message::target(&target).map_err(|fault| bad("the target", &fault))?;
        let fields = headers.iter().zip(1_usize..).map(|((name, value), number)| {
            let (name, value) = message::field(format!("{name}: {value}").as_bytes())
                .map_err(|fault| bad(&format!("header field {number}"), &fault))?;
            Ok((number, name, value))
        });
        let fields = fields.collect::<Result<_, Fault>>()?;
        let body = Bytes::from(body.unwrap_or_default());
        let message =
            message::assemble(&method, target, fields, body).map_err(|error| bad("the header fields", &error.fault))?;
        let facts = MapFacts::from_value(&Value::Object(self.facts)).map_err(|error| bad("the facts", &error))?;
        let caller = self.caller.as_ref().map(check::caller_of).transpose().map_err(|why| bad("the caller", &why))?;
        let received_at = match &self.received_at {
            Some(text) => parse_rfc3339(text)
                .map_err(|_| bad("the time", &"expected a time in UTC, such as 2026-01-31T12:00:00Z"))?,
            None => SystemTime::now(),
        };
        let mode = match self.mode.as_deref() {
            None | Some("enforce") => Mode::Enforce,
            Some("monitor") => Mode::Monitor,
            Some(other) => return Err(bad("the mode", &format!("expected enforce or monitor, found {other:?}"))),
        };
        let options = self.options.into_iter().map(|(name, value)| Ok(Setting::Option { name, value }));
        let severities = self.severities.into_iter().map(|(rule, level)| match Severity::named(&level) {
            Some(severity) => Ok(Setting::Severity { rule, severity }),
            None => Err(bad("the severities", &format!("{rule} is off, audit, warn or deny, and not {level:?}"))),
        });
        Ok(Asked {
            message,
            body_complete: !body_incomplete,
            caller,
            received_at,
            facts,
            settings: options.chain(severities).collect::<Result<_, Fault>>()?,
            mode,
            policies: Vec::new(),
        })
    }

    /// That of a case; `None` if its body is not a text.
    pub fn of_case(case: &Case) -> Option<Self> {
        let at = UNIX_EPOCH.checked_add(Duration::from_millis(case.at)).unwrap_or(UNIX_EPOCH);
        let (options, severities) = settings(&case.settings);
        Some(Self {
            files: Files::new(),
            request: Asking {
                method: case.method.clone(),
                target: case.target.clone(),
                headers: case.fields.clone(),
                body: (!case.body.is_empty()).then(|| String::from_utf8(case.body.clone())).transpose().ok()?,
                body_incomplete: !case.body_complete,
            },
            facts: match facts(case) {
                Value::Object(facts) => facts,
                _ => Map::new(),
            },
            options,
            severities,
            received_at: Some(format_rfc3339_millis(at).to_string()),
            caller: case.caller.as_ref().map(|caller| {
                json!({
                    "subject": caller.subject,
                    "tenant": caller.tenant,
                    "roles": caller.roles,
                    "scopes": caller.scopes,
                    "certificateNames": caller.certificate_names,
                    "sourceAddress": caller.source_address,
                })
            }),
            mode: Some(if case.mode == Mode::Monitor { "monitor" } else { "enforce" }.to_owned()),
        })
    }

    /// That of a recorded decision; the error says why its request is not known.
    pub fn of_record(record: &Record) -> Result<Self, Fault> {
        let missing = |why: String| Fault::NotFound(format!("the request of the record is not known: {why}"));
        let body = match &record.request.body {
            Some(RecordedBody::Text { text, .. }) => Some(text.clone()),
            None if record.request.body_bytes == 0 => None,
            None => return Err(missing("its body was not recorded; start the gate with --log-bodies".to_owned())),
            Some(RecordedBody::Withheld { withheld, .. }) => return Err(missing(withheld.clone())),
            Some(RecordedBody::Base64 { .. }) => return Err(missing("its body is not a text".to_owned())),
        };
        let answers = record.answers().map_err(|error| missing(error.to_string()))?;
        let facts = answers.get("facts").and_then(Value::as_object).cloned().unwrap_or_default();
        let severities = record.context.severity.iter();
        Ok(Self {
            files: Files::new(),
            request: Asking {
                method: record.request.method.clone(),
                target: record.request.target.clone(),
                headers: record.request.fields.clone(),
                body,
                body_incomplete: !record.request.body_complete,
            },
            facts,
            options: record.context.options.clone(),
            severities: severities.map(|(rule, severity)| (rule.clone(), severity.name().to_owned())).collect(),
            received_at: Some(record.time.clone()),
            // Texts and lists of texts: this cannot fail.
            caller: record.context.caller.as_ref().and_then(|caller| serde_json::to_value(caller).ok()),
            mode: Some(if record.context.mode == RecordedMode::Monitor { "monitor" } else { "enforce" }.to_owned()),
        })
    }

    /// With these members beside its own.
    pub fn json(&self, members: Value) -> Value {
        let mut scene = serde_json::to_value(self).unwrap_or_default();
        if let (Value::Object(scene), Value::Object(members)) = (&mut scene, members) {
            scene.extend(members);
        }
        scene
    }
}

fn settings(settings: &[Setting]) -> (BTreeMap<String, Value>, BTreeMap<String, String>) {
    let (mut options, mut severities) = (BTreeMap::new(), BTreeMap::new());
    for setting in settings {
        match setting {
            Setting::Option { name, value } => drop(options.insert(name.clone(), value.clone())),
            Setting::Severity { rule, severity } => {
                severities.insert(rule.clone(), severity.name().to_owned());
            }
        }
    }
    (options, severities)
}
