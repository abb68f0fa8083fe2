//! `quantity('500Mi')`: the number that a quantity of Kubernetes means.

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{self, CelBool, CelString},
        value::CowVal,
    },
};

use super::numbers::Number;

const QUANTITY: &str = "quantity";
const IS_QUANTITY: &str = "isQuantity";

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(QUANTITY, "solgate_quantity", vec![types::STRING_TYPE], quantity)?;
    env.add_overload(IS_QUANTITY, "solgate_is_quantity", vec![types::DYN_TYPE], is_quantity)
}

/// What follows the number: ten or two to the power of what.
enum Unit {
    Ten(i32),
    Two(u32),
}

fn unit(suffix: &str) -> Option<Unit> {
    Some(match suffix {
        "n" => Unit::Ten(-9),
        "u" => Unit::Ten(-6),
        "m" => Unit::Ten(-3),
        "" => Unit::Ten(0),
        "k" => Unit::Ten(3),
        "M" => Unit::Ten(6),
        "G" => Unit::Ten(9),
        "T" => Unit::Ten(12),
        "P" => Unit::Ten(15),
        "E" => Unit::Ten(18),
        "Ki" => Unit::Two(10),
        "Mi" => Unit::Two(20),
        "Gi" => Unit::Two(30),
        "Ti" => Unit::Two(40),
        "Pi" => Unit::Two(50),
        "Ei" => Unit::Two(60),
        exponent => {
            let exponent = exponent.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            Unit::Ten(is_number.then(|| exponent.parse().ok()).flatten()?)
        }
    })
}

/// An integer if it is one that an `int` can be, else the nearest double.
fn parse(text: &str) -> Option<Number> {
    let (is_negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at_checked(end)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && part.is_empty()) || part.contains('.') {
        return None;
    }
    let unit = unit(suffix)?;
    let digits = format!("{whole}{part}");
    let places = i32::try_from(part.len()).ok()?;
    let found = match exact(&digits, places, &unit) {
        Some(integer) => Number::Integer(if is_negative { integer.checked_neg()? } else { integer }),
        None => {
            let double = match unit {
                Unit::Ten(exponent) => format!("{digits}e{}", exponent.checked_sub(places)?).parse::<f64>().ok()?,
                Unit::Two(exponent) => {
                    format!("{digits}e{}", places.checked_neg()?).parse::<f64>().ok()?
                        * 2_f64.powi(exponent.try_into().ok()?)
                }
            };
            Number::Double(if is_negative { -double } else { double })
        }
    };
    match found {
        Number::Double(double) if !double.is_finite() => None,
        found => Some(found),
    }
}

/// The value if it is an integer of 64 bits.
fn exact(digits: &str, places: i32, unit: &Unit) -> Option<i128> {
    let digits = digits.trim_start_matches('0');
    let mantissa: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let (mantissa, exponent) = match unit {
        Unit::Ten(exponent) => (mantissa, exponent.checked_sub(places)?),
        Unit::Two(exponent) => (mantissa.checked_mul(1_i128.checked_shl(*exponent)?)?, places.checked_neg()?),
    };
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    let value = match power {
        _ if mantissa == 0 => 0,
        Some(power) if exponent >= 0 => mantissa.checked_mul(power)?,
        Some(power) if mantissa.checked_rem(power) == Some(0) => mantissa.checked_div(power)?,
        _ => return None,
    };
    i64::try_from(value).is_ok().then_some(value)
}

fn read(arguments: &[CowVal<'_, '_>]) -> Result<Option<Number>, ExecutionError> {
    match arguments {
        [text] => Ok(text.downcast_ref::<CelString>().and_then(|text| parse(text.inner()))),
        _ => Err(ExecutionError::invalid_argument_count(1, arguments.len())),
    }
}

fn quantity<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    read(&arguments)?
        .map(Number::into_value)
        .ok_or_else(|| ExecutionError::function_error(QUANTITY, "this is not a quantity such as 500Mi"))
}

fn is_quantity<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(read(&arguments)?.is_some())))
}
