//! The environment that expressions run in: CEL's standard library, its string
//! functions, `matches` with patterns compiled ahead, an equality that knows
//! borrowed JSON, and what operators' rules need: hosts, lists, windows of time.

use super::{
    encode,
    list::List,
    lists, map, networks, numbers,
    opaque::{LIST_TYPE, PATTERN_TYPE, Pattern, WINDOW_TYPE},
    quantity, semver, texts,
    time::{self, Timestamp},
    uri, value,
    window::Window,
};
use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{self, CelBool, CelInt, CelOptional, CelString},
        value::{CowVal, Val},
    },
};

/// Equality of two values that are not scalars in the source.
pub(super) const EQUAL: &str = "@equal";
/// Makes a map: what a map literal becomes, see [`map::make`].
pub(super) const MAP: &str = "@map";
/// The function `matches` of CEL; its second argument becomes a [`Pattern`].
pub(super) const MATCHES: &str = "matches";
/// The host of a URI.
pub(super) const HOST: &str = "host";
/// The scheme of a URI.
pub(super) const SCHEME: &str = "scheme";
/// Whether a text is in a list; the first argument becomes a [`List`].
pub(super) const IN_LIST: &str = "inList";
/// Whether an instant is in a window; the first argument becomes a [`Window`].
pub(super) const IN_WINDOW: &str = "inWindow";
/// Fills a text in; its argument is looked through by [`SHOWN`] before.
pub(super) const FORMAT: &str = "format";
/// See [`time::shown`].
pub(super) const SHOWN: &str = "@shown";

/// Whether a text is an address.
pub(super) const IS_IP: &str = "isIP";
/// Whether a text is a network.
pub(super) const IS_CIDR: &str = "isCIDR";
/// Whether an address, or a network, lies in a network.
pub(super) const IN_CIDR: &str = "inCIDR";

/// Functions that expressions may call, apart from operators.
pub const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "type",
    "dyn",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "join",
    "lowerAscii",
    "upperAscii",
    "trim",
    "replace",
    "split",
    "substring",
    FORMAT,
    "reverse",
    "strings.quote",
    "optional.of",
    "optional.ofNonZeroValue",
    "optional.none",
    "hasValue",
    "value",
    "or",
    "orValue",
    HOST,
    SCHEME,
    IN_LIST,
    IN_WINDOW,
    IS_IP,
    IS_CIDR,
    IN_CIDR,
    lists::DISTINCT,
    lists::FLATTEN,
    lists::SORT,
    lists::SUM,
    lists::MIN,
    lists::MAX,
    lists::CONTAINS,
    lists::EQUIVALENT,
    lists::INTERSECTS,
    numbers::TO_INT,
    numbers::TO_DOUBLE,
    numbers::IS_NUMBER,
    texts::TO_TEXT,
    "timestamp",
    "duration",
    "isTimestamp",
    "isDuration",
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
    "ip",
    "ipFamily",
    "port",
    "uriPath",
    "uriParameter",
    "regex.extract",
    texts::LIKE,
    "base64.encode",
    "base64.decode",
    "isBase64",
    "semver",
    "isSemver",
    "quantity",
    "isQuantity",
];

/// Whether functions have names below this one, as in `strings.quote(x)`: it is no variable.
#[must_use]
pub fn is_namespace(name: &str) -> bool {
    FUNCTIONS.iter().any(|function| function.split_once('.').is_some_and(|(namespace, _)| namespace == name))
}

/// Builds the environment.
pub(super) fn environment() -> Result<Env, DeclarationError> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings)?;
    env.add_overload(EQUAL, "solgate_equal", vec![types::DYN_TYPE, types::DYN_TYPE], equal)?;
    for (name, id, function) in numbers::FUNCTIONS {
        env.add_overload(name, id, vec![types::DYN_TYPE, types::DYN_TYPE], function)?;
    }
    for (name, id, function) in numbers::CONVERSIONS {
        env.add_overload(name, id, vec![types::DYN_TYPE], function)?;
    }
    env.add_overload(MAP, "solgate_map", vec![types::LIST_TYPE], map::make)?;
    env.add_overload(MAP, "solgate_map_optional", vec![types::LIST_TYPE, types::LIST_TYPE], map::make)?;
    env.add_overload(MATCHES, "solgate_matches", vec![types::STRING_TYPE, PATTERN_TYPE.to_owned()], matches)?;
    env.add_overload(HOST, "solgate_host", vec![types::STRING_TYPE], host)?;
    env.add_overload(SCHEME, "solgate_scheme", vec![types::STRING_TYPE], scheme)?;
    env.add_overload(IS_IP, "solgate_is_ip", vec![types::STRING_TYPE], is_ip)?;
    env.add_overload(IS_CIDR, "solgate_is_cidr", vec![types::STRING_TYPE], is_cidr)?;
    env.add_overload(IN_CIDR, "solgate_in_cidr", vec![types::STRING_TYPE, types::STRING_TYPE], in_cidr)?;
    env.add_overload("ip", "solgate_ip", vec![types::STRING_TYPE], ip)?;
    env.add_overload("ipFamily", "solgate_ip_family", vec![types::STRING_TYPE], ip_family)?;
    env.add_overload("port", "solgate_port", vec![types::STRING_TYPE], port)?;
    env.add_overload("uriPath", "solgate_uri_path", vec![types::STRING_TYPE], uri_path)?;
    let two_texts = vec![types::STRING_TYPE, types::STRING_TYPE];
    env.add_overload("uriParameter", "solgate_uri_parameter", two_texts, uri_parameter)?;
    lists::declare(&mut env)?;
    texts::declare(&mut env)?;
    encode::declare(&mut env)?;
    semver::declare(&mut env)?;
    quantity::declare(&mut env)?;
    env.add_overload(IN_LIST, "solgate_in_list", vec![LIST_TYPE.to_owned(), types::STRING_TYPE], in_list)?;
    env.add_overload(IN_WINDOW, "solgate_in_window", vec![WINDOW_TYPE.to_owned(), types::DYN_TYPE], in_window)?;
    env.add_overload(SHOWN, "solgate_shown", vec![types::LIST_TYPE], time::shown)?;
    time::declare(&mut env)?;
    Ok(env)
}

fn equal<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match arguments.as_slice() {
        [left, right] => Ok(CowVal::owned(CelBool::from(value::equal(left.as_ref(), right.as_ref())))),
        _ => Err(ExecutionError::invalid_argument_count(2, arguments.len())),
    }
}

fn matches<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, pattern] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    match (text.downcast_ref::<CelString>(), pattern.downcast_ref::<Pattern>()) {
        (Some(text), Some(pattern)) => Ok(CowVal::owned(CelBool::from(pattern.0.is_match(text.inner())))),
        _ => Err(ExecutionError::function_error(MATCHES, "a string and a pattern are needed")),
    }
}

fn is_ip<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text(IS_IP, &arguments, |text| CelBool::from(networks::is_ip(text)))
}

fn is_cidr<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text(IS_CIDR, &arguments, |text| CelBool::from(networks::is_cidr(text)))
}

fn in_cidr<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [address, network] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    match (address.downcast_ref::<CelString>(), network.downcast_ref::<CelString>()) {
        (Some(address), Some(network)) => match networks::in_cidr(address.inner(), network.inner()) {
            Some(is_in) => Ok(CowVal::owned(CelBool::from(is_in))),
            None => Err(ExecutionError::function_error(IN_CIDR, "the second text is not a network")),
        },
        _ => Err(ExecutionError::function_error(IN_CIDR, "two strings are needed")),
    }
}

fn host<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text(HOST, &arguments, |text| CelString::from(uri::host(text)))
}

fn scheme<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text(SCHEME, &arguments, |text| CelString::from(uri::scheme(text)))
}

fn ip<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text("ip", &arguments, |text| CelString::from(networks::ip(text)))
}

fn ip_family<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text("ipFamily", &arguments, |text| CelInt::from(networks::family(text)))
}

fn port<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text("port", &arguments, |text| CelInt::from(uri::port(text)))
}

fn uri_path<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    of_text("uriPath", &arguments, |text| CelString::from(uri::path(text)))
}

fn uri_parameter<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [uri, name] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    let (Some(uri), Some(name)) = (uri.downcast_ref::<CelString>(), name.downcast_ref::<CelString>()) else {
        return Err(ExecutionError::function_error("uriParameter", "two strings are needed"));
    };
    let found =
        uri::parameter(uri.inner(), name.inner()).map(|found| -> Box<dyn Val> { Box::new(CelString::from(found)) });
    Ok(CowVal::owned(found.map_or_else(CelOptional::none, CelOptional::of)))
}

fn of_text<'b, 'v, V: Val + 'static>(
    name: &str,
    arguments: &[CowVal<'b, 'v>],
    function: fn(&str) -> V,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match arguments {
        [text] => match text.downcast_ref::<CelString>() {
            Some(text) => Ok(CowVal::owned(function(text.inner()))),
            None => Err(ExecutionError::function_error(name, "a string is needed")),
        },
        _ => Err(ExecutionError::invalid_argument_count(1, arguments.len())),
    }
}

fn in_list<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [list, text] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    match (list.downcast_ref::<List>(), text.downcast_ref::<CelString>()) {
        (Some(list), Some(text)) => Ok(CowVal::owned(CelBool::from(list.contains(text.inner())))),
        _ => Err(ExecutionError::function_error(IN_LIST, "a list and a string are needed")),
    }
}

fn in_window<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [window, instant] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    let Some(window) = window.downcast_ref::<Window>() else {
        return Err(ExecutionError::function_error(IN_WINDOW, "a window is needed"));
    };
    let at = match (instant.downcast_ref::<Timestamp>(), numbers::Number::of(instant.as_ref())) {
        (Some(timestamp), _) => Some(timestamp.instant()),
        // An instant that no calendar has lies in no window.
        (None, Some(number)) => number.whole().and_then(|instant| jiff::Timestamp::from_millisecond(instant).ok()),
        (None, None) => {
            return Err(ExecutionError::function_error(
                IN_WINDOW,
                "a timestamp, or milliseconds since 1970, are needed",
            ));
        }
    };
    Ok(CowVal::owned(CelBool::from(at.is_some_and(|at| window.contains(at)))))
}
