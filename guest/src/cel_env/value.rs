//! JSON as CEL values that borrow it: scalars become CEL's own, arrays and
//! objects stay where they are and are looked into when an expression does.

use std::{
    cmp::Ordering,
    fmt,
    sync::{Arc, OnceLock},
};

use cel::{
    ExecutionError,
    common::{
        traits::{Adder, Container, Indexer, Iterable, Iterator as CelIterator, Sizer, Zeroer},
        types::{self, CelBool, CelDouble, CelInt, CelList, CelNull, CelOptional, CelString, CelUInt, Kind, Type},
        value::{CowVal, Val},
    },
};
use serde_json::Number;

use super::numbers;
use crate::json::{Array, Kind as Json, Node, Object};

static NULL: CelNull = CelNull;
static TRUE: CelBool = CelBool::TRUE;
static FALSE: CelBool = CelBool::FALSE;

/// A JSON value as a CEL value.
pub(crate) fn view<'b, 'v>(node: Node<'v>) -> CowVal<'b, 'v> {
    match node.kind() {
        Json::Null => CowVal::Borrowed(&NULL),
        Json::Bool(true) => CowVal::Borrowed(&TRUE),
        Json::Bool(false) => CowVal::Borrowed(&FALSE),
        Json::Number(number) => view_number(number),
        Json::Text(text) => CowVal::owned(CelString::from(text)),
        Json::Array(items) => CowVal::owned(JsonList { items, views: OnceLock::new() }),
        Json::Object(members) => CowVal::owned(JsonMap { members, keys: OnceLock::new() }),
    }
}

/// A number without a fraction is an `int`, however it was written: JSON does
/// not tell 10 from 10.0, and CEL's `+` would.
fn view_number<'b, 'v>(number: &Number) -> CowVal<'b, 'v> {
    /// 2^53, up to which every integer has its own double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(int) = number.as_i64() {
        return CowVal::owned(CelInt::from(int));
    }
    if let Some(int) = number.as_u64() {
        return CowVal::owned(CelUInt::from(int));
    }
    let double = number.as_f64().unwrap_or(f64::NAN);
    if double.fract() == 0.0 && double.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "integral and within the range of i64")]
        return CowVal::owned(CelInt::from(double as i64));
    }
    CowVal::owned(CelDouble::from(double))
}

/// Equality of any two values. CEL's own lists and maps only know their like.
pub(crate) fn equal(left: &dyn Val, right: &dyn Val) -> bool {
    if let Some(order) = numbers::compare(left, right) {
        return order == Some(Ordering::Equal);
    }
    match (left.get_type().kind(), right.get_type().kind()) {
        (Kind::List, Kind::List) => equal_lists(left, right),
        (Kind::Map, Kind::Map) => equal_maps(left, right),
        (Kind::Opaque, Kind::Opaque) => equal_optionals(left, right).unwrap_or_else(|| left.equals(right)),
        _ => left.equals(right),
    }
}

/// `None` if they are not two optional values.
fn equal_optionals(left: &dyn Val, right: &dyn Val) -> Option<bool> {
    let (left, right) = (left.downcast_ref::<CelOptional>()?, right.downcast_ref::<CelOptional>()?);
    Some(match (left.option(), right.option()) {
        (Some(left), Some(right)) => equal(left, right),
        (left, right) => left.is_none() && right.is_none(),
    })
}

fn equal_lists(left: &dyn Val, right: &dyn Val) -> bool {
    if size(left) != size(right) {
        return false;
    }
    let (Some(left), Some(right)) = (left.as_iterable(), right.as_iterable()) else {
        return false;
    };
    let (mut left, mut right) = (left.iter(), right.iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) if equal(left, right) => {}
            _ => return false,
        }
    }
}

pub(super) fn equal_maps(left: &dyn Val, right: &dyn Val) -> bool {
    if size(left) != size(right) {
        return false;
    }
    let (Some(keys), Some(left), Some(right)) = (left.as_iterable(), left.as_indexer(), right.as_indexer()) else {
        return false;
    };
    let mut keys = keys.iter();
    while let Some(key) = keys.next() {
        match (left.get(key), right.get(key)) {
            (Ok(left), Ok(right)) if equal(left.as_ref(), right.as_ref()) => {}
            _ => return false,
        }
    }
    true
}

fn size(value: &dyn Val) -> Option<i64> {
    value.as_sizer().map(|sizer| sizer.size().into_inner())
}

pub(super) fn length(count: usize) -> CelInt {
    CelInt::from(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A JSON array.
struct JsonList<'v> {
    items: Array<'v>,
    /// The items as values: made when an expression iterates, because CEL's
    /// iterators lend references.
    views: OnceLock<Vec<Box<dyn Val + 'v>>>,
}

impl<'v> JsonList<'v> {
    fn views(&self) -> &[Box<dyn Val + 'v>] {
        self.views.get_or_init(|| self.items.items().map(|item| view(item).into_owned()).collect())
    }
}

impl fmt::Debug for JsonList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}

impl<'v> Val for JsonList<'v> {
    fn get_type(&self) -> &Type {
        &types::LIST_TYPE
    }

    fn cel_type() -> &'static Type {
        &types::LIST_TYPE
    }

    fn as_adder<'b, 'w>(&'b self) -> Option<&'b (dyn Adder + 'w)>
    where
        Self: 'w,
    {
        Some(self)
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
        other.get_type().kind() == Kind::List && equal_lists(self, other)
    }

    fn clone_as_boxed<'w>(&self) -> Box<dyn Val + 'w>
    where
        Self: 'w,
    {
        Box::new(JsonList { items: self.items, views: OnceLock::new() })
    }
}

impl Adder for JsonList<'_> {
    fn add<'b, 'w>(&'b self, other: &(dyn Val + 'w)) -> Result<CowVal<'b, 'w>, ExecutionError>
    where
        Self: 'w,
    {
        let other = other
            .as_iterable()
            .filter(|_| other.get_type().kind() == Kind::List)
            .ok_or_else(|| overload("_+_", self, other))?;
        let mut items: Vec<Box<dyn Val + 'w>> = self.views().iter().map(|item| item.clone_as_boxed()).collect();
        let mut rest = other.iter();
        while let Some(item) = rest.next() {
            items.push(item.clone_as_boxed());
        }
        Ok(CowVal::owned(CelList::from(items)))
    }
}

impl Container for JsonList<'_> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.items.items().any(|item| equal(view(item).as_ref(), value)))
    }
}

impl Indexer for JsonList<'_> {
    fn get<'b, 'w>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'w>, ExecutionError>
    where
        Self: 'w,
    {
        let at = if let Some(int) = index.downcast_ref::<CelInt>() {
            usize::try_from(*int.inner()).map_err(|_| ExecutionError::IndexOutOfBounds((*int.inner()).into()))?
        } else if let Some(uint) = index.downcast_ref::<CelUInt>() {
            usize::try_from(*uint.inner()).map_err(|_| ExecutionError::IndexOutOfBounds((*uint.inner()).into()))?
        } else {
            return Err(ExecutionError::UnexpectedType {
                got: index.get_type().name().to_owned(),
                want: "int".to_owned(),
            });
        };
        let item = self
            .items
            .get(at)
            .ok_or_else(|| ExecutionError::IndexOutOfBounds(i64::try_from(at).unwrap_or(i64::MAX).into()))?;
        Ok(view(item))
    }

    fn steal<'w>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        Self: 'w,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

impl Iterable for JsonList<'_> {
    fn iter<'b, 'w>(&'b self) -> Box<dyn CelIterator<'b, 'w> + 'b>
    where
        Self: 'w,
    {
        Box::new(Lend(self.views().iter()))
    }
}

struct Lend<'b, 'v>(std::slice::Iter<'b, Box<dyn Val + 'v>>);

impl<'b, 'v: 'w, 'w> CelIterator<'b, 'w> for Lend<'b, 'v> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'w)> {
        self.0.next().map(|item| item.as_ref() as &'b (dyn Val + 'w))
    }
}

impl Sizer for JsonList<'_> {
    fn size(&self) -> CelInt {
        length(self.items.len())
    }
}

impl Zeroer for JsonList<'_> {
    fn is_zero_value(&self) -> bool {
        self.items.len() == 0
    }
}

/// A JSON object.
struct JsonMap<'v> {
    members: Object<'v>,
    keys: OnceLock<Vec<CelString<'v>>>,
}

impl<'v> JsonMap<'v> {
    fn find(&self, key: &dyn Val) -> Result<Option<Node<'v>>, ExecutionError> {
        match key.downcast_ref::<CelString>() {
            Some(name) => Ok(self.members.get(name.inner())),
            None if matches!(key.get_type().kind(), Kind::Int | Kind::UInt | Kind::Double | Kind::Boolean) => Ok(None),
            None => Err(ExecutionError::UnexpectedType {
                got: key.get_type().name().to_owned(),
                want: "map key".to_owned(),
            }),
        }
    }
}

impl fmt::Debug for JsonMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members.fmt(f)
    }
}

impl<'v> Val for JsonMap<'v> {
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
        Box::new(JsonMap { members: self.members, keys: OnceLock::new() })
    }
}

impl Container for JsonMap<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        self.find(key).map(|found| found.is_some())
    }
}

impl Indexer for JsonMap<'_> {
    fn get<'b, 'w>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'w>, ExecutionError>
    where
        Self: 'w,
    {
        match self.find(key)? {
            Some(value) => Ok(view(value)),
            None => Err(ExecutionError::NoSuchKey(Arc::new(
                key.downcast_ref::<CelString>().map_or_else(String::new, |name| name.inner().to_owned()),
            ))),
        }
    }

    fn steal<'w>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        Self: 'w,
    {
        self.get(key).map(CowVal::into_owned)
    }
}

impl Iterable for JsonMap<'_> {
    fn iter<'b, 'w>(&'b self) -> Box<dyn CelIterator<'b, 'w> + 'b>
    where
        Self: 'w,
    {
        let keys = self.keys.get_or_init(|| self.members.members().map(|(key, _)| CelString::from(key)).collect());
        Box::new(LendKeys(keys.iter()))
    }
}

struct LendKeys<'b, 'v>(std::slice::Iter<'b, CelString<'v>>);

impl<'b, 'v: 'w, 'w> CelIterator<'b, 'w> for LendKeys<'b, 'v> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'w)> {
        self.0.next().map(|key| key as &'b (dyn Val + 'w))
    }
}

impl Sizer for JsonMap<'_> {
    fn size(&self) -> CelInt {
        length(self.members.len())
    }
}

impl Zeroer for JsonMap<'_> {
    fn is_zero_value(&self) -> bool {
        self.members.len() == 0
    }
}

fn overload(function: &str, left: &dyn Val, right: &dyn Val) -> ExecutionError {
    ExecutionError::no_such_overload(
        function,
        vec![left.get_type().name().to_owned(), right.get_type().name().to_owned()],
    )
}
