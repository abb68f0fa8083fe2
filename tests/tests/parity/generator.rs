//! Makes requests out of good and bad ones that somebody wrote: a seed and some
//! mutations, chosen by random numbers that depend on nothing but the seed given.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::{Value, json};
use solgate_engine::ir::{Bundle, OptionKind, Severity};
use solgate_engine::verdict::{Caller, FactAnswer, Mode, Setting};

use super::mutation::{Bytes, Mutation};
use super::subject::Subject;
use super::tree::Edit;

pub struct Generator {
    seeds: Vec<Subject>,
    methods: Vec<String>,
    segments: Vec<String>,
    queries: Vec<String>,
    /// Names and values.
    fields: Vec<(String, String)>,
    /// JSON texts, with quotes.
    names: Vec<String>,
    scalars: Vec<String>,
    values: Vec<String>,
    facts: BTreeMap<String, Vec<FactAnswer<Vec<u8>>>>,
    settings: Vec<Setting>,
}

/// What decides about one request.
#[derive(Debug, Clone)]
pub struct Plan {
    seed: usize,
    pub mutations: Vec<Mutation>,
}

const METHODS: [&str; 10] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "P\u{e9}"];
/// JSON texts that readers are known to differ about, and texts that are no JSON.
const AWKWARD: [&str; 44] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "1.0",
    "1e0",
    "1E+2",
    "1e400",
    "-1e400",
    "1e-400",
    "0.1e1",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "0.30000000000000004",
    "5e-324",
    "01",
    "+1",
    ".5",
    "1.",
    "NaN",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\u{fffd}\u{202e}\u{e9}e\u{301}\"",
    "\"\\/\\b\\f\\n\\r\\t\"",
    "\"\u{7f}\"",
    "\"a\u{1}\"",
    "[]",
    "{}",
    "[null]",
    "{\"\":{\"\":null}}",
];

impl Generator {
    pub fn new(seeds: Vec<Subject>, bundle: &Bundle) -> Self {
        let mut names = BTreeSet::new();
        let mut scalars = BTreeSet::new();
        let mut values = BTreeSet::new();
        let mut facts: BTreeMap<String, Vec<FactAnswer<Vec<u8>>>> = BTreeMap::new();
        for seed in &seeds {
            let known = seed.facts.values().filter_map(|answer| match answer {
                FactAnswer::Found { body, .. } => Some(body),
                _ => None,
            });
            for json in known.chain([&seed.body]) {
                if let Ok(value) = serde_json::from_slice::<Value>(json) {
                    collect(&value, &mut names, &mut scalars, &mut values);
                }
            }
            for (name, answer) in &seed.facts {
                let known = facts.entry(name.clone()).or_default();
                if !known.contains(answer) {
                    known.push(answer.clone());
                }
            }
        }
        for fact in &bundle.facts {
            let other = [FactAnswer::Absent, FactAnswer::Withheld, FactAnswer::Unavailable];
            facts.entry(fact.name.clone()).or_default().extend(other);
        }
        let unique = |all: &mut dyn Iterator<Item = String>| -> Vec<String> {
            all.collect::<BTreeSet<_>>().into_iter().collect()
        };
        let paths = seeds.iter().map(|seed| seed.target.split('?').next().unwrap_or_default());
        let operations = bundle.operations.iter().map(|operation| operation.path.as_str());
        scalars.extend(AWKWARD.map(str::to_owned));
        Self {
            methods: METHODS.map(str::to_owned).into(),
            segments: unique(&mut paths.chain(operations).flat_map(|path| path.split('/')).map(str::to_owned)),
            queries: unique(
                &mut seeds.iter().filter_map(|seed| seed.target.split_once('?')).map(|(_, query)| query.to_owned()),
            ),
            fields: seeds
                .iter()
                .flat_map(|seed| seed.fields.iter().cloned())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            names: names.into_iter().collect(),
            scalars: scalars.into_iter().collect(),
            values: values.into_iter().collect(),
            facts,
            settings: settings(bundle),
            seeds,
        }
    }

    /// Decides about the request with this number.
    pub fn plan(&self, seed: u64, number: u64) -> Plan {
        // Numbers close to each other must not give streams close to each other.
        let mut rng =
            Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let count = *choose(&mut rng, &[1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 8]);
        let mutations = (0..count).map(|_| self.mutation(&mut rng)).collect();
        Plan { seed: rng.usize(..self.seeds.len()), mutations }
    }

    /// The request that a plan leads to.
    pub fn subject(&self, plan: &Plan) -> Subject {
        let mut subject = self.seeds[plan.seed].clone();
        plan.mutations.iter().for_each(|mutation| mutation.apply(&mut subject));
        subject
    }

    /// What the VNFM says to a question that the seed does not foresee.
    pub fn fact(&self, name: &str, subject: &Subject) -> FactAnswer<Vec<u8>> {
        let known = &self.facts[name];
        known[(subject.target.len() + subject.body.len()) % known.len()].clone()
    }

    fn mutation(&self, rng: &mut Rng) -> Mutation {
        match rng.u8(..100) {
            0..4 => Mutation::Method(choose(rng, &self.methods).clone()),
            4..7 => Mutation::Segment(rng.usize(..16), Some(self.segment(rng))),
            7..9 => Mutation::Segment(rng.usize(..16), None),
            9..11 => Mutation::InsertSegment(rng.usize(..16), self.segment(rng)),
            11..14 => Mutation::Query(self.query(rng)),
            14..17 => Mutation::AppendQuery(self.query(rng)),
            17..19 => Mutation::TargetBytes(bytes(rng)),
            19 => Mutation::Target(text(rng)),
            20..23 => Mutation::RemoveField(rng.usize(..16)),
            23..26 => Mutation::FieldValue(rng.usize(..16), self.field(rng).1),
            26..28 => Mutation::FieldBytes(rng.usize(..16), bytes(rng)),
            28..33 => {
                let (name, value) = self.field(rng);
                Mutation::AddField(name, value)
            }
            33 => Mutation::Body(random_json(rng, 3).into_bytes()),
            34 => Mutation::Body((0..rng.usize(..64)).map(|_| rng.u8(..)).collect()),
            35 => Mutation::Body(choose(rng, &self.values).clone().into_bytes()),
            36..66 => Mutation::BodyNode(rng.usize(..64), self.edit(rng)),
            66..71 => Mutation::BodyBytes(bytes(rng)),
            71 => Mutation::BodyIncomplete,
            72..78 => {
                let names: Vec<_> = self.facts.keys().collect();
                let name = *choose(rng, &names);
                Mutation::Fact(name.clone(), choose(rng, &self.facts[name]).clone())
            }
            78..83 => Mutation::FactNode(rng.usize(..8), rng.usize(..32), self.edit(rng)),
            83 => Mutation::FactBytes(rng.usize(..8), bytes(rng)),
            84..94 => Mutation::Setting(choose(rng, &self.settings).clone()),
            94..96 => Mutation::Caller(caller(rng)),
            96..98 => Mutation::Mode(Mode::Monitor),
            _ => {
                let bits = rng.u32(..64);
                Mutation::At(rng.u64(..) >> bits)
            }
        }
    }

    fn segment(&self, rng: &mut Rng) -> String {
        match rng.u8(..4) {
            0 => text(rng),
            1 => (*choose(
                rng,
                &["", ".", "..", "%2e%2E", "%2f", "%5C", "%", "%zz", "%00", "%e9", "%C3%A9", "%61", ";a=b"],
            ))
            .to_owned(),
            _ => choose(rng, &self.segments).clone(),
        }
    }

    fn query(&self, rng: &mut Rng) -> String {
        match rng.u8(..4) {
            0 => text(rng),
            1 => (*choose(
                rng,
                &[
                    "",
                    "&",
                    "=",
                    "filter=",
                    "filter=(eq,a,",
                    "fields=a,b&fields=c",
                    "a=%ff",
                    "all_fields&exclude_default",
                ],
            ))
            .to_owned(),
            _ => choose(rng, &self.queries).clone(),
        }
    }

    fn field(&self, rng: &mut Rng) -> (String, String) {
        let (name, value) = choose(rng, &self.fields).clone();
        match rng.u8(..4) {
            0 => (name, text(rng)),
            1 => (name, choose(rng, &self.fields).1.clone()),
            _ => (name, value),
        }
    }

    fn edit(&self, rng: &mut Rng) -> Edit {
        match rng.u8(..12) {
            0..3 => Edit::Remove,
            3..7 => Edit::Replace(self.value(rng)),
            7..9 => Edit::Add(choose(rng, &self.names).clone(), self.value(rng)),
            9 => Edit::Duplicate,
            10 if rng.bool() => Edit::Rename(choose(rng, &self.names).clone()),
            10 => Edit::Escape,
            _ => Edit::Nest(*choose(rng, &[1, 2, 60, 61, 62, 63, 64, 65, 100, 126, 127, 128, 300])),
        }
    }

    fn value(&self, rng: &mut Rng) -> String {
        match rng.u8(..8) {
            0 => Value::from(text(rng)).to_string(),
            1 => Value::from("x".repeat(rng.usize(..1024))).to_string(),
            2 => random_json(rng, 2),
            3 => choose(rng, &self.values).clone(),
            _ => choose(rng, &self.scalars).clone(),
        }
    }
}

fn collect(value: &Value, names: &mut BTreeSet<String>, scalars: &mut BTreeSet<String>, values: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => {
            values.insert(value.to_string());
            items.iter().for_each(|item| collect(item, names, scalars, values));
        }
        Value::Object(members) => {
            values.insert(value.to_string());
            for (name, member) in members {
                names.insert(Value::from(name.as_str()).to_string());
                collect(member, names, scalars, values);
            }
        }
        scalar => drop(scalars.insert(scalar.to_string())),
    }
}

/// Every option with values of its type, every rule with every severity.
fn settings(bundle: &Bundle) -> Vec<Setting> {
    let mut settings = Vec::new();
    for option in &bundle.options {
        let values = match option.kind {
            OptionKind::Boolean => vec![json!(true), json!(false)],
            OptionKind::Integer if option.values.is_empty() => vec![json!(0), json!(-1), json!(i64::MAX)],
            OptionKind::String if option.values.is_empty() => vec![json!(""), json!("a"), json!("deny")],
            OptionKind::Integer | OptionKind::String => option.values.clone(),
            OptionKind::Map(_) => vec![json!({}), option.default.clone()],
            OptionKind::Strings => {
                let operations: Vec<&str> = bundle.operations.iter().map(|operation| operation.id.as_str()).collect();
                vec![json!([]), json!(["2.*.*"]), json!(["1.3.0", "2.0.0"]), json!([""]), json!(operations)]
            }
        };
        // As often as rules, of which there are many more.
        for value in values {
            settings.extend(vec![Setting::Option { name: option.name.clone(), value }; 20]);
        }
    }
    for rule in &bundle.rules {
        for severity in [Severity::Off, Severity::Audit, Severity::Warn, Severity::Deny] {
            settings.push(Setting::Severity { rule: rule.id.clone(), severity });
        }
    }
    settings
}

fn caller(rng: &mut Rng) -> Option<Caller> {
    let some = |rng: &mut Rng| rng.bool().then(|| text(rng));
    let list = |rng: &mut Rng| (0..rng.usize(..3)).map(|_| text(rng)).collect();
    (!rng.bool()).then(|| Caller {
        subject: some(rng),
        tenant: some(rng),
        roles: list(rng),
        scopes: list(rng),
        certificate_names: list(rng),
        source_address: rng.bool().then(|| "192.0.2.1".to_owned()),
    })
}

fn bytes(rng: &mut Rng) -> Bytes {
    let at = rng.usize(..4096);
    match rng.u8(..5) {
        0 => Bytes::Flip(at, 1 << rng.u8(..8)),
        1 => Bytes::Cut(at),
        2 => Bytes::Insert(at, (0..rng.usize(1..4)).map(|_| rng.u8(..)).collect()),
        3 => Bytes::Remove(at, rng.usize(1..8)),
        _ => Bytes::Swap(at, rng.usize(..4096)),
    }
}

fn text(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.usize(..12) {
        match rng.u8(..6) {
            0 => text.push(rng.char(..)),
            1 => text.push(*choose(
                rng,
                &['%', '/', '?', '&', '=', ';', ',', '.', '"', '\\', ' ', '\t', '*', '\'', '(', ')'],
            )),
            _ => text.push(rng.alphanumeric()),
        }
    }
    text
}

fn random_json(rng: &mut Rng, depth: u8) -> String {
    match rng.u8(..if depth == 0 { 3 } else { 5 }) {
        0 => (*choose(rng, &AWKWARD)).to_owned(),
        1 => Value::from(text(rng)).to_string(),
        2 => rng.i64(..).to_string(),
        3 => {
            let items: Vec<String> = (0..rng.usize(..4)).map(|_| random_json(rng, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let members: Vec<String> = (0..rng.usize(..4))
                .map(|_| format!("{}:{}", Value::from(text(rng)), random_json(rng, depth - 1)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn choose<'a, T>(rng: &mut Rng, all: &'a [T]) -> &'a T {
    &all[rng.usize(..all.len())]
}
