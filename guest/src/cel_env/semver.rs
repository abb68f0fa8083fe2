//! `semver(text)`: versions by Semantic Versioning 2.0, which are compared by their order.

use std::{any::Any, cmp::Ordering};

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        ast::operators,
        traits::Comparer,
        types::{self, CelBool, CelString, Type},
        value::{CowVal, StaticVal, Val},
    },
};

const SEMVER: &str = "semver";
const IS_SEMVER: &str = "isSemver";

static SEMVER_TYPE: Type = Type::new_unspecified_type("solgate.Semver");

/// A version. What follows `+` says nothing of the order, and is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub core: [u64; 3],
    /// What follows `-`.
    pub pre: Option<String>,
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(SEMVER, "solgate_semver", vec![types::STRING_TYPE], semver)?;
    env.add_overload(SEMVER, "solgate_semver_lenient", vec![types::STRING_TYPE, types::BOOL_TYPE], semver)?;
    env.add_overload(IS_SEMVER, "solgate_is_semver", vec![types::DYN_TYPE], is_semver)?;
    env.add_overload(IS_SEMVER, "solgate_is_semver_lenient", vec![types::DYN_TYPE, types::BOOL_TYPE], is_semver)
}

impl Version {
    /// A lenient reader takes `v1.2` and `1.02.3`, too, as Kubernetes does.
    fn parse(text: &str, is_lenient: bool) -> Option<Self> {
        let text = if is_lenient { text.strip_prefix('v').unwrap_or(text) } else { text };
        let (text, build) = match text.split_once('+') {
            Some((text, build)) => (text, Some(build)),
            None => (text, None),
        };
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (text, None),
        };
        if !build.is_none_or(|build| build.split('.').all(is_identifier)) {
            return None;
        }
        if !pre.is_none_or(|pre| pre.split('.').all(|part| is_identifier(part) && (!is_number(part) || is_plain(part))))
        {
            return None;
        }
        let mut core = [0; 3];
        let mut parts = numbers.split('.');
        for (place, number) in core.iter_mut().enumerate() {
            let Some(part) = parts.next() else {
                if is_lenient && place > 0 {
                    break;
                }
                return None;
            };
            *number = part.parse().ok().filter(|_| is_number(part) && (is_lenient || is_plain(part)))?;
        }
        parts.next().is_none().then(|| Self { core, pre: pre.map(str::to_owned) })
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// No zero in front.
fn is_plain(number: &str) -> bool {
    number == "0" || !number.starts_with('0')
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.core.cmp(&other.core).then_with(|| match (&self.pre, &other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) => by_identifiers(left, right),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn by_identifiers(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_number(a), is_number(b)) {
                // Without zeros in front, the longer number is the greater.
                (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

impl Comparer for Version {
    fn compare(&self, right: &dyn Val) -> Result<Ordering, ExecutionError> {
        right.downcast_ref::<Self>().map(|other| self.cmp(other)).ok_or_else(|| {
            let names = vec![SEMVER_TYPE.name().to_owned(), right.get_type().name().to_owned()];
            ExecutionError::no_such_overload(operators::LESS, names)
        })
    }
}

impl Val for Version {
    fn get_type(&self) -> &Type {
        &SEMVER_TYPE
    }

    fn cel_type() -> &'static Type {
        &SEMVER_TYPE
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Version {}

fn read(arguments: &[CowVal<'_, '_>]) -> Result<Option<Version>, ExecutionError> {
    let (text, is_lenient) = match arguments {
        [text] => (text, false),
        [text, is_lenient] => (text, is_lenient.downcast_ref::<CelBool>().is_some_and(|lenient| *lenient.inner())),
        _ => return Err(ExecutionError::invalid_argument_count(1, arguments.len())),
    };
    Ok(text.downcast_ref::<CelString>().and_then(|text| Version::parse(text.inner(), is_lenient)))
}

fn semver<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    read(&arguments)?
        .map(CowVal::owned)
        .ok_or_else(|| ExecutionError::function_error(SEMVER, "this is not a version such as 1.2.3"))
}

fn is_semver<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(read(&arguments)?.is_some())))
}
