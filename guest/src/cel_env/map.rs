//! Maps that expressions make: `{'a': 1, 'b': 2}`. CEL's own keeps its entries in a
//! hash map, whose order depends on a seed, and expressions see the order: they
//! iterate. These keep the order in which they are written, as JSON objects do.

use std::{fmt, sync::Arc};

use cel::{
    ExecutionError, Value,
    common::{
        traits::{Container, Indexer, Iterable, Iterator as CelIterator, Sizer, Zeroer},
        types::{self, CelBool, CelDouble, CelInt, CelList, CelOptional, CelString, CelUInt, Kind, Type},
        value::{CowVal, Val},
    },
};

use super::value::{equal_maps, length};

/// Makes a map of a list of keys and values in turn. A second list has the places of
/// the entries that are left out if their value is an empty optional: those that are
/// written `?key: value`.
pub(super) fn make<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (parts, optional) = match arguments.as_slice() {
        [parts] => (parts.downcast_ref::<CelList>(), None),
        [parts, optional] => (parts.downcast_ref::<CelList>(), optional.downcast_ref::<CelList>()),
        _ => return Err(ExecutionError::invalid_argument_count(1, arguments.len())),
    };
    let parts = parts.map(CelList::inner).unwrap_or_default();
    let mut optional = optional.map(CelList::inner).unwrap_or_default().iter().peekable();
    let mut entries = Vec::with_capacity(parts.len() / 2);
    for (index, entry) in parts.chunks_exact(2).enumerate() {
        let [key, value] = entry else { continue };
        if place(key.as_ref()).is_none() {
            return Err(ExecutionError::UnsupportedKeyType(shown(key.as_ref())));
        }
        let is_this = |at: &CelInt| usize::try_from(*at.inner()) == Ok(index);
        let is_optional = optional.next_if(|at| at.downcast_ref::<CelInt>().is_some_and(is_this)).is_some();
        let held = if is_optional { value.downcast_ref::<CelOptional>() } else { None };
        let value = match held.map(CelOptional::option) {
            Some(None) => continue,
            Some(Some(value)) => value.clone_as_boxed(),
            None => value.clone(),
        };
        entries.push((key.clone(), value));
    }
    Ok(CowVal::owned(Map::new(entries)?))
}

/// A map in the order in which it was written. Cloning is cheap.
struct Map<'v>(Arc<Entries<'v>>);

struct Entries<'v> {
    /// Keys and values, as they were written.
    written: Vec<(Box<dyn Val + 'v>, Box<dyn Val + 'v>)>,
    /// Indices of the same, by key.
    sorted: Vec<usize>,
}

/// A key as it is compared: numbers are equal by their value, whatever their type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'k> {
    Number(i128),
    Bool(bool),
    Text(&'k str),
}

/// Where a key belongs; `None` for a value that cannot be one.
fn place<'k>(key: &'k dyn Val) -> Option<Place<'k>> {
    if let Some(text) = key.downcast_ref::<CelString>() {
        return Some(Place::Text(text.inner()));
    }
    if let Some(int) = key.downcast_ref::<CelInt>() {
        return Some(Place::Number((*int.inner()).into()));
    }
    if let Some(int) = key.downcast_ref::<CelUInt>() {
        return Some(Place::Number((*int.inner()).into()));
    }
    key.downcast_ref::<CelBool>().map(|bool| Place::Bool(*bool.inner()))
}

/// The integer that a number is, if it is one that a key can be.
fn whole(double: f64) -> Option<i128> {
    /// 2^64.
    const ABOVE: f64 = 18_446_744_073_709_551_616.0;
    #[expect(clippy::cast_possible_truncation, reason = "integral and within the range")]
    let integer = double as i128;
    (double.fract() == 0.0 && double.abs() < ABOVE).then_some(integer)
}

/// A key for the text of an error.
fn shown(key: &dyn Val) -> Value {
    Value::try_from(key).unwrap_or(Value::Null)
}

impl<'v> Map<'v> {
    fn new(written: Vec<(Box<dyn Val + 'v>, Box<dyn Val + 'v>)>) -> Result<Self, ExecutionError> {
        let key = |index: &usize| written.get(*index).and_then(|(key, _)| place(key.as_ref()));
        let mut sorted: Vec<usize> = (0..written.len()).collect();
        sorted.sort_by(|left, right| key(left).cmp(&key(right)));
        // The sort keeps equal ones in their order, so the second of a pair is the repetition.
        let repeated = sorted.windows(2).filter_map(|pair| match pair {
            [one, next] if key(one) == key(next) => Some(*next),
            _ => None,
        });
        if let Some((key, _)) = repeated.min().and_then(|first| written.get(first)) {
            return Err(ExecutionError::DuplicateKey(shown(key.as_ref())));
        }
        Ok(Self(Arc::new(Entries { written, sorted })))
    }

    fn find(&self, key: &dyn Val) -> Result<Option<&(dyn Val + 'v)>, ExecutionError> {
        let wanted = match key.downcast_ref::<CelDouble>() {
            Some(double) => match whole(*double.inner()) {
                Some(integer) => Place::Number(integer),
                None => return Ok(None),
            },
            None => place(key).ok_or_else(|| ExecutionError::UnexpectedType {
                got: key.get_type().name().to_owned(),
                want: "map key".to_owned(),
            })?,
        };
        let Entries { written, sorted } = self.0.as_ref();
        let entry = |index: &usize| written.get(*index);
        let found =
            sorted.binary_search_by(|index| entry(index).and_then(|(key, _)| place(key.as_ref())).cmp(&Some(wanted)));
        let found = found.ok().and_then(|at| sorted.get(at)).and_then(entry);
        Ok(found.map(|(_, value)| value.as_ref()))
    }
}

impl fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.written.iter().map(|(key, value)| (key, value))).finish()
    }
}

impl<'v> Val for Map<'v> {
    fn get_type(&self) -> &Type {
        &types::MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &types::MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'w>(&'b self) -> Option<&'b (dyn Indexer + 'w)>
    where
        Self: 'w,
    {
        Some(self)
    }

    fn as_iterable<'b, 'w>(&'b self) -> Option<&'b (dyn Iterable + 'w)>
    where
        Self: 'w,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.get_type().kind() == Kind::Map && equal_maps(self, other)
    }

    fn clone_as_boxed<'w>(&self) -> Box<dyn Val + 'w>
    where
        Self: 'w,
    {
        Box::new(Map(Arc::clone(&self.0)))
    }
}

impl Container for Map<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        self.find(key).map(|found| found.is_some())
    }
}

impl<'v> Indexer for Map<'v> {
    fn get<'b, 'w>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'w>, ExecutionError>
    where
        Self: 'w,
    {
        match self.find(key)? {
            Some(value) => Ok(CowVal::Borrowed(value)),
            None => Err(ExecutionError::NoSuchKey(Arc::new(match place(key) {
                Some(Place::Text(text)) => text.to_owned(),
                Some(Place::Number(number)) => number.to_string(),
                Some(Place::Bool(bool)) => bool.to_string(),
                None => key.downcast_ref::<CelDouble>().map_or_else(String::new, |double| double.inner().to_string()),
            }))),
        }
    }

    fn steal<'w>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        Self: 'w,
    {
        self.get(key).map(CowVal::into_owned)
    }
}

impl<'v> Iterable for Map<'v> {
    fn iter<'b, 'w>(&'b self) -> Box<dyn CelIterator<'b, 'w> + 'b>
    where
        Self: 'w,
    {
        Box::new(LendKeys(self.0.written.iter()))
    }
}

struct LendKeys<'b, 'v>(std::slice::Iter<'b, (Box<dyn Val + 'v>, Box<dyn Val + 'v>)>);

impl<'b, 'v: 'w, 'w> CelIterator<'b, 'w> for LendKeys<'b, 'v> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'w)> {
        self.0.next().map(|(key, _)| key.as_ref() as &'b (dyn Val + 'w))
    }
}

impl Sizer for Map<'_> {
    fn size(&self) -> CelInt {
        length(self.0.written.len())
    }
}

impl Zeroer for Map<'_> {
    fn is_zero_value(&self) -> bool {
        self.0.written.is_empty()
    }
}
