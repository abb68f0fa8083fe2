//! The plain way to read strict JSON: by recursion, into `serde_json`'s values, with
//! names in maps. What the parser reports must be what this reports.

use serde_json::{Map, Number, Value};

use super::super::{Bounds, JsonFault, push_segment};

/// The value, and where its large numbers are and how they are written.
pub(super) fn parse(bytes: &[u8], bounds: Bounds) -> Result<(Value, Vec<(String, String)>), JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonFault::Utf8 { offset: error.valid_up_to() })?;
    let mut parser = Parser { text, bytes, at: 0, bounds, numbers: Vec::new() };
    match parser.document() {
        Ok(value) => Ok((value, parser.numbers.into_iter().map(Pending::finish).collect())),
        Err(stop) => Err(stop.explain(text, bounds.members)),
    }
}

/// A fault on its way up; segments are added from the innermost outwards.
struct Stop {
    why: Why,
    segments: Vec<String>,
}

enum Why {
    Malformed { at: usize, expected: &'static str },
    DuplicateKey(String),
    Depth,
    Members,
}

impl Stop {
    fn explain(self, text: &str, most: u32) -> JsonFault {
        match self.why {
            Why::Malformed { at, expected } => {
                let read = text.get(..at).unwrap_or(text);
                let line = read.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
                let column = read.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
                JsonFault::Malformed { line, column, expected }
            }
            Why::DuplicateKey(key) => JsonFault::DuplicateKey { pointer: pointer(&self.segments), key },
            Why::Depth => JsonFault::Depth { pointer: pointer(&self.segments) },
            Why::Members => JsonFault::Members { pointer: pointer(&self.segments), most },
        }
    }
}

struct Pending {
    segments: Vec<String>,
    literal: String,
}

impl Pending {
    fn finish(self) -> (String, String) {
        (pointer(&self.segments), self.literal)
    }
}

fn pointer(innermost_first: &[String]) -> String {
    let mut pointer = String::new();
    for segment in innermost_first.iter().rev() {
        push_segment(&mut pointer, segment);
    }
    pointer
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How many more levels may be opened, and the members that an object may have.
    bounds: Bounds,
    numbers: Vec<Pending>,
}

type Parsed<T> = Result<T, Stop>;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn malformed<T>(&self, expected: &'static str) -> Parsed<T> {
        Err(Stop { why: Why::Malformed { at: self.at, expected }, segments: Vec::new() })
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.advance();
        }
    }

    fn document(&mut self) -> Parsed<Value> {
        if self.text.starts_with('\u{feff}') {
            return self.malformed("no byte order mark");
        }
        self.space();
        let value = self.value()?;
        self.space();
        if self.at < self.bytes.len() { self.malformed("the end of the text") } else { Ok(value) }
    }

    fn value(&mut self) -> Parsed<Value> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.malformed("a JSON value"),
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Parsed<Value> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at = self.at.saturating_add(word.len());
            Ok(value)
        } else {
            self.malformed("a JSON value")
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<Value>) -> Parsed<Value> {
        let Some(depth) = self.bounds.depth.checked_sub(1) else {
            return Err(Stop { why: Why::Depth, segments: Vec::new() });
        };
        self.bounds.depth = depth;
        self.advance();
        self.space();
        let value = read(self)?;
        self.bounds.depth = depth.saturating_add(1);
        Ok(value)
    }

    fn array(&mut self) -> Parsed<Value> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.advance();
            return Ok(Value::Array(items));
        }
        loop {
            let known = self.numbers.len();
            let item = self.value().map_err(|stop| within(stop, || items.len().to_string()))?;
            self.locate(known, || items.len().to_string());
            items.push(item);
            self.space();
            match self.peek() {
                Some(b',') => self.advance(),
                Some(b']') => {
                    self.advance();
                    return Ok(Value::Array(items));
                }
                _ => return self.malformed("',' or ']'"),
            }
            self.space();
        }
    }

    fn object(&mut self) -> Parsed<Value> {
        let mut members = Map::new();
        if self.peek() == Some(b'}') {
            self.advance();
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.malformed("a member name in double quotes");
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.malformed("':'");
            }
            self.advance();
            self.space();
            if members.len() == usize::try_from(self.bounds.members).unwrap_or(usize::MAX) {
                return Err(Stop { why: Why::Members, segments: Vec::new() });
            }
            if members.contains_key(&key) {
                return Err(Stop { why: Why::DuplicateKey(key.clone()), segments: vec![key] });
            }
            let known = self.numbers.len();
            let value = self.value().map_err(|stop| within(stop, || key.clone()))?;
            self.locate(known, || key.clone());
            members.insert(key, value);
            self.space();
            match self.peek() {
                Some(b',') => self.advance(),
                Some(b'}') => {
                    self.advance();
                    return Ok(Value::Object(members));
                }
                _ => return self.malformed("',' or '}'"),
            }
            self.space();
        }
    }

    /// Tells the numbers reported since `known` in which member they are.
    fn locate(&mut self, known: usize, segment: impl Fn() -> String) {
        if self.numbers.len() > known {
            for number in self.numbers.iter_mut().skip(known) {
                number.segments.push(segment());
            }
        }
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.advance();
        }
        match self.peek() {
            Some(b'0') => self.advance(),
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.malformed("a digit"),
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.advance();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.advance();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance();
            }
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.malformed("no leading zero");
        }
        let literal = self.text.get(start..self.at).unwrap_or_default();
        Ok(Value::Number(self.represent(literal, integer)))
    }

    fn digits(&mut self) -> Parsed<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.malformed("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.advance();
        }
        Ok(())
    }

    fn represent(&mut self, literal: &str, integer: bool) -> Number {
        // The grammar has been checked, so this parses; too large gives infinity.
        let value = literal.parse::<f64>().unwrap_or(f64::INFINITY);
        if value.abs() >= 9_007_199_254_740_992.0 {
            self.numbers.push(Pending { segments: Vec::new(), literal: literal.to_owned() });
        }
        if integer && literal != "-0" {
            // Every digit is kept, though not by readers that only know doubles.
            if let Ok(value) = literal.parse::<i64>() {
                return value.into();
            }
            if let Ok(value) = literal.parse::<u64>() {
                return value.into();
            }
        }
        let finite = value.clamp(f64::MIN, f64::MAX);
        Number::from_f64(finite).unwrap_or_else(|| 0.into())
    }
}

fn within(mut stop: Stop, segment: impl Fn() -> String) -> Stop {
    if !matches!(stop.why, Why::Malformed { .. }) {
        stop.segments.push(segment());
    }
    stop
}

impl Parser<'_> {
    /// A string; the cursor is on its opening quote.
    fn string(&mut self) -> Parsed<String> {
        self.advance();
        let mut out = String::new();
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let run = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            self.at = start.saturating_add(run.unwrap_or(rest.len()));
            // The bytes that end a run are ASCII, so it is whole characters.
            let run = self.text.get(start..self.at).unwrap_or_default();
            match self.peek() {
                Some(b'"') => {
                    self.advance();
                    if out.is_empty() {
                        return Ok(run.to_owned());
                    }
                    out.push_str(run);
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(run);
                    out.push(self.escape()?);
                }
                Some(_) => return self.malformed("no unescaped control character in a string"),
                None => return self.malformed("a closing quote"),
            }
        }
    }

    /// An escape; the cursor is on its backslash.
    fn escape(&mut self) -> Parsed<char> {
        self.advance();
        let char = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.malformed("an escape that JSON knows"),
        };
        self.advance();
        Ok(char)
    }

    /// `uXXXX`, or two of them for a character beyond U+FFFF.
    fn unicode(&mut self) -> Parsed<char> {
        let first = self.hex()?;
        if let Some(char) = char::from_u32(first) {
            return Ok(char);
        }
        let paired =
            (0xd800..0xdc00).contains(&first) && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u"));
        if paired {
            self.advance();
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000u32.saturating_add((first & 0x3ff) << 10).saturating_add(second & 0x3ff);
                if let Some(char) = char::from_u32(code) {
                    return Ok(char);
                }
            }
        }
        self.malformed("a pair of surrogates")
    }

    /// `uXXXX`; the cursor is on the `u`.
    fn hex(&mut self) -> Parsed<u32> {
        self.advance();
        let mut code = 0u32;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.malformed("four hexadecimal digits");
            };
            code = code << 4 | digit;
            self.advance();
        }
        Ok(code)
    }
}
