//! What operators take and give.

use super::kinds::Kinds;
use super::value::Value;

/// What has an order among its like.
pub(super) const ORDERED: [Kinds; 7] =
    [Kinds::NUMBER, Kinds::TEXT, Kinds::BOOL, Kinds::BYTES, Kinds::TIMESTAMP, Kinds::DURATION, Kinds::VERSION];

/// What an operator takes on both sides, and gives.
pub(super) type Row = (Kinds, Kinds, Kinds);

/// `<` and the like.
pub(super) const COMPARED: [Row; 7] = [
    (Kinds::NUMBER, Kinds::NUMBER, Kinds::BOOL),
    (Kinds::TEXT, Kinds::TEXT, Kinds::BOOL),
    (Kinds::BOOL, Kinds::BOOL, Kinds::BOOL),
    (Kinds::BYTES, Kinds::BYTES, Kinds::BOOL),
    (Kinds::TIMESTAMP, Kinds::TIMESTAMP, Kinds::BOOL),
    (Kinds::DURATION, Kinds::DURATION, Kinds::BOOL),
    (Kinds::VERSION, Kinds::VERSION, Kinds::BOOL),
];

/// What `+` takes on both sides, and gives.
pub(super) const ADDED: [Row; 7] = [
    (Kinds::NUMBER, Kinds::NUMBER, Kinds::NUMBER),
    (Kinds::TEXT, Kinds::TEXT, Kinds::TEXT),
    (Kinds::LIST, Kinds::LIST, Kinds::LIST),
    (Kinds::BYTES, Kinds::BYTES, Kinds::BYTES),
    (Kinds::TIMESTAMP, Kinds::DURATION, Kinds::TIMESTAMP),
    (Kinds::DURATION, Kinds::TIMESTAMP, Kinds::TIMESTAMP),
    (Kinds::DURATION, Kinds::DURATION, Kinds::DURATION),
];

/// What `-` takes on both sides, and gives.
pub(super) const SUBTRACTED: [Row; 4] = [
    (Kinds::NUMBER, Kinds::NUMBER, Kinds::NUMBER),
    (Kinds::TIMESTAMP, Kinds::TIMESTAMP, Kinds::DURATION),
    (Kinds::TIMESTAMP, Kinds::DURATION, Kinds::TIMESTAMP),
    (Kinds::DURATION, Kinds::DURATION, Kinds::DURATION),
];

/// All that an operator can give for two sides.
pub(super) fn result(table: &[Row], left: Kinds, right: Kinds) -> Kinds {
    fitting(table, left, right).fold(Kinds::NONE, |all, (_, _, kinds)| all | *kinds)
}

fn fitting(table: &[Row], left: Kinds, right: Kinds) -> impl Iterator<Item = &Row> {
    table.iter().filter(move |(a, b, _)| left.meets(*a) && right.meets(*b))
}

/// What the two sides have to be, if they may be what an operator does not take: what goes
/// with the side that is of one kind.
pub(super) fn needed(table: &[Row], left: Kinds, right: Kinds) -> Option<&Row> {
    if left.is_unknown() || right.is_unknown() {
        return None;
    }
    let is_taken = |a: Kinds, b: Kinds| table.iter().any(|(left, right, _)| a == *left && b == *right);
    if left.each().all(|a| right.each().all(|b| is_taken(a, b))) {
        return None;
    }
    let is_certain = |(a, b, _): &&Row| left.is_within(*a) || right.is_within(*b);
    fitting(table, left, right).find(is_certain).or_else(|| fitting(table, left, right).next())
}

/// How one side becomes what the other is, if that is a timestamp, a duration or a version.
pub(super) fn to_time(a: &Value<'_>, b: &Value<'_>, is_compared: bool) -> Option<String> {
    let between = |time: Kinds, kinds: Kinds| {
        (a.kinds.is_within(time) && b.kinds.meets(kinds)) || (b.kinds.is_within(time) && a.kinds.meets(kinds))
    };
    let hint = if between(Kinds::TIMESTAMP, Kinds::TEXT) {
        "write timestamp(...) around the text"
    } else if is_compared && between(Kinds::TIMESTAMP, Kinds::NUMBER) {
        "write timestamp(...) around the number, if it is in seconds since 1970"
    } else if between(Kinds::TIMESTAMP | Kinds::DURATION, Kinds::NUMBER) {
        "a length of time is written duration('90s')"
    } else if between(Kinds::VERSION, Kinds::TEXT) {
        "write semver(...) around the text"
    } else if between(Kinds::DURATION, Kinds::TEXT) {
        "write duration(...) around the text"
    } else {
        return None;
    };
    Some(hint.to_owned())
}
