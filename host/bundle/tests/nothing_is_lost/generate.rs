//! Bundles made by chance, with everything that the format has.

use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::support::{copy, minimal};

/// Writes a bundle and the one that it extends, and gives the folder of the first.
pub fn bundle(home: &Path, random: &mut Rng) -> PathBuf {
    copy(&minimal(), &home.join("base"));
    let mut made = Made { random, rules: 0 };
    let base = home.join("base");
    fs::remove_dir_all(base.join("rules")).unwrap();
    let policy = made.base_policy();
    made.write(&base.join("policy.yaml"), &policy);
    fs::write(base.join("hosts.txt"), "a.example\n*.b.example # and all below it\n").unwrap();
    let mut rules = vec![
        json!({"id": "terminate.type.required", "otherwise": {"title": "terminationType is missing"}}),
        json!({"id": "terminate.type.enum", "otherwise": {"title": "terminationType is unknown"}}),
        json!({"id": "terminate.timeout.type", "otherwise": {"title": "No number"}, "clause": "C, 1"}),
        json!({"id": "header.priority.integer", "otherwise": {"title": "No integer"}, "severity": {"default": "off", "strict": "deny"}}),
        json!({"id": "body.size", "severity": "warn"}),
    ];
    rules.extend(made.rules("base"));
    made.write_rules(&base.join("rules"), &rules);

    let top = home.join("top");
    let policy = made.top_policy();
    made.write(&top.join("policy.yaml"), &policy);
    let mut own = made.overrides(&rules);
    own.extend(made.rules("top"));
    made.write_rules(&top.join("rules"), &own);
    let tests = made.tests();
    made.write(&top.join("tests/deep/made.yaml"), &tests);
    top
}

struct Made<'r> {
    random: &'r mut Rng,
    rules: usize,
}

const OPTIONS: [(&str, &str); 4] =
    [("strict", "boolean"), ("most", "integer"), ("name", "string"), ("names", "strings")];
/// In the base: two facts of one resource, and a list.
const FACTS: [&str; 2] = ["vnfInstance", "sameInstance"];

impl Made<'_> {
    fn chance(&mut self) -> bool {
        self.random.bool()
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.random.usize(..of.len())]
    }

    fn base_policy(&mut self) -> Value {
        let mut options = Map::new();
        for (name, kind) in OPTIONS {
            let (default, values) = match kind {
                "boolean" => (json!(self.random.bool()), json!([])),
                "integer" => (json!(5), json!([5, 10])),
                "string" => (json!("a"), json!(["a", "b: c", "#d"])),
                _ => (json!(["a", "b"]), json!(["a", "b", "yes", "1"])),
            };
            let mut option = json!({"type": kind, "default": default, "doc": format!("What {name} means:\n a list, # and so on.\n")});
            if kind != "boolean" && self.chance() {
                option["values"] = values;
            }
            options.insert(name.to_owned(), option);
        }
        if self.chance() {
            options.insert("schemaErrorStatus".to_owned(), json!({"default": 422}));
        }
        json!({
            "name": "base",
            "version": "1.0",
            "apiRoots": [{"path": "/vnflcm/v2"}, {"path": "/other", "options": {"strict": true}}],
            "limits": {"depth": self.random.u32(5..100)},
            "options": options,
            "facts": {
                "vnfInstance": {"get": "/vnf_instances/{vnfInstanceId}", "members": ["id", "state"]},
                "sameInstance": {"get": "/vnf_instances/{vnfInstanceId}", "query": {"all": null, "filter": "(eq,id,{vnfInstanceId})"}, "members": ["id"]},
                "openOps": {"get": "/vnf_lcm_op_occs", "list": true, "plainOn400": self.random.bool(), "members": ["id", "state"]},
            },
            "lists": {"hosts": "hosts.txt"},
            "windows": {"night": [{"zone": "UTC", "from": "22:00", "to": "04:00"}, {"zone": "Europe/Berlin", "days": ["mon", "fri"], "from": "12:00", "to": "13:00"}]},
        })
    }

    fn top_policy(&mut self) -> Value {
        let mut policy = json!({
            "name": "top",
            "version": "2.0",
            "extends": "../base",
            "options": {"strict": {"default": self.random.bool()}, "extra": {"type": "boolean", "default": false}},
            "facts": {"vnfInstance": {"addMembers": ["metadata"]}},
        });
        if self.chance() {
            policy["facts"]["other"] = json!({"get": "/vnf_instances/{vnfInstanceId}", "members": ["id", "name"]});
        }
        policy
    }

    fn rules(&mut self, layer: &str) -> Vec<Value> {
        let count = self.random.usize(8..20);
        (0..count).map(|_| self.rule(layer)).collect()
    }

    fn rule(&mut self, layer: &str) -> Value {
        self.rules += 1;
        let id = format!("{layer}.rule-{}", self.rules);
        let title = self.one(&["Plain", "With: a colon", "With # a hash", "With 'quotes'", "- With a dash", "yes"]);
        let mut rule = match self.random.u8(0..8) {
            0 => json!({"operations": ["terminate"], "exists": self.one(&FACTS), "otherwise": {"title": title}}),
            1 => json!({"operations": ["terminate"], "ifMatch": self.one(&FACTS), "otherwise": {"title": title}}),
            2 => json!({"operations": ["terminate"], "ifMatch": FACTS, "otherwise": {"title": title, "status": 412}}),
            _ => self.require(title),
        };
        if self.chance() {
            rule["severity"] = match self.random.u8(0..3) {
                0 => json!(self.one(&["deny", "warn", "audit", "off"])),
                1 => json!({"default": "warn", "strict": "deny"}),
                _ => json!({"strict": "audit", "default": "deny"}),
            };
        }
        if self.chance() {
            rule["clause"] = json!("ETSI GS NFV-SOL 003, 5.4.8: \"x\"");
        }
        if self.chance() {
            rule["doc"] = json!("Why it is there:\n\n  - a list\n  - of reasons # no comment\n\nAnd the end.\n");
        }
        let mut with_id = json!({"id": id});
        with_id.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        with_id
    }

    fn require(&mut self, title: &str) -> Value {
        let mut names = Vec::new();
        let mut rule = json!({"operations": ["terminate"]});
        if self.chance() {
            let mut variables = Map::new();
            for number in 0..self.random.usize(1..4) {
                let name = format!("v{number}");
                let value = if self.chance() { self.value(&names) } else { self.condition(2, &names) };
                variables.insert(name.clone(), json!(value));
                names.push(name);
            }
            rule["variables"] = variables.into();
        }
        if self.chance() {
            rule["when"] = json!(self.condition(1, &names));
        }
        if self.chance() {
            rule["forEach"] = json!(self.one(&[
                "body.?users.orValue([])",
                "[?body.?one, ?body.?two]",
                "openOps.filter(o, o.?state.orValue('') != 'COMPLETED')",
                "has(body.users) ? body.users : []",
            ]));
            let item =
                self.one(&["item.?id.orValue('') != 'x'", "item != 'x'", "index < 5 || [?optional.of(item)][0] != 1"]);
            rule["require"] = json!(format!("{item} || {}", self.condition(1, &names)));
            rule["pointer"] = json!("/users/{index}");
        } else {
            rule["require"] = json!(self.condition(3, &names));
            match self.random.u8(0..4) {
                0 => rule["pointer"] = json!("/a~1b"),
                1 => rule["header"] = json!("X-A"),
                _ => {}
            }
        }
        if self.chance() {
            rule["onError"] = json!(self.one(&["deny", "skip", "warn"]));
        }
        if self.random.u8(0..4) == 0 {
            rule["stage"] = json!("state");
        }
        rule["otherwise"] = json!({"status": self.random.u16(400..500), "title": title});
        if self.chance() {
            rule["otherwise"]["detail"] = json!(self.detail(&names));
        }
        rule
    }

    fn overrides(&mut self, rules: &[Value]) -> Vec<Value> {
        let mut all = Vec::new();
        for rule in rules {
            if self.random.u8(0..5) > 0 {
                continue;
            }
            let is_require = rule.get("require").is_some();
            let mut item = json!({"override": rule["id"]});
            let mut otherwise = Map::new();
            if self.chance() {
                otherwise.insert("title".to_owned(), json!("Ours: another"));
            }
            if is_require && self.chance() {
                let names = [];
                otherwise.insert("detail".to_owned(), json!(self.detail(&names)));
            }
            if is_require && self.chance() {
                otherwise.insert("status".to_owned(), json!(409));
            }
            if !otherwise.is_empty() {
                item["otherwise"] = otherwise.into();
            }
            if self.chance() {
                item["severity"] = json!({"default": "warn", "extra": "deny"});
            }
            if item.as_object().unwrap().len() == 1 {
                item["doc"] = json!("Ours.");
            }
            all.push(item);
        }
        all
    }

    fn tests(&mut self) -> Value {
        let bases = json!({
            "terminate": {"method": "POST", "path": "/vnf_instances/i1/terminate", "headers": {"Version": "2.0.0", "x-a": ["1", "2"]}},
            "everywhere": {"base": "terminate", "apiRoot": "all", "body": {"terminationType": "FORCEFUL"}},
        });
        let mut cases = vec![
            json!({"name": "plain: one", "base": "terminate", "expect": {"status": 409}}),
            json!({"name": "below all", "base": "everywhere", "expect": "allow"}),
        ];
        for number in 0..self.random.usize(1..6) {
            let mut case = json!({"name": format!("case {number} # not a comment"), "base": "terminate", "expect": {"status": 400, "mentions": ["- x"]}});
            match self.random.u8(0..4) {
                0 => case["apiRoot"] = json!(["/vnflcm/v2", "/other"]),
                1 => case["target"] = json!("/elsewhere"),
                2 => case["set"] = json!({"/body/users": [{"name": "x"}]}),
                _ => case["options"] = json!({"strict": true}),
            }
            cases.push(case);
        }
        json!({"bases": bases, "cases": cases})
    }

    /// An expression that is true or false.
    fn condition(&mut self, depth: usize, names: &[String]) -> String {
        if depth > 0 && self.random.u8(0..3) > 0 {
            let (a, b) = (self.condition(depth - 1, names), self.condition(depth - 1, names));
            return match self.random.u8(0..4) {
                0 => format!("({a}) && ({b})"),
                1 => format!("({a}) || ({b})"),
                2 => format!("!({a})"),
                _ => format!("({a}) ? ({b}) : {}", self.condition(0, names)),
            };
        }
        if !names.is_empty() && self.random.u8(0..4) == 0 {
            return format!("variables.{} != 'x'", self.random.choice(names).unwrap());
        }
        self.one(&[
            "body.?cause.orValue('') != 'x'",
            "body.?ticket.?queue.orValue('') in options.names",
            "body.?list[0].name.orValue('none') == 'none'",
            "body[?'cause'].hasValue()",
            "headers[?'x-a'].orValue('') != '1'",
            "size([?body.?one, ?headers[?'x-b'], 'end']) < 3",
            "{?'k': body.?one, 'l': 1} != {'l': 2}",
            "body.?cause.optMap(c, c.startsWith('a')).orValue(true)",
            "body.?ticket.optFlatMap(t, t.?queue).hasValue()",
            "caller.?tenant.or(optional.of('none')).value() != \"it's\"",
            "vnfInstance.?state.orValue('') == 'INSTANTIATED'",
            "openOps.exists(o, o.?state == optional.of('PROCESSING'))",
            "has(body.cause) && body.cause == 'x'",
            "'cause' in body",
            "options.strict && size(options.names) > options.most",
            "inList('hosts', host(body.?uri.orValue('')))",
            "inWindow('night', receivedAt)",
            r"body.?cause.orValue('').matches(r'^\d+: \S')",
            "query.?filter.orValue('') == '' || path.vnfInstanceId == 'i1'",
            "[1, 2].map(i, i + 1).all(i, i > 1)",
            "true",
        ])
        .to_owned()
    }

    fn value(&mut self, names: &[String]) -> String {
        if !names.is_empty() && self.chance() {
            return format!("[variables.{}]", self.random.choice(names).unwrap());
        }
        self.one(&[
            "body.?cause",
            "body.?ticket.?queue.orValue('none')",
            "[?body.?one, ?body.?two]",
            "{?'one': body.?one}",
            "openOps.filter(o, o.?state.orValue('') == 'PROCESSING')",
            "size(options.names) + 1",
        ])
        .to_owned()
    }

    fn detail(&mut self, names: &[String]) -> String {
        if !names.is_empty() && self.chance() {
            return format!("'the value: %s'.format([variables.{}])", self.random.choice(names).unwrap());
        }
        self.one(&[
            "'cause: ' + body.?cause.orValue('none')",
            "vnfInstance.?id.orValue('?') + \" isn't # right\"",
            "'has ' + string(size([?body.?one]))",
            "'a plain text'",
        ])
        .to_owned()
    }

    /// In block style as another program writes it, or as JSON.
    fn write(&mut self, path: &Path, value: &Value) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = match self.random.u8(0..3) {
            0 => format!("{value:#}\n"),
            _ => yaml_serde::to_string(value).unwrap(),
        };
        fs::write(path, text).unwrap();
    }

    /// Spread over several files, some of them in folders.
    fn write_rules(&mut self, folder: &Path, rules: &[Value]) {
        let size = self.random.usize(4..12);
        for (index, part) in rules.chunks(size).enumerate() {
            let name = self.one(&["", "part/", "part/of/a/part/"]);
            let name = format!("{name}{index:02}.{}", self.one(&["yaml", "yml"]));
            self.write(&folder.join(name), &part.to_vec().into());
        }
    }
}
