//! The versions of the contract: which one a component is made for, and whether this host
//! takes it.

use crate::outline::Outline;

/// The interface that a policy exports, without its version.
const INTERFACE: &str = "solgate:policy/judge";
/// The version of wit/policy.wit that this host knows. It takes every policy that is made for
/// this major version: a later minor one only adds what an earlier host does not ask for.
const KNOWN: (u64, u64, u64) = (1, 0, 0);

/// The name of the interface by which this host asks a component: of those for its major
/// version the latest, as wasmtime chooses.
///
/// # Errors
/// If there is none, in words.
pub(super) fn exported(outline: &Outline) -> Result<&str, String> {
    let versions = || outline.exports.iter().filter_map(|name| Some((name.as_str(), version(name)?)));
    let ours = versions().filter(|(_, (major, ..))| *major == KNOWN.0);
    if let Some((name, _)) = ours.max_by_key(|(_, version)| *version) {
        return Ok(name);
    }
    let Some((name, (major, ..))) = versions().max_by_key(|(_, version)| *version) else {
        let others = outline.exports.iter().filter(|name| name.starts_with(INTERFACE)).cloned().collect::<Vec<_>>();
        return Err(match others.as_slice() {
            [] if outline.exports.is_empty() => "it exports no interface".to_owned(),
            [] => format!("it exports {}", outline.exports.join(", ")),
            others => format!("it exports {}, which is not a version of it", others.join(", ")),
        });
    };
    let way = if major > KNOWN.0 {
        "use a later version of solgate, or let the component export judge@1.0.0 beside it"
    } else {
        "build the policy for judge@1.0.0"
    };
    Err(format!("it exports {name}; {way}"))
}

/// What differs, and with a policy of a later minor version why that may be.
pub(super) fn with_version(interface: &str, difference: String) -> String {
    match version(interface) {
        Some(version) if version > KNOWN => {
            format!("{difference}; it is made for {interface}: use a later version of solgate")
        }
        _ => difference,
    }
}

/// The version of an interface, if it is the contract's. One before a release is none.
fn version(name: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = name.strip_prefix(INTERFACE)?.strip_prefix('@')?.split('.').map(str::parse);
    let version = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    numbers.next().is_none().then_some(version)
}
