//! Requests that are refused before a policy sees them, because two parsers could
//! read them differently: by the gate whichever door they came through, and by
//! `solgate serve` while it reads them, in the same words.

use std::collections::BTreeMap;
use std::sync::Arc;

use solgate_cases::{Case, Expect, Verdict};
use solgate_tests::doors::{Asked, ExtAuthz, Said, Sent, Serve, library};

struct Refused {
    why: &'static str,
    target: &'static str,
    /// Beside Version and Accept.
    fields: &'static [(&'static str, &'static str)],
    rule: &'static str,
}

const INSTANCES: &str = "/vnflcm/v2/vnf_instances";

const TABLE: [Refused; 10] = [
    Refused {
        why: "a fragment is never sent, and some servers cut it off",
        target: "/vnflcm/v2/vnf_instances#a",
        fields: &[],
        rule: "transport.target.form",
    },
    Refused {
        why: "a server may take the host out of an absolute target, and route by it",
        target: "http://other.example/vnflcm/v2/vnf_instances",
        fields: &[],
        rule: "transport.target.form",
    },
    Refused {
        why: "bytes beyond ASCII in a target are decoded by some servers and refused by others",
        target: "/vnflcm/v2/vnf_instances/\u{e9}",
        fields: &[],
        rule: "transport.target.form",
    },
    Refused {
        why: "of two media types one server reads the first, another the last",
        target: INSTANCES,
        fields: &[("content-type", "application/json"), ("content-type", "text/plain")],
        rule: "transport.field.repeated",
    },
    Refused {
        why: "of two credentials one server reads the first, another the last",
        target: INSTANCES,
        fields: &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
        rule: "transport.field.repeated",
    },
    Refused {
        why: "a field that Connection names is removed on the way, after it was judged",
        target: INSTANCES,
        fields: &[("connection", "version")],
        rule: "transport.connection",
    },
    Refused {
        why: "the VNFM would carry out another method than the one judged",
        target: INSTANCES,
        fields: &[("x-http-method-override", "DELETE")],
        rule: "transport.method-override",
    },
    Refused {
        why: "the VNFM would carry out a request to another path than the one judged",
        target: INSTANCES,
        fields: &[("x-original-url", "/vnflcm/v2/subscriptions")],
        rule: "transport.path-override",
    },
    Refused {
        why: "two framings of one body; the library gets a body that has been read",
        target: INSTANCES,
        fields: &[("content-length", "0"), ("transfer-encoding", "chunked")],
        rule: "transport.framing",
    },
    Refused {
        why: "only chunked is undone by everyone",
        target: INSTANCES,
        fields: &[("transfer-encoding", "gzip, chunked")],
        rule: "transport.coding",
    },
];

#[test]
fn what_can_be_read_in_two_ways_is_refused_before_it_is_judged() {
    let asked: Vec<Asked> = TABLE.iter().map(asked).collect();
    let serve = Serve::start(&asked, &[]);
    let ext_authz = ExtAuthz::start(&asked);
    for (row, asked) in TABLE.iter().zip(&asked) {
        let (said, facts) = library::judge(asked);
        assert_eq!(Said::rules(&said), [row.rule], "the library, because {}", row.why);
        assert_eq!(serve.judge(asked, &facts), said, "solgate serve, because {}", row.why);
        assert_eq!(ext_authz.judge(asked, &facts), said, "solgate ext-authz, because {}", row.why);
    }
}

fn asked(row: &Refused) -> Asked {
    let usual = [("version", "2.0.0"), ("accept", "application/json")];
    let fields = usual.iter().chain(row.fields).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Asked {
        label: row.why.to_owned(),
        case: Case {
            name: row.why.to_owned(),
            file: file!().to_owned(),
            line: 0,
            method: "GET".to_owned(),
            target: row.target.to_owned(),
            fields: fields.collect(),
            body: Vec::new(),
            body_complete: true,
            facts: BTreeMap::new(),
            settings: Vec::new(),
            caller: None,
            at: 1_767_268_800_000,
            mode: solgate::gate::Mode::Enforce,
            expect: Expect::new(Verdict::Allow),
        },
        sent: Sent::WithLength,
        answer: Arc::new(|_| None),
    }
}
