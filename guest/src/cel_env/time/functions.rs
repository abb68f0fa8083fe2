//! `timestamp()`, `duration()`, and what they are asked for.

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{self, CelBool, CelInt, CelList, CelString, Kind},
        value::{CowVal, Val},
    },
};
use jiff::tz::TimeZone;

use super::{
    super::map,
    Duration, Local, SECOND, Timestamp,
    zone::{ZONE_TYPE, Zone},
};

type Function = for<'b, 'v> fn(Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError>;

const TIMESTAMP: &str = "timestamp";
const DURATION: &str = "duration";
const IS_TIMESTAMP: &str = "isTimestamp";
const IS_DURATION: &str = "isDuration";

/// Functions that may be given a zone.
pub(in crate::cel_env) const ZONED: [&str; 10] = [
    "getFullYear",
    "getMonth",
    "getDayOfYear",
    "getDayOfMonth",
    "getDate",
    "getDayOfWeek",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// Makes a function of each part of a date and time.
macro_rules! parts {
    ($($function:ident: $name:literal, $part:expr;)*) => {
        $(fn $function<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
            part($name, &arguments, $part)
        })*

        const PARTS: [(&str, Function); ZONED.len()] = [$(($name, $function)),*];
    };
}

// Days of the month and the year, and months, are counted from 0, as CEL has it.
parts! {
    full_year: "getFullYear", |local| local.year;
    month: "getMonth", |local| i64::from(local.at.month()).saturating_sub(1);
    day_of_year: "getDayOfYear", |local| i64::from(local.at.day_of_year()).saturating_sub(1);
    day_of_month: "getDayOfMonth", |local| i64::from(local.at.day()).saturating_sub(1);
    date: "getDate", |local| local.at.day().into();
    day_of_week: "getDayOfWeek", |local| local.at.weekday().to_sunday_zero_offset().into();
    hours: "getHours", |local| local.at.hour().into();
    minutes: "getMinutes", |local| local.at.minute().into();
    seconds: "getSeconds", |local| local.at.second().into();
    milliseconds: "getMilliseconds", |local| i64::from(local.at.subsec_nanosecond()).checked_div(1_000_000).unwrap_or(0);
}

/// Of a duration: all of its hours, minutes or seconds, but the milliseconds of its last
/// second, as CEL has it.
const LENGTHS: [(&str, Function); 4] = [
    ("getHours", whole_hours),
    ("getMinutes", whole_minutes),
    ("getSeconds", whole_seconds),
    ("getMilliseconds", rest_in_milliseconds),
];

pub(in crate::cel_env) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let (instant, length) = (|| types::TIMESTAMP_TYPE, || types::DURATION_TYPE);
    env.add_overload(TIMESTAMP, "solgate_of_text", vec![types::STRING_TYPE], timestamp)?;
    env.add_overload(TIMESTAMP, "solgate_of_int", vec![types::INT_TYPE], timestamp)?;
    env.add_overload(TIMESTAMP, "solgate_of_timestamp", vec![instant()], same)?;
    env.add_overload(DURATION, "solgate_of_text", vec![types::STRING_TYPE], duration)?;
    env.add_overload(DURATION, "solgate_of_duration", vec![length()], same)?;
    env.add_overload(IS_TIMESTAMP, "solgate_is_timestamp", vec![types::DYN_TYPE], is_timestamp)?;
    env.add_overload(IS_DURATION, "solgate_is_duration", vec![types::DYN_TYPE], is_duration)?;
    env.add_overload("string", "solgate_of_timestamp", vec![instant()], string)?;
    env.add_overload("string", "solgate_of_duration", vec![length()], string)?;
    for (name, function) in PARTS {
        env.add_member_overload(name, "solgate_part", instant(), vec![], function)?;
        env.add_member_overload(name, "solgate_part_in_zone", instant(), vec![ZONE_TYPE.to_owned()], function)?;
    }
    for (name, function) in LENGTHS {
        env.add_member_overload(name, "solgate_length", length(), vec![], function)?;
    }
    Ok(())
}

fn read_timestamp(value: &dyn Val) -> Option<Timestamp> {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Timestamp::parse(text.inner());
    }
    if let Some(seconds) = value.downcast_ref::<CelInt>() {
        return Timestamp::from_seconds(*seconds.inner());
    }
    value.downcast_ref::<Timestamp>().copied()
}

fn read_duration(value: &dyn Val) -> Option<Duration> {
    match value.downcast_ref::<CelString>() {
        Some(text) => Duration::parse(text.inner()),
        None => value.downcast_ref::<Duration>().copied(),
    }
}

fn only<'a, 'b, 'v>(arguments: &'a [CowVal<'b, 'v>]) -> Result<&'a (dyn Val + 'v), ExecutionError> {
    match arguments {
        [only] => Ok(only.as_ref()),
        _ => Err(ExecutionError::invalid_argument_count(1, arguments.len())),
    }
}

fn timestamp<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let reason = "not an RFC 3339 date and time, or a number of seconds, in the years 1 to 9999";
    read_timestamp(only(&arguments)?)
        .map(CowVal::owned)
        .ok_or_else(|| ExecutionError::function_error(TIMESTAMP, reason))
}

fn duration<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let reason = "not a duration such as 1h30m or 90s, or longer than 292 years";
    read_duration(only(&arguments)?).map(CowVal::owned).ok_or_else(|| ExecutionError::function_error(DURATION, reason))
}

fn same<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    arguments.pop().ok_or_else(|| ExecutionError::invalid_argument_count(1, 0))
}

fn is_timestamp<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(read_timestamp(only(&arguments)?).is_some())))
}

fn is_duration<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(read_duration(only(&arguments)?).is_some())))
}

fn string<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let text = text(only(&arguments)?);
    text.map(|text| CowVal::owned(CelString::from(text)))
        .ok_or_else(|| ExecutionError::function_error("string", "a timestamp or a duration is needed"))
}

/// A timestamp or a duration as text.
fn text(value: &dyn Val) -> Option<String> {
    if let Some(at) = value.downcast_ref::<Timestamp>() {
        return Some(at.text());
    }
    value.downcast_ref::<Duration>().map(|length| length.text())
}

fn part<'b, 'v>(
    function: &str,
    arguments: &[CowVal<'b, 'v>],
    part: fn(&Local) -> i64,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (at, zone) = match arguments {
        [at] => (at, Some(&TimeZone::UTC)),
        [at, zone] => (at, zone.downcast_ref::<Zone>().map(|zone| &zone.0)),
        _ => return Err(ExecutionError::invalid_argument_count(2, arguments.len())),
    };
    match (at.downcast_ref::<Timestamp>(), zone) {
        (Some(at), Some(zone)) => Ok(CowVal::owned(CelInt::from(part(&at.local(zone))))),
        _ => Err(ExecutionError::function_error(function, "a timestamp and a zone are needed")),
    }
}

fn length<'b, 'v>(
    function: &str,
    arguments: &[CowVal<'b, 'v>],
    part: fn(i64) -> Option<i64>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match only(arguments)?.downcast_ref::<Duration>() {
        Some(length) => Ok(CowVal::owned(CelInt::from(part(length.nanoseconds()).unwrap_or(0)))),
        None => Err(ExecutionError::function_error(function, "a duration is needed")),
    }
}

fn whole_hours<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    length("getHours", &arguments, |length| length.checked_div(SECOND)?.checked_div(3600))
}

fn whole_minutes<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    length("getMinutes", &arguments, |length| length.checked_div(SECOND)?.checked_div(60))
}

fn whole_seconds<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    length("getSeconds", &arguments, |length| length.checked_div(SECOND))
}

fn rest_in_milliseconds<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    length("getMilliseconds", &arguments, |length| length.checked_rem(SECOND)?.checked_div(1_000_000))
}

/// What `format` is given in place of a list: its timestamps and durations as texts, which
/// is what `%s` makes of them. The crate's `format` knows those of another library only.
pub(in crate::cel_env) fn shown<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let Some(list) = arguments.pop() else { return Err(ExecutionError::invalid_argument_count(1, 0)) };
    Ok(replaced(list.as_ref()).map_or(list, CowVal::Owned))
}

/// A value with texts for what is shown as such; `None` if it can stay.
fn replaced<'v>(value: &(dyn Val + 'v)) -> Option<Box<dyn Val + 'v>> {
    if let Some(text) = text(value) {
        return Some(Box::new(CelString::from(text)));
    }
    let kind = value.get_type().kind();
    let items = value.as_iterable().filter(|_| matches!(kind, Kind::List | Kind::Map))?;
    let members = value.as_indexer().filter(|_| kind == Kind::Map);
    // Items, or names and members in turn.
    let mut parts: Vec<Box<dyn Val + 'v>> = Vec::new();
    let mut is_other = false;
    let mut iterator = items.iter();
    while let Some(item) = iterator.next() {
        let member = members.map(|members| members.get(item)).transpose().ok()?;
        if member.is_some() {
            parts.push(item.clone_as_boxed());
        }
        let part = member.as_ref().map_or(item, |member| member.as_ref());
        let other = replaced(part);
        is_other |= other.is_some();
        parts.push(other.unwrap_or_else(|| part.clone_as_boxed()));
    }
    let made = is_other.then(|| CelList::from(parts))?;
    match members {
        Some(_) => map::make(vec![CowVal::owned(made)]).ok().map(CowVal::into_owned),
        None => Some(Box::new(made)),
    }
}
