//! Functions of texts: those of the crate that would take the product of two lengths, `like`,
//! and `regex.extract`. (Its relatives, which find all matches, take the square of the text's
//! length for some patterns, and are left out.)

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{self, CelBool, CelDouble, CelInt, CelOptional, CelString, CelUInt},
        value::{CowVal, Val},
    },
};

use super::{
    numbers::held,
    opaque::{PATTERN_TYPE, Pattern},
};

/// What `indexOf` becomes.
pub(super) const INDEX_OF: &str = "@indexOf";
/// What `lastIndexOf` becomes.
pub(super) const LAST_INDEX_OF: &str = "@lastIndexOf";
/// What `regex.extract` becomes; its second argument is a [`Pattern`].
pub(super) const EXTRACT: &str = "@extract";
/// The text that a value is, or is written as.
pub(super) const TO_TEXT: &str = "toText";

/// The function `like`. Its second text need not be a literal: an option or a list of the
/// operator's may hold it, since none is wrong and each costs what the texts are long.
pub(super) const LIKE: &str = "like";

/// The function that one of the crate's becomes.
pub(super) fn replacement(name: &str) -> Option<&'static str> {
    match name {
        "indexOf" => Some(INDEX_OF),
        "lastIndexOf" => Some(LAST_INDEX_OF),
        _ => None,
    }
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let text = || types::STRING_TYPE;
    for (name, function) in [(INDEX_OF, index_of as _), (LAST_INDEX_OF, last_index_of as _)] {
        env.add_overload(name, "solgate_find", vec![text(), text()], function)?;
        env.add_overload(name, "solgate_find_from", vec![text(), text(), types::INT_TYPE], function)?;
    }
    env.add_overload(LIKE, "solgate_like", vec![text(), text()], like)?;
    env.add_overload(TO_TEXT, "solgate_to_text", vec![types::DYN_TYPE], to_text)?;
    env.add_overload(EXTRACT, "solgate_extract", vec![text(), PATTERN_TYPE.to_owned()], extract)
}

/// The text, the part that is looked for, and the byte of the place that is given.
struct Search<'a> {
    text: &'a str,
    part: &'a str,
    from: Option<usize>,
}

impl<'a> Search<'a> {
    /// Places are counted in characters. As the crate has it, a place lies before the end of
    /// the text, and an empty part is found at every place.
    fn new(function: &str, arguments: &'a [CowVal<'_, '_>]) -> Result<Result<Self, i64>, ExecutionError> {
        let [text, part, place @ ..] = arguments else {
            return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
        };
        let texts = text.downcast_ref::<CelString>().zip(part.downcast_ref::<CelString>());
        let (text, part) = texts.ok_or_else(|| ExecutionError::function_error(function, "two strings are needed"))?;
        let (text, part) = (text.inner(), part.inner());
        let Some(place) = place.first().and_then(|place| place.downcast_ref::<CelInt>()) else {
            return Ok(Ok(Self { text, part, from: None }));
        };
        let place = *place.inner();
        let beyond = || ExecutionError::function_error(function, format!("index out of range: {place}"));
        let place = usize::try_from(place).map_err(|_| beyond())?;
        if part.is_empty() {
            return Ok(Err(count(text).min(i64::try_from(place).unwrap_or(i64::MAX))));
        }
        let (from, _) = text.char_indices().nth(place).ok_or_else(beyond)?;
        Ok(Ok(Self { text, part, from: Some(from) }))
    }

    /// The character at which a byte is.
    fn place(&self, byte: Option<usize>) -> i64 {
        byte.and_then(|byte| self.text.get(..byte)).map_or(-1, count)
    }
}

fn count(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn index_of<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let place = match Search::new("indexOf", &arguments)? {
        Ok(search) => {
            let from = search.from.unwrap_or(0);
            let found = search.text.get(from..).and_then(|rest| rest.find(search.part));
            search.place(found.and_then(|byte| byte.checked_add(from)))
        }
        Err(place) => place,
    };
    Ok(CowVal::owned(CelInt::from(place)))
}

fn last_index_of<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let place = match Search::new("lastIndexOf", &arguments)? {
        Ok(search) => {
            // The last one begins there, at the latest.
            let end = search.from.and_then(|from| from.checked_add(search.part.len())).unwrap_or(search.text.len());
            let end = search.text.floor_char_boundary(end);
            search.place(search.text.get(..end).and_then(|text| text.rfind(search.part)))
        }
        Err(place) => place,
    };
    Ok(CowVal::owned(CelInt::from(place)))
}

fn like<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, form] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    match (text.downcast_ref::<CelString>(), form.downcast_ref::<CelString>()) {
        (Some(text), Some(form)) => Ok(CowVal::owned(CelBool::from(is_like(text.inner(), form.inner())))),
        _ => Err(ExecutionError::function_error(LIKE, "two strings are needed")),
    }
}

/// Whether a text has a form in which `*` stands for any text. Of what lies between two stars
/// the first occurrence will do, so that no text is looked at twice.
fn is_like(text: &str, form: &str) -> bool {
    let Some((start, rest)) = form.split_once('*') else { return text == form };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = text.strip_prefix(start).and_then(|text| text.strip_suffix(end));
    let found = inner.and_then(|inner| {
        middle.split('*').try_fold(inner, |text, part| text.split_once(part).map(|(_, after)| after))
    });
    found.is_some()
}

/// Any other value than a text, a number or a truth value has none.
fn to_text<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [value] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(1, arguments.len()));
    };
    let text = held(value.as_ref()).and_then(|value| {
        let text = value.downcast_ref::<CelString>().map(|text| text.inner().to_owned());
        text.or_else(|| value.downcast_ref::<CelInt>().map(|int| int.inner().to_string()))
            .or_else(|| value.downcast_ref::<CelUInt>().map(|int| int.inner().to_string()))
            .or_else(|| value.downcast_ref::<CelDouble>().map(|double| double.inner().to_string()))
            .or_else(|| value.downcast_ref::<CelBool>().map(|bool| bool.inner().to_string()))
    });
    let text = text.map(|text| -> Box<dyn Val> { Box::new(CelString::from(text)) });
    Ok(CowVal::owned(text.map_or_else(CelOptional::none, CelOptional::of)))
}

/// The part of a text that matches, or of it what the group matches if there is one.
fn extract<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, pattern] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    let (Some(text), Some(Pattern(pattern))) = (text.downcast_ref::<CelString>(), pattern.downcast_ref::<Pattern>())
    else {
        return Err(ExecutionError::function_error("regex.extract", "a string and a pattern are needed"));
    };
    let group = pattern.captures_len().saturating_sub(1).min(1);
    let found =
        pattern.captures(text.inner()).and_then(|found| found.get(group).map(|found| found.as_str().to_owned()));
    let found = found.map(|found| -> Box<dyn Val> { Box::new(CelString::from(found)) });
    Ok(CowVal::owned(found.map_or_else(CelOptional::none, CelOptional::of)))
}
