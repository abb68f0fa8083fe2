//! The compiled bundle: what the bundle compiler hands to the engine.
//!
//! It is plain data, transported as JSON into the component when a policy is
//! baked. Everything an author can get wrong has been reported by then, with
//! file and line; the engine checks again only what its own safety needs.

mod dates;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
pub use solgate_contract::manifest::{ItemKind, OptionKind};
pub use solgate_contract::verdict::Severity;
pub use solgate_contract::version::Releases;

pub use dates::{Date, Dates, DayOfYear};

/// Raised whenever the meaning of this module's data changes.
pub const FORMAT: u32 = 3;

/// One compiled bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    /// [`FORMAT`] of the compiler that wrote this.
    pub format: u32,
    pub name: String,
    pub version: String,
    /// Lower-case hexadecimal SHA-256 over the bundle's source files.
    pub digest: String,
    /// Of several that hold a path, the one with the most segments wins, then the one
    /// that is written out where another has a variable.
    pub api_roots: Vec<ApiRoot>,
    pub limits: Limits,
    pub options: Vec<OptionDef>,
    pub facts: Vec<FactDef>,
    /// What `inList` looks into.
    #[serde(default)]
    pub lists: Vec<List>,
    /// What `inWindow` looks into.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// The time zones that windows and expressions name, each by its name in the time
    /// zone database, as TZif (RFC 9636): the engine has no database.
    #[serde(default)]
    pub zones: BTreeMap<String, Vec<u8>>,
    /// What expressions read as `data.NAME`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Data>,
    /// Those of the bundle: nothing calls them any more, but people read of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Function>,
    pub operations: Vec<Operation>,
    /// The OpenAPI document's `components.schemas`, with `x-rule` annotations.
    pub schemas: BTreeMap<String, Value>,
    /// By the names of facts, what the VNFM is to answer: each a JSON Schema that refers to
    /// nothing outside of it, about the members that rules may read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Value>,
    pub rules: Vec<Rule>,
}

impl Bundle {
    /// The operations by their ids: each once, whatever dialects it has.
    pub fn resources(&self) -> impl Iterator<Item = &Operation> {
        let first = |index: usize, id: &str| self.operations.iter().take(index).all(|operation| operation.id != id);
        self.operations.iter().enumerate().filter(move |(index, op)| first(*index, &op.id)).map(|(_, op)| op)
    }
}

/// A function that a bundle defines. In the expressions of rules its value stands in the place
/// of each call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Function {
    pub name: String,
    pub parameters: Vec<String>,
    /// An expression, as it is written.
    pub value: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// A path below which the policy judges, such as `/vnflcm/v2`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiRoot {
    /// Starts with `/`, has no trailing slash. A segment in braces, such as `{org}`, is
    /// a variable, which expressions read as `path.org`.
    pub path: String,
    /// Option values that hold below this root unless somebody set the option.
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Largest body, in bytes. Default 1 MiB.
    pub body_bytes: u64,
    /// Longest request target, in bytes. Default 8192.
    pub target_bytes: u32,
    /// Deepest nesting of arrays and objects in a body. Default 64.
    pub depth: u32,
    /// Most members of one object in a body. Default 65536.
    pub members: u32,
    /// Most violations reported in one answer. Default 32.
    pub violations: u32,
}

/// A switch of the bundle.
///
/// Five names have a meaning to the engine itself and exist in every bundle:
/// `supportedVersions` and `knownVersions` (lists of strings: `*` stands for any
/// number, and `2.0.0 - 2.3.0` for a range), `requireAuthorization` (boolean), `schemaErrorStatus` (400 or 422)
/// and `outsideApiRoot` (`deny` or `pass`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OptionDef {
    pub name: String,
    pub kind: OptionKind,
    pub default: Value,
    /// True if the value was set with `--set` when the bundle was built: it then
    /// also wins over the options of an API root.
    #[serde(default)]
    pub set: bool,
    pub doc: String,
    /// If not empty, the only values allowed.
    #[serde(default)]
    pub values: Vec<Value>,
}

/// A fact template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FactDef {
    pub name: String,
    /// Below the API root; path variables in braces are those of the operation.
    pub path: String,
    /// Query parameters; a flag has no value. Values may hold variables.
    #[serde(default)]
    pub query: Vec<(String, Option<String>)>,
    /// Ask again without the query if the VNFM answers 400.
    #[serde(default)]
    pub plain_on_400: bool,
    /// Top-level members (of each item, for a list) that rules may read.
    pub members: Vec<String>,
    #[serde(default)]
    pub list: bool,
    /// Not asked for with the other facts of a rule, but when the evaluation of an
    /// expression gets to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_demand: bool,
}

/// A set of texts with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct List {
    pub name: String,
    /// A text, or `*.` and the end of those texts that have more before it.
    pub entries: Vec<String>,
}

/// A table, or any other value, with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Data {
    pub name: String,
    /// The file of the bundle that it comes from, such as `data/flavours.csv`.
    pub file: String,
    /// Lower-case hexadecimal SHA-256 of that file.
    pub digest: String,
    /// The value as JSON text: a tree of values would stay in the memory of the policy.
    pub json: String,
}

impl Data {
    /// The number of members or items; `None` if it is neither an object nor a list.
    #[must_use]
    pub fn entries(&self) -> Option<usize> {
        match serde_json::from_str(&self.json).ok()? {
            Value::Array(items) => Some(items.len()),
            Value::Object(members) => Some(members.len()),
            _ => None,
        }
    }
}

/// Stretches of time with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    pub name: String,
    /// The window is open in each of these.
    pub periods: Vec<Period>,
}

/// From one time of the day to another, on certain days, by a wall clock; or from one
/// time of one day to another time of another day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Period {
    /// A name in [`Bundle::zones`].
    pub zone: String,
    /// The days on which it begins.
    pub days: Vec<Day>,
    /// If not empty, the only dates on which it begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<Dates>,
    /// Dates on which it does not begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Dates>,
    /// The date of `from` and that of `to`, of a stretch that is there once; days and
    /// dates then say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<(Date, Date)>,
    /// The first minute, counted from midnight: 0 to 1439.
    pub from: u16,
    /// The minute after the last, 1 to 1440; one that is not after `from` lies on
    /// the next day.
    pub to: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// One method of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// The operationId.
    pub id: String,
    /// What switches it on: the name of a boolean option, or that of another option, a dot
    /// and the value. While it is on, this operation stands in for the one of the same method
    /// and path, if there is one, which has the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// It says of a dialect that the operation is not there while the dialect is on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
    /// The versions of the API that have it.
    #[serde(default, skip_serializing_if = "Releases::are_all")]
    pub releases: Releases,
    pub method: String,
    /// The path template below the API root, such as
    /// `/vnf_instances/{vnfInstanceId}/terminate`.
    pub path: String,
    /// Whether the Version field is asked for (not by the api_versions resources).
    pub version: bool,
    /// Whether the Version field may leave out the last numbers, as in `2`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub short_version: bool,
    /// Whether the Authorization field may hold a credential without a scheme.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bare_credentials: bool,
    /// Header fields, in lower case, that may hold a credential in place of
    /// Authorization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// Whether a missing Accept field breaks `header.accept.required`.
    pub accept_required: bool,
    /// Media types that the answer may have; the Accept field must allow one.
    pub produces: Vec<String>,
    /// Query parameters that are defined.
    #[serde(default)]
    pub query: Vec<QueryParameter>,
    /// Header fields with a schema, apart from those that the engine knows.
    #[serde(default)]
    pub headers: Vec<HeaderParameter>,
    /// `None`: no body is defined; an empty one and `{}` are accepted.
    pub body: Option<Body>,
    /// Names of rules that stand in for others when a schema that several
    /// operations share reports a fault: key as written in `x-rule`.
    #[serde(default)]
    pub rule_map: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryParameter {
    pub name: String,
    pub kind: QueryKind,
    /// For `fields` and `excludeFields` and `filter`: the attributes that the
    /// resource type has, if they are to be checked.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// Of attributes that not all versions of the API have, those that do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attribute_releases: BTreeMap<String, Releases>,
    /// The versions of the API that have it.
    #[serde(default, skip_serializing_if = "Releases::are_all")]
    pub releases: Releases,
}

/// What the engine checks about a query parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QueryKind {
    /// Any text.
    Opaque,
    /// An attribute-based filter (ETSI GS NFV-SOL 013, 5.2.2).
    Filter,
    /// `all_fields` (5.3.2.1): a flag.
    AllFields,
    /// `exclude_default`: a flag.
    ExcludeDefault,
    /// `fields`: a list of attribute names.
    Fields,
    /// `exclude_fields`: a list of attribute names.
    ExcludeFields,
}

/// A header field whose value is described by a schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeaderParameter {
    /// As usually spelled, such as `Priority`.
    pub name: String,
    pub kind: HeaderKind,
    /// The rule that a bad value breaks.
    pub rule: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HeaderKind {
    Integer,
    /// `true` or `false`, in lower case.
    Boolean,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Body {
    pub required: bool,
    /// A member that is null is judged as if it were absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub null_is_absent: bool,
    /// The media types accepted; the first is the proper one.
    pub media_types: Vec<MediaType>,
    /// The rule that any other media type breaks, such as
    /// `header.content-type.json`.
    pub media_type_rule: String,
    /// Name of the schema in [`Bundle::schemas`].
    pub schema: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MediaType {
    pub name: String,
    /// Tolerated, but reported under this rule.
    #[serde(default)]
    pub rule: Option<String>,
}

/// A severity that may depend on boolean options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeveritySpec {
    pub default: Severity,
    /// The first option that is true decides.
    #[serde(default)]
    pub by_option: Vec<(String, Severity)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub kind: RuleKind,
    /// Ids of operations; empty means all.
    #[serde(default)]
    pub operations: Vec<String>,
    pub title: String,
    /// 400 to 499.
    pub status: u16,
    pub severity: SeveritySpec,
    #[serde(default)]
    pub clause: Option<String>,
    pub doc: String,
    /// What it demands is a list that later versions of the API add to: of a
    /// request for a version that the option `knownVersions` does not cover, it
    /// warns where it would deny. Of the engine's own rules,
    /// [`EngineRule::ages`](crate::EngineRule::ages) says the same; of a schema,
    /// each keyword.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ages: bool,
    /// It stands as a bundle that this one extends has it. The engine makes no
    /// difference; tools that say what an author has tested do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inherited: bool,
}

/// What makes a rule fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum RuleKind {
    /// The engine itself knows how: see [`crate::ENGINE_RULES`].
    Engine,
    /// A schema keyword under an `x-rule` annotation.
    Schema,
    /// The named fact is known to be absent.
    Exists { fact: String },
    /// The If-Match field does not hold the current ETag of a named fact: of the
    /// first whose variables the operation's path has.
    IfMatch { facts: Vec<String> },
    /// An expression is false.
    Require(Box<Require>),
}

/// A rule in CEL. Variables that expressions may read: `body`, `headers` (by
/// lower-case name), `query`, `path`, `method`, `operation`, `apiRoot`,
/// `caller`, `receivedAt`, `options`, every fact by its name, and what
/// `variables` defines; with `for_each` also `item` and `index`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Require {
    pub stage: Stage,
    /// Guard: the rule runs only if this is true.
    #[serde(default)]
    pub when: Option<String>,
    /// Named expressions, evaluated in order before `require`.
    #[serde(default)]
    pub variables: Vec<(String, String)>,
    /// A list; `require` must hold for each of its items.
    #[serde(default)]
    pub for_each: Option<String>,
    pub require: String,
    /// JSON Pointer into the body; `{index}` stands for the item's index,
    /// `/{item}` for the member that the item names.
    #[serde(default)]
    pub pointer: Option<String>,
    /// Header field that the rule is about, instead of a pointer.
    #[serde(default)]
    pub header: Option<String>,
    /// Parameter of path or query that the rule is about, instead of a pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// An expression that gives a string.
    #[serde(default)]
    pub detail: Option<String>,
    #[serde(default)]
    pub on_error: OnError,
}

/// The stage in which a CEL rule is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// 403: reads the caller and the head only.
    Access,
    /// Reads the head only.
    Head,
    /// Also reads the query.
    Query,
    /// Also reads the body.
    Body,
    /// Reads facts, and says that there is nothing (for the caller) at this path:
    /// a 404, before anything else is said about it.
    Existence,
    /// Reads facts.
    State,
}

/// What an expression that fails to evaluate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The request is refused with 500.
    #[default]
    Deny,
    /// As if the rule held.
    Skip,
    /// As if the rule held, with a warning.
    Warn,
}
