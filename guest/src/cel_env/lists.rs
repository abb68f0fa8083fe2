//! Functions of whole lists: what occurs once, the order, sums and sets. All take a time
//! that grows with the list as sorting does.

use std::{cmp::Ordering, collections::BTreeSet};

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        traits::Iterable,
        types::{self, CelBool, CelBytes, CelInt, CelList, CelString, Kind},
        value::{CowVal, Val},
    },
};

use super::{
    numbers::{self, Number},
    semver::Version,
    time::{Duration, Timestamp},
};

pub(super) const DISTINCT: &str = "distinct";
pub(super) const FLATTEN: &str = "flatten";
pub(super) const SORT: &str = "sort";
pub(super) const SUM: &str = "sum";
pub(super) const MIN: &str = "min";
pub(super) const MAX: &str = "max";
pub(super) const CONTAINS: &str = "sets.contains";
pub(super) const EQUIVALENT: &str = "sets.equivalent";
pub(super) const INTERSECTS: &str = "sets.intersects";

/// Deepest nesting of values that are told apart.
const DEPTH: usize = 128;

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let list = || types::LIST_TYPE;
    env.add_member_overload(DISTINCT, "solgate_distinct", list(), vec![], distinct)?;
    env.add_member_overload(FLATTEN, "solgate_flatten", list(), vec![], flatten)?;
    env.add_member_overload(SORT, "solgate_sort", list(), vec![], sort)?;
    env.add_member_overload(SUM, "solgate_sum", list(), vec![], sum)?;
    env.add_member_overload(MIN, "solgate_min", list(), vec![], min)?;
    env.add_member_overload(MAX, "solgate_max", list(), vec![], max)?;
    env.add_overload(CONTAINS, "solgate_sets_contains", vec![list(), list()], contains)?;
    env.add_overload(EQUIVALENT, "solgate_sets_equivalent", vec![list(), list()], equivalent)?;
    env.add_overload(INTERSECTS, "solgate_sets_intersects", vec![list(), list()], intersects)
}

/// A value as it is looked up: two are the same if CEL's `==` says so.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Null,
    Bool(bool),
    Integer(i128),
    /// A double that is no integer, by its bits.
    Double(u64),
    Text(String),
    Bytes(Vec<u8>),
    Timestamp(i128),
    Duration(i64),
    Version([u64; 3], Option<String>),
    List(Vec<Key>),
    Map(BTreeSet<(Key, Key)>),
}

fn key(value: &dyn Val, depth: usize) -> Option<Key> {
    let below = depth.checked_sub(1)?;
    if let Some(number) = Number::of(value) {
        return Some(match number {
            Number::Integer(int) => Key::Integer(int),
            Number::Double(double) => match numbers::integer(double) {
                Some(int) => Key::Integer(int),
                None => Key::Double(double.to_bits()),
            },
        });
    }
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Some(Key::Text(text.inner().to_owned()));
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        return Some(Key::Bytes(bytes.inner().to_vec()));
    }
    if let Some(bool) = value.downcast_ref::<CelBool>() {
        return Some(Key::Bool(*bool.inner()));
    }
    if let Some(timestamp) = value.downcast_ref::<Timestamp>() {
        return Some(Key::Timestamp(timestamp.nanoseconds()));
    }
    if let Some(duration) = value.downcast_ref::<Duration>() {
        return Some(Key::Duration(duration.nanoseconds()));
    }
    if let Some(version) = value.downcast_ref::<Version>() {
        return Some(Key::Version(version.core, version.pre.clone()));
    }
    match value.get_type().kind() {
        Kind::NullType => Some(Key::Null),
        Kind::List => items(value)?.iter().map(|item| key(item.as_ref(), below)).collect::<Option<_>>().map(Key::List),
        Kind::Map => {
            let map = value.as_indexer()?;
            let entry = |name: &dyn Val| {
                let member = map.get(name).ok()?;
                Some((key(name, below)?, key(member.as_ref(), below)?))
            };
            items(value)?.iter().map(|name| entry(name.as_ref())).collect::<Option<_>>().map(Key::Map)
        }
        _ => None,
    }
}

/// The items of a list, or the keys of a map.
fn items<'v>(value: &(dyn Val + 'v)) -> Option<Vec<Box<dyn Val + 'v>>> {
    let mut iterator = value.as_iterable().map(Iterable::iter)?;
    let mut items = Vec::new();
    while let Some(item) = iterator.next() {
        items.push(item.clone_as_boxed());
    }
    Some(items)
}

/// The items of the only argument.
fn only<'v>(function: &str, arguments: &[CowVal<'_, 'v>]) -> Result<Vec<Box<dyn Val + 'v>>, ExecutionError> {
    match arguments {
        [list] => items(list.as_ref()).ok_or_else(|| ExecutionError::function_error(function, "a list is needed")),
        _ => Err(ExecutionError::invalid_argument_count(1, arguments.len())),
    }
}

fn set(function: &str, list: &dyn Val) -> Result<BTreeSet<Key>, ExecutionError> {
    let items = items(list).ok_or_else(|| ExecutionError::function_error(function, "a list is needed"))?;
    items.iter().map(|item| known(function, item.as_ref())).collect()
}

fn known(function: &str, item: &dyn Val) -> Result<Key, ExecutionError> {
    key(item, DEPTH).ok_or_else(|| ExecutionError::function_error(function, "an item that cannot be compared"))
}

fn distinct<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for item in only(DISTINCT, &arguments)? {
        if seen.insert(known(DISTINCT, item.as_ref())?) {
            kept.push(item);
        }
    }
    Ok(CowVal::owned(CelList::from(kept)))
}

/// By one level.
fn flatten<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut flat = Vec::new();
    for item in only(FLATTEN, &arguments)? {
        match items(item.as_ref()).filter(|_| item.get_type().kind() == Kind::List) {
            Some(inner) => flat.extend(inner),
            None => flat.push(item),
        }
    }
    Ok(CowVal::owned(CelList::from(flat)))
}

fn order(function: &str, left: &dyn Val, right: &dyn Val) -> Result<Ordering, ExecutionError> {
    let fault = || ExecutionError::function_error(function, "items that have no order among them");
    match numbers::compare(left, right) {
        Some(order) => order.ok_or_else(fault),
        None if left.get_type().kind() == right.get_type().kind() => {
            left.as_comparer().ok_or_else(fault)?.compare(right)
        }
        None => Err(fault()),
    }
}

fn sort<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut items = only(SORT, &arguments)?;
    let mut fault = None;
    items.sort_by(|left, right| {
        order(SORT, left.as_ref(), right.as_ref()).unwrap_or_else(|error| {
            fault.get_or_insert(error);
            Ordering::Equal
        })
    });
    match fault {
        Some(error) => Err(error),
        None => Ok(CowVal::owned(CelList::from(items))),
    }
}

fn sum<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut total = CowVal::owned(CelInt::from(0));
    for item in only(SUM, &arguments)? {
        if Number::of(item.as_ref()).is_none() {
            return Err(ExecutionError::function_error(SUM, "an item that is not a number"));
        }
        total = numbers::add(vec![total, CowVal::Owned(item)])?;
    }
    Ok(total)
}

fn min<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    extreme(MIN, &arguments, Ordering::Less)
}

fn max<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    extreme(MAX, &arguments, Ordering::Greater)
}

fn extreme<'b, 'v>(
    function: &str,
    arguments: &[CowVal<'b, 'v>],
    wanted: Ordering,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut items = only(function, arguments)?.into_iter();
    let mut found = items.next().ok_or_else(|| ExecutionError::function_error(function, "an empty list has none"))?;
    for item in items {
        if order(function, item.as_ref(), found.as_ref())? == wanted {
            found = item;
        }
    }
    Ok(CowVal::Owned(found))
}

/// The two lists as sets.
fn two(function: &str, arguments: &[CowVal<'_, '_>]) -> Result<(BTreeSet<Key>, BTreeSet<Key>), ExecutionError> {
    match arguments {
        [left, right] => Ok((set(function, left.as_ref())?, set(function, right.as_ref())?)),
        _ => Err(ExecutionError::invalid_argument_count(2, arguments.len())),
    }
}

fn contains<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (all, some) = two(CONTAINS, &arguments)?;
    Ok(CowVal::owned(CelBool::from(some.is_subset(&all))))
}

fn equivalent<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (one, other) = two(EQUIVALENT, &arguments)?;
    Ok(CowVal::owned(CelBool::from(one == other)))
}

fn intersects<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (one, other) = two(INTERSECTS, &arguments)?;
    Ok(CowVal::owned(CelBool::from(!one.is_disjoint(&other))))
}
