//! Timestamps (RFC 3339) and durations as texts.

use jiff::{civil::DateTime, tz::Offset};

use super::{CYCLE, CYCLE_NANOSECONDS, LATE, Local, SECOND};

/// What `timestamp()` reads. Takes what a schema with `format: date-time` takes, small
/// letters and leap seconds included, so that no body which fits its schema fails here;
/// a leap second is the second after it. Gives nanoseconds since 1970; whether CEL has
/// the year is for others to say.
pub(super) fn parse_timestamp(text: &str) -> Option<i128> {
    let mut text = Cursor(text.as_bytes());
    let year = i16::try_from(text.number(4)?).ok()?;
    text.one_of(b"-")?;
    let month = text.two_digits()?;
    text.one_of(b"-")?;
    let day = text.two_digits()?;
    text.one_of(b"Tt")?;
    let hour = text.two_digits()?;
    text.one_of(b":")?;
    let minute = text.two_digits()?;
    text.one_of(b":")?;
    let second = text.two_digits()?;
    let nanosecond = match text.one_of(b".") {
        Some(_) => i32::try_from(text.fraction()?).ok()?,
        None => 0,
    };
    let offset = match text.one_of(b"Zz+-")? {
        sign @ (b'+' | b'-') => text.offset(sign == b'-')?,
        _ => Offset::UTC,
    };
    text.end()?;
    let is_leap = second == 60;
    let second = if is_leap { 59 } else { second };
    let (year, later) = if year >= LATE { (year.checked_sub(CYCLE)?, CYCLE_NANOSECONDS) } else { (year, 0) };
    let at = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    let at = offset.to_timestamp(at).ok()?;
    let nanoseconds = at.as_nanosecond().checked_add(later)?;
    if !is_leap {
        return Some(nanoseconds);
    }
    let utc = Offset::UTC.to_datetime(at);
    (utc.hour() == 23 && utc.minute() == 59).then_some(nanoseconds.checked_add(SECOND.into())?)
}

/// `+02:00`, `-02:30` or `02:00`: hours and minutes ahead of UTC.
pub(in crate::cel_env) fn parse_offset(text: &str) -> Option<Offset> {
    let mut text = Cursor(text.as_bytes());
    let sign = text.one_of(b"+-");
    let offset = text.offset(sign == Some(b'-'))?;
    text.end()?;
    Some(offset)
}

pub(super) fn timestamp(utc: &Local) -> String {
    let Local { year, at } = utc;
    format!(
        "{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z",
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        fraction(at.subsec_nanosecond().unsigned_abs()),
    )
}

/// What `duration()` reads, in nanoseconds: numbers with units, such as `1h30m` or
/// `-1.5s`.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    let mut text = Cursor(text.as_bytes());
    let is_negative = text.one_of(b"+-") == Some(b'-');
    if text.0 == b"0" {
        return Some(0);
    }
    let mut total = 0_i128;
    loop {
        total = total.checked_add(text.number_and_unit()?)?;
        if text.0.is_empty() {
            break;
        }
    }
    i64::try_from(if is_negative { total.checked_neg()? } else { total }).ok()
}

/// In seconds, as CEL writes durations.
pub(super) fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let length = nanoseconds.unsigned_abs();
    let seconds = length.checked_div(SECOND.unsigned_abs()).unwrap_or(0);
    let rest = length.checked_rem(SECOND.unsigned_abs()).unwrap_or(0);
    format!("{sign}{seconds}{}s", fraction(u32::try_from(rest).unwrap_or(0)))
}

/// Nanoseconds as the digits after the point, and the point; nothing for none.
fn fraction(nanoseconds: u32) -> String {
    if nanoseconds == 0 {
        return String::new();
    }
    format!(".{nanoseconds:09}").trim_end_matches('0').to_owned()
}

/// What is left of a text.
struct Cursor<'t>(&'t [u8]);

impl Cursor<'_> {
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn digit(&mut self) -> Option<u8> {
        self.one_of(b"0123456789").map(|digit| digit.saturating_sub(b'0'))
    }

    /// A number of so many digits.
    fn number(&mut self, digits: usize) -> Option<u16> {
        let mut number = 0_u16;
        for _ in 0..digits {
            number = number.checked_mul(10)?.checked_add(self.digit()?.into())?;
        }
        Some(number)
    }

    fn two_digits(&mut self) -> Option<i8> {
        i8::try_from(self.number(2)?).ok()
    }

    /// The digits after a point, of which the first nine count, as nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let mut place = 100_000_000_u32;
        let mut total = u32::from(self.digit()?).checked_mul(place)?;
        while let Some(digit) = self.digit() {
            place = place.checked_div(10)?;
            total = total.checked_add(u32::from(digit).checked_mul(place)?)?;
        }
        Some(total)
    }

    fn offset(&mut self, is_behind: bool) -> Option<Offset> {
        let hours = self.number(2).filter(|hours| *hours < 24)?;
        self.one_of(b":")?;
        let minutes = self.number(2).filter(|minutes| *minutes < 60)?;
        let seconds = i32::from(hours).checked_mul(60)?.checked_add(minutes.into())?.checked_mul(60)?;
        Offset::from_seconds(if is_behind { seconds.checked_neg()? } else { seconds }).ok()
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// `1.5h`, in nanoseconds; what is less than one is cut off.
    fn number_and_unit(&mut self) -> Option<i128> {
        /// Digits after the point that can make a nanosecond.
        const DIGITS: u32 = 16;
        let mut whole = 0_i128;
        let mut has_digits = false;
        while let Some(digit) = self.digit() {
            whole = whole.checked_mul(10)?.checked_add(digit.into())?;
            has_digits = true;
        }
        let (mut part, mut count) = (0_i128, 0_u32);
        if self.one_of(b".").is_some() {
            while let Some(digit) = self.digit() {
                has_digits = true;
                if count < DIGITS {
                    part = part.checked_mul(10)?.checked_add(digit.into())?;
                    count = count.checked_add(1)?;
                }
            }
        }
        let unit = has_digits.then(|| self.unit()).flatten()?;
        let part = part.checked_mul(unit)?.checked_div(10_i128.checked_pow(count)?)?;
        whole.checked_mul(unit)?.checked_add(part)
    }

    /// In nanoseconds.
    fn unit(&mut self) -> Option<i128> {
        const UNITS: [(&[u8], i128); 8] = [
            (b"ns", 1),
            (b"us", 1_000),
            // The two spellings of a micro sign.
            ("\u{b5}s".as_bytes(), 1_000),
            ("\u{3bc}s".as_bytes(), 1_000),
            (b"ms", 1_000_000),
            (b"s", 1_000_000_000),
            (b"m", 60_000_000_000),
            (b"h", 3_600_000_000_000),
        ];
        let (rest, unit) = UNITS.iter().find_map(|(name, unit)| Some((self.0.strip_prefix(*name)?, *unit)))?;
        self.0 = rest;
        Some(unit)
    }
}
