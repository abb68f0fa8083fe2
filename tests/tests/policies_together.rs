//! What a gate of several policies says of a path is what those policies say alone that have a
//! say in it, however the path is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use solgate::facts::MapFacts;
use solgate::gate::{Decision, Gate, Verdict};
use solgate::policy::{BUILT_IN, Policy};
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_tests::{request, workspace};

/// What may be done to a segment of a path, or to what follows it.
const CHANGES: [fn(&str) -> String; 13] = [
    str::to_uppercase,
    |segment| format!("{segment}."),
    |segment| format!("{segment};a=b"),
    |segment| format!("{segment}%20"),
    |segment| format!("{segment}/"),
    |segment| format!("{segment}/."),
    |segment| format!("{segment}/.."),
    |segment| format!("{segment}/%252e%252e"),
    |segment| format!("..%2f{segment}"),
    |segment| format!("%252e%252e%252f{segment}"),
    |segment| encoded(segment, "%"),
    |segment| encoded(segment, "%25"),
    |segment| segment.replace(['1', '2'], "3"),
];

/// The first character, percent-encoded.
fn encoded(segment: &str, percent: &str) -> String {
    let mut characters = segment.chars();
    let first = characters.next().map(|first| format!("{percent}{:02x}", u32::from(first)));
    first.unwrap_or_default() + characters.as_str()
}

/// A path with each of its segments changed in each way, below another path, and without
/// its beginning.
fn spellings(path: &str) -> Vec<String> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut all = vec![path.to_owned(), format!("{path}/"), format!("/x{path}"), format!("/{path}")];
    for at in 0..segments.len() {
        all.push(format!("/{}", segments[at + 1..].join("/")));
        for change in CHANGES {
            let (before, after) = (&segments[..at], &segments[at + 1..]);
            let changed = change(segments[at]);
            let whole: Vec<&str> =
                before.iter().copied().chain([changed.as_str()]).chain(after.iter().copied()).collect();
            all.push(format!("/{}", whole.join("/")));
        }
    }
    all
}

fn denial(decision: &Decision) -> Option<(u16, String, String)> {
    match &decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny(problem) => Some((problem.status.as_u16(), problem.rule.clone(), problem.detail.clone())),
    }
}

/// The paths of all cases, in as many shapes as there are: an identifier is like another.
fn paths(policies: &[(&str, Arc<Policy>)]) -> BTreeSet<String> {
    let mut paths = BTreeSet::from(["/".to_owned()]);
    for (name, policy) in policies {
        let folder = workspace().join("policies").join(name);
        let compiled = compile_dir(&folder, &BuildOptions::default()).expect("it compiles");
        let known = compiled.cases.iter().map(|case| case.target.split('?').next().unwrap_or_default());
        paths.extend(known.filter(|path| path.len() < 120).map(str::to_owned));
        for root in &policy.manifest().api_roots {
            let parent = root.rsplit_once('/').map_or("", |(parent, _)| parent);
            paths.extend([root.clone(), format!("{parent}/api_versions"), format!("{root}/api_versions")]);
        }
    }
    paths
}

#[test]
fn a_policy_says_the_same_beside_others_as_alone() {
    let policies: Vec<(&str, Arc<Policy>)> = BUILT_IN
        .iter()
        .map(|listed| {
            let bundle = solgate_bundle::bake::bundle_of(&listed.unpack().expect("it unpacks")).expect("it has one");
            let judge = solgate_unsandboxed::judge(bundle).expect("the engine takes it");
            (listed.name(), Arc::new(Policy::without_sandbox(judge)))
        })
        .collect();
    let facts = || Arc::new(MapFacts::from_value(&serde_json::json!({})).expect("they are facts"));
    let together = Gate::new(policies.iter().map(|(_, policy)| Arc::clone(policy)).collect(), facts());
    let alone: Vec<Gate> = policies.iter().map(|(_, policy)| Gate::new(vec![Arc::clone(policy)], facts())).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    let (mut seen, mut singles) = (BTreeSet::new(), 0_usize);
    for path in paths(&policies) {
        for target in spellings(&path) {
            if !seen.insert(target.clone()) {
                continue;
            }
            for method in ["GET", "POST"] {
                let request = request(method, &target, &[("accept", "application/json")], b"");
                let judged = runtime.block_on(together.judge(&request));
                let asked = |name: &str| judged.policies.iter().any(|policy| policy.name == name);
                let each: Vec<(&str, Decision)> = policies
                    .iter()
                    .zip(&alone)
                    .map(|((name, _), gate)| (*name, runtime.block_on(gate.judge(&request))))
                    .collect();
                let place = format!("{method} {target}");
                let members: Vec<&Decision> =
                    each.iter().filter(|(name, _)| asked(name)).map(|(_, decision)| decision).collect();
                match members.as_slice() {
                    [] => panic!("{place}: nobody is asked"),
                    [single] => {
                        singles += 1;
                        assert_eq!(denial(&judged), denial(single), "{place}");
                        let about = |decision: &Decision| {
                            (decision.api.clone(), decision.operation.clone(), decision.resource.clone())
                        };
                        assert_eq!(about(&judged), about(single), "{place}");
                    }
                    several => {
                        let denials: Vec<_> = several.iter().filter_map(|decision| denial(decision)).collect();
                        assert_eq!(denial(&judged).is_some(), !denials.is_empty(), "{place}");
                        assert!(denial(&judged).is_none_or(|denied| denials.contains(&denied)), "{place}");
                    }
                }
                // Whose it is plainly, is asked; where versions are listed, one of them is.
                for (name, decision) in &each {
                    let owns = decision.api.is_some() && !target.contains("versions");
                    assert!(!owns || asked(name), "{place}: {name} is not asked");
                }
            }
        }
    }
    assert!(seen.len() > 5_000 && singles > seen.len() / 2, "{} paths, {singles} for one policy", seen.len());
}
