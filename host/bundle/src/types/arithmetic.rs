//! What operators take and give.

use super::kinds::Kinds;
use super::value::Value;

/// What has an order among its like.
pub(super) const ORDERED: [Kinds; 7] =
    [Kinds::NUMBER, Kinds::TEXT, Kinds::BOOL, Kinds::BYTES, Kinds::TIMESTAMP, Kinds::DURATION, Kinds::VERSION];

/// What `+` takes on both sides, and gives.
pub(super) const ADDED: [(Kinds, Kinds, Kinds); 7] = [
    (Kinds::NUMBER, Kinds::NUMBER, Kinds::NUMBER),
    (Kinds::TEXT, Kinds::TEXT, Kinds::TEXT),
    (Kinds::LIST, Kinds::LIST, Kinds::LIST),
    (Kinds::BYTES, Kinds::BYTES, Kinds::BYTES),
    (Kinds::TIMESTAMP, Kinds::DURATION, Kinds::TIMESTAMP),
    (Kinds::DURATION, Kinds::TIMESTAMP, Kinds::TIMESTAMP),
    (Kinds::DURATION, Kinds::DURATION, Kinds::DURATION),
];

/// What `-` takes on both sides, and gives.
pub(super) const SUBTRACTED: [(Kinds, Kinds, Kinds); 4] = [
    (Kinds::NUMBER, Kinds::NUMBER, Kinds::NUMBER),
    (Kinds::TIMESTAMP, Kinds::TIMESTAMP, Kinds::DURATION),
    (Kinds::TIMESTAMP, Kinds::DURATION, Kinds::TIMESTAMP),
    (Kinds::DURATION, Kinds::DURATION, Kinds::DURATION),
];

/// All that an operator can give for two sides.
pub(super) fn result(table: &[(Kinds, Kinds, Kinds)], left: Kinds, right: Kinds) -> Kinds {
    let fitting = table.iter().filter(|(a, b, _)| left.fits(*a) && right.fits(*b));
    fitting.fold(Kinds::NONE, |all, (_, _, kinds)| all | *kinds)
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
