//! Calculating and comparing across the types of numbers. JSON has one type of numbers
//! and CEL has three, whose operators do not take each other's, or compare after digits
//! are lost; here they do, and comparisons are exact.
//!
//! Integers are calculated with as such; what no integer of CEL's holds becomes a double.

use std::cmp::Ordering;

use cel::{
    ExecutionError, IdedExpr,
    common::{
        ast::{Expr, LiteralValue, operators},
        types::{CelBool, CelDouble, CelInt, CelOptional, CelString, CelUInt},
        value::{CowVal, Val},
    },
};

use super::time::Timestamp;

/// What an operator becomes, by the name under which it is called.
pub(super) const LESS: &str = "@less";
pub(super) const LESS_OR_EQUAL: &str = "@lessOrEqual";
pub(super) const ADD: &str = "@add";
pub(super) const SUBTRACT: &str = "@subtract";
pub(super) const MULTIPLY: &str = "@multiply";
pub(super) const DIVIDE: &str = "@divide";
pub(super) const REMAINDER: &str = "@remainder";
/// What CEL's `int` becomes.
pub(super) const INT: &str = "@int";
/// The integer that a value is, or that a text spells, if there is one.
pub(super) const TO_INT: &str = "toInt";
/// The number that a value is, or that a text spells, if there is one.
pub(super) const TO_DOUBLE: &str = "toDouble";
/// Whether a value is a number, of whichever type.
pub(super) const IS_NUMBER: &str = "isNumber";

type Function = for<'b, 'v> fn(Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError>;

/// All of them, for the environment.
pub(super) const FUNCTIONS: [(&str, &str, Function); 7] = [
    (LESS, "solgate_less", less),
    (LESS_OR_EQUAL, "solgate_less_or_equal", less_or_equal),
    (ADD, "solgate_add", add),
    (SUBTRACT, "solgate_subtract", subtract),
    (MULTIPLY, "solgate_multiply", multiply),
    (DIVIDE, "solgate_divide", divide),
    (REMAINDER, "solgate_remainder", remainder),
];

/// Conversions: each takes one value.
pub(super) const CONVERSIONS: [(&str, &str, Function); 4] = [
    (INT, "solgate_int", int),
    (TO_INT, "solgate_to_int", to_int),
    (TO_DOUBLE, "solgate_to_double", to_double),
    (IS_NUMBER, "solgate_is_number", is_number),
];

/// The function that an operator of CEL's becomes, and whether its sides are exchanged.
pub(super) fn replacement(operator: &str) -> Option<(&'static str, bool)> {
    Some(match operator {
        operators::LESS => (LESS, false),
        operators::GREATER => (LESS, true),
        operators::LESS_EQUALS => (LESS_OR_EQUAL, false),
        operators::GREATER_EQUALS => (LESS_OR_EQUAL, true),
        operators::ADD => (ADD, false),
        operators::SUBSTRACT => (SUBTRACT, false),
        operators::MULTIPLY => (MULTIPLY, false),
        operators::DIVIDE => (DIVIDE, false),
        operators::MODULO => (REMAINDER, false),
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    /// Of an `int` or a `uint`, whose values it holds all.
    Integer(i128),
    Double(f64),
}

impl Number {
    pub(super) fn of(value: &dyn Val) -> Option<Self> {
        if let Some(int) = value.downcast_ref::<CelInt>() {
            return Some(Self::Integer((*int.inner()).into()));
        }
        if let Some(int) = value.downcast_ref::<CelUInt>() {
            return Some(Self::Integer((*int.inner()).into()));
        }
        value.downcast_ref::<CelDouble>().map(|double| Self::Double(*double.inner()))
    }

    #[allow(clippy::cast_precision_loss, reason = "calculating with a double rounds")]
    fn double(self) -> f64 {
        match self {
            Self::Integer(int) => int as f64,
            Self::Double(double) => double,
        }
    }

    /// The number without its fraction, if an `int` holds it.
    pub(super) fn whole(self) -> Option<i64> {
        match cut(self) {
            Self::Integer(int) => i64::try_from(int).ok(),
            Self::Double(_) => None,
        }
    }

    pub(super) fn into_value<'b, 'v>(self) -> CowVal<'b, 'v> {
        match self {
            Self::Integer(int) => match (i64::try_from(int), u64::try_from(int)) {
                (Ok(int), _) => CowVal::owned(CelInt::from(int)),
                (_, Ok(int)) => CowVal::owned(CelUInt::from(int)),
                _ => CowVal::owned(CelDouble::from(self.double())),
            },
            Self::Double(double) => CowVal::owned(CelDouble::from(double)),
        }
    }
}

/// How two numbers compare, by their values; `None` if one is not a number, or both are
/// not numbers.
pub(super) fn compare(left: &dyn Val, right: &dyn Val) -> Option<Option<Ordering>> {
    Some(match (Number::of(left)?, Number::of(right)?) {
        (Number::Integer(left), Number::Integer(right)) => Some(left.cmp(&right)),
        (Number::Double(left), Number::Double(right)) => left.partial_cmp(&right),
        (Number::Integer(left), Number::Double(right)) => integer_and_double(left, right),
        (Number::Double(left), Number::Integer(right)) => integer_and_double(right, left).map(Ordering::reverse),
    })
}

/// The integer that a double is, if it is one.
pub(super) fn integer(double: f64) -> Option<i128> {
    #[allow(clippy::cast_possible_truncation, reason = "checked by the way back")]
    let int = double as i128;
    #[allow(clippy::cast_precision_loss, reason = "a double of that size is an integer")]
    let is_same = double.fract() == 0.0 && int as f64 == double;
    // The end of the range stands for all that lies beyond it.
    (is_same && int != i128::MAX && int != i128::MIN).then_some(int)
}

fn integer_and_double(integer: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Every integer here lies far within the range of i128, to which a double is cut.
    #[allow(clippy::cast_possible_truncation, reason = "a double beyond the range becomes its end")]
    let whole = double.trunc() as i128;
    Some(integer.cmp(&whole).then_with(|| {
        let rest = double.fract();
        if rest > 0.0 {
            Ordering::Less
        } else if rest < 0.0 {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    }))
}

fn two<'a, 'b, 'v>(
    arguments: &'a [CowVal<'b, 'v>],
) -> Result<(&'a (dyn Val + 'v), &'a (dyn Val + 'v)), ExecutionError> {
    match arguments {
        [left, right] => Ok((left.as_ref(), right.as_ref())),
        _ => Err(ExecutionError::invalid_argument_count(2, arguments.len())),
    }
}

fn order(function: &'static str, arguments: &[CowVal<'_, '_>]) -> Result<Option<Ordering>, ExecutionError> {
    let (left, right) = two(arguments)?;
    if let Some(order) = compare(left, right) {
        return Ok(order);
    }
    match left.as_comparer() {
        Some(comparer) => comparer.compare(right).map(Some),
        None => Err(no_overload(function, left, right)),
    }
}

fn less<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(order(operators::LESS, &arguments)? == Some(Ordering::Less))))
}

fn less_or_equal<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let order = order(operators::LESS_EQUALS, &arguments)?;
    Ok(CowVal::owned(CelBool::from(matches!(order, Some(Ordering::Less | Ordering::Equal)))))
}

/// The two numbers, if they are two numbers.
fn numbers(left: &dyn Val, right: &dyn Val) -> Option<(Number, Number)> {
    Some((Number::of(left)?, Number::of(right)?))
}

/// Calculates with integers, as long as both are and the result is one, or with doubles.
fn calculate(
    left: Number,
    right: Number,
    exact: fn(i128, i128) -> Option<i128>,
    rounded: fn(f64, f64) -> f64,
) -> Number {
    let exact = match (left, right) {
        (Number::Integer(left), Number::Integer(right)) => exact(left, right),
        _ => None,
    };
    exact.map_or_else(|| Number::Double(rounded(left.double(), right.double())), Number::Integer)
}

pub(super) fn add<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (left, right) = two(&arguments)?;
    match (numbers(left, right), left.as_adder()) {
        (Some((left, right)), _) => Ok(calculate(left, right, i128::checked_add, |a, b| a + b).into_value()),
        // Texts, lists, timestamps and durations.
        (None, Some(adder)) => adder.add(right).map(|sum| CowVal::Owned(sum.into_owned())),
        (None, None) => Err(no_overload(operators::ADD, left, right)),
    }
}

fn subtract<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (left, right) = two(&arguments)?;
    // Timestamps and durations; numbers subtract, too, but by their own types.
    if let (None, Some(subtractor)) = (Number::of(left), left.as_subtractor()) {
        return subtractor.sub(right).map(|difference| CowVal::Owned(difference.into_owned()));
    }
    arithmetic(operators::SUBSTRACT, &arguments, i128::checked_sub, |a, b| a - b)
}

fn multiply<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    arithmetic(operators::MULTIPLY, &arguments, i128::checked_mul, |a, b| a * b)
}

/// Of two integers the quotient is one, cut towards zero.
fn divide<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    not_by_zero(operators::DIVIDE, &arguments)?;
    arithmetic(operators::DIVIDE, &arguments, i128::checked_div, |a, b| a / b)
}

fn remainder<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    not_by_zero(operators::MODULO, &arguments)?;
    arithmetic(operators::MODULO, &arguments, i128::checked_rem, |a, b| a % b)
}

fn arithmetic<'b, 'v>(
    function: &'static str,
    arguments: &[CowVal<'_, '_>],
    exact: fn(i128, i128) -> Option<i128>,
    rounded: fn(f64, f64) -> f64,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (left, right) = two(arguments)?;
    match numbers(left, right) {
        Some((left, right)) => Ok(calculate(left, right, exact, rounded).into_value()),
        None => Err(no_overload(function, left, right)),
    }
}

/// Two integers have no quotient by zero; a double has one, which is infinite.
fn not_by_zero(function: &'static str, arguments: &[CowVal<'_, '_>]) -> Result<(), ExecutionError> {
    let (left, right) = two(arguments)?;
    match numbers(left, right) {
        Some((Number::Integer(_), Number::Integer(0))) => {
            Err(ExecutionError::function_error(function, "a division by zero"))
        }
        _ => Ok(()),
    }
}

/// The integer that a text spells; what no integer of CEL's holds is a double, as the
/// results of operators are.
fn spelt(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(int) => Some(Number::Integer(int.into())),
        Err(_) if is_integer => text.parse::<f64>().ok().map(Number::Double),
        Err(_) => None,
    }
}

/// A number without its fraction.
fn cut(number: Number) -> Number {
    match number {
        Number::Integer(_) => number,
        Number::Double(double) => {
            let whole = double.trunc();
            integer(whole).filter(|int| i64::try_from(*int).is_ok()).map_or(Number::Double(whole), Number::Integer)
        }
    }
}

/// The text or the number that a conversion is given.
enum Given<'t> {
    Text(&'t str),
    Number(Number),
}

fn given<'t>(function: &'static str, arguments: &'t [CowVal<'_, '_>]) -> Result<Given<'t>, ExecutionError> {
    let [value] = arguments else {
        return Err(ExecutionError::invalid_argument_count(1, arguments.len()));
    };
    text_or_number(value.as_ref())
        .ok_or_else(|| ExecutionError::no_such_overload(function, vec![value.get_type().name().to_owned()]))
}

fn text_or_number<'t>(value: &'t (dyn Val + '_)) -> Option<Given<'t>> {
    let text = value.downcast_ref::<CelString>().map(|text| Given::Text(text.inner()));
    text.or_else(|| Number::of(value).map(Given::Number))
}

/// The same of any value, also of one that an optional value holds; `None` for others.
fn found<'t>(arguments: &'t [CowVal<'_, '_>]) -> Result<Option<Given<'t>>, ExecutionError> {
    let [value] = arguments else {
        return Err(ExecutionError::invalid_argument_count(1, arguments.len()));
    };
    Ok(held(value.as_ref()).and_then(text_or_number))
}

/// A value, or what it holds if it is an optional one.
pub(super) fn held<'t, 'v>(value: &'t (dyn Val + 'v)) -> Option<&'t (dyn Val + 'v)> {
    match value.downcast_ref::<CelOptional>() {
        Some(optional) => optional.option(),
        None => Some(value),
    }
}

fn is_number<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [value] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(1, arguments.len()));
    };
    Ok(CowVal::owned(CelBool::from(Number::of(value.as_ref()).is_some())))
}

fn int<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    if let [value] = arguments.as_slice()
        && let Some(at) = value.downcast_ref::<Timestamp>()
    {
        return Ok(CowVal::owned(CelInt::from(at.seconds())));
    }
    let number = match given("int", &arguments)? {
        Given::Text(text) => spelt(text).ok_or_else(|| ExecutionError::function_error("int", "not an integer"))?,
        Given::Number(number) => cut(number),
    };
    Ok(number.into_value())
}

fn to_int<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(optional(match found(&arguments)? {
        Some(Given::Text(text)) => spelt(text),
        Some(Given::Number(number)) => Some(cut(number)),
        None => None,
    }))
}

fn to_double<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(optional(match found(&arguments)? {
        // Names such as `inf` and `nan` are no numbers of JSON's.
        Some(Given::Text(text)) if text.bytes().any(|byte| byte.is_ascii_digit()) => {
            text.parse().ok().map(Number::Double)
        }
        Some(Given::Number(number)) => Some(Number::Double(number.double())),
        Some(Given::Text(_)) | None => None,
    }))
}

fn optional<'b, 'v>(number: Option<Number>) -> CowVal<'b, 'v> {
    CowVal::owned(match number {
        Some(number) => CelOptional::of(number.into_value().into_owned()),
        None => CelOptional::none(),
    })
}

fn no_overload(function: &str, left: &dyn Val, right: &dyn Val) -> ExecutionError {
    ExecutionError::no_such_overload(
        function,
        vec![left.get_type().name().to_owned(), right.get_type().name().to_owned()],
    )
}

/// Whether CEL's own equality is right for a value and this one.
pub(super) fn is_plain(literal: &LiteralValue) -> bool {
    /// 2^53, up to which every integer has its own double.
    const EXACT: u64 = 9_007_199_254_740_992;
    match literal {
        LiteralValue::Int(int) => int.inner().unsigned_abs() <= EXACT,
        LiteralValue::UInt(int) => *int.inner() <= EXACT,
        LiteralValue::Double(_) => false,
        LiteralValue::Boolean(_) | LiteralValue::Bytes(_) | LiteralValue::Null | LiteralValue::String(_) => true,
    }
}

/// Whether an operator may have two numbers of different types: not if a side is written
/// as something else, or is a macro's result so far.
pub(super) fn may_be_numbers(sides: &[IdedExpr]) -> bool {
    let is_other = |side: &IdedExpr| match &side.expr {
        Expr::List(_) | Expr::Map(_) => true,
        Expr::Ident(name) => name.starts_with('@'),
        Expr::Literal(literal) => {
            !matches!(literal, LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_))
        }
        _ => false,
    };
    !sides.iter().any(is_other)
}
