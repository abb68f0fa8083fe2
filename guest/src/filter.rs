//! Attribute-based filters (ETSI GS NFV-SOL 013, 5.2.2).
//!
//! ```text
//! filter    = simple *( ";" simple )
//! simple    = "(" one "," attribute "," value ")"
//!           / "(" many "," attribute "," value *( "," value ) ")"
//! attribute = name *( "/" name )
//! ```
//!
//! In a name, `~0 ~1 ~a ~b` stand for `~ / , @`; a name `@key` selects the keys
//! of a map. A value with a comma, a quote or a closing parenthesis is written in
//! single quotes, a quote in it twice.

use crate::text::quote;

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilterFault {
    /// Offset in characters of the decoded value, and what was expected there.
    Syntax {
        at: usize,
        expected: &'static str,
    },
    Operator(String),
    /// The operator and how many values it was given.
    Arity {
        operator: String,
        values: usize,
    },
}

impl FilterFault {
    /// A sentence for the detail of a violation.
    pub(crate) fn detail(&self, name: &str) -> String {
        match self {
            Self::Syntax { at, expected } => {
                format!(
                    "The query parameter {name} is not a filter: expected {expected} at character {}, as in (eq,attribute,value).",
                    at.saturating_add(1)
                )
            }
            Self::Operator(operator) => format!(
                "The query parameter {name} uses the operator {}; the operators are eq, neq, gt, gte, lt, lte, in, nin, cont and ncont.",
                quote(operator)
            ),
            Self::Arity { operator, values } => {
                format!(
                    "In the query parameter {name} the operator {operator} has {values} values; it takes exactly one. Use in or nin for several."
                )
            }
        }
    }
}

/// Checks a decoded filter.
pub(crate) fn check(filter: &str) -> Result<(), FilterFault> {
    let chars: Vec<char> = filter.chars().collect();
    let mut parser = Parser { chars: &chars, at: 0 };
    loop {
        parser.simple()?;
        match parser.next() {
            None => return Ok(()),
            Some(';') => {}
            Some(_) => return Err(parser.before("';' or the end")),
        }
    }
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek();
        if char.is_some() {
            self.at = self.at.saturating_add(1);
        }
        char
    }

    fn fault(&self, expected: &'static str) -> FilterFault {
        FilterFault::Syntax { at: self.at, expected }
    }

    /// A fault at the character that was just read.
    fn before(&self, expected: &'static str) -> FilterFault {
        FilterFault::Syntax { at: self.at.saturating_sub(1), expected }
    }

    fn expect(&mut self, char: char, expected: &'static str) -> Result<(), FilterFault> {
        if self.peek() == Some(char) {
            self.next();
            Ok(())
        } else {
            Err(self.fault(expected))
        }
    }

    fn simple(&mut self) -> Result<(), FilterFault> {
        self.expect('(', "'('")?;
        let operator = self.operator()?;
        self.expect(',', "',' and an attribute")?;
        self.attribute()?;
        let mut values = 0usize;
        self.expect(',', "',' and a value")?;
        loop {
            self.value()?;
            values = values.saturating_add(1);
            match self.peek() {
                Some(',') => {
                    self.next();
                }
                Some(')') => {
                    self.next();
                    break;
                }
                _ => return Err(self.fault("',' or ')'")),
            }
        }
        match operator.as_str() {
            "in" | "nin" | "cont" | "ncont" => Ok(()),
            "eq" | "neq" | "gt" | "gte" | "lt" | "lte" if values == 1 => Ok(()),
            "eq" | "neq" | "gt" | "gte" | "lt" | "lte" => Err(FilterFault::Arity { operator, values }),
            _ => Err(FilterFault::Operator(operator)),
        }
    }

    fn operator(&mut self) -> Result<String, FilterFault> {
        let mut operator = String::new();
        while let Some(char) = self.peek().filter(char::is_ascii_lowercase) {
            operator.push(char);
            self.next();
        }
        if operator.is_empty() { Err(self.fault("an operator in lower case")) } else { Ok(operator) }
    }

    fn attribute(&mut self) -> Result<(), FilterFault> {
        loop {
            self.name()?;
            if self.peek() != Some('/') {
                return Ok(());
            }
            self.next();
        }
    }

    fn name(&mut self) -> Result<(), FilterFault> {
        let start = self.at;
        if self.peek() == Some('@') {
            for expected in "@key".chars() {
                self.expect(expected, "'@key'")?;
            }
            return Ok(());
        }
        loop {
            match self.peek() {
                Some('~') => {
                    self.next();
                    match self.peek() {
                        Some('0' | '1' | 'a' | 'b') => {}
                        _ => return Err(self.fault("0, 1, a or b after '~'")),
                    }
                }
                None | Some(',' | '/' | '(' | ')' | ';' | '\'' | '@') => break,
                Some(_) => {}
            }
            self.next();
        }
        if self.at == start { Err(self.fault("the name of an attribute")) } else { Ok(()) }
    }

    fn value(&mut self) -> Result<(), FilterFault> {
        if self.peek() == Some('\'') {
            self.next();
            loop {
                match self.next() {
                    None => return Err(self.fault("a closing quote")),
                    Some('\'') if self.peek() == Some('\'') => {
                        self.next();
                    }
                    Some('\'') => return Ok(()),
                    Some(_) => {}
                }
            }
        }
        let start = self.at;
        while !matches!(self.peek(), None | Some(',' | ')' | '\'')) {
            self.next();
        }
        if self.at == start { Err(self.fault("a value")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let fine = [
            "(eq,instantiationState,INSTANTIATED)",
            "(eq,~01/c~1~a/~be,10)",
            "(in,operationState,FAILED,FAILED_TEMP)",
            "(eq,a,b);(neq,c/d,e)",
            "(eq,vnfInstanceName,'it''s, (fine)')",
            "(cont,metadata/@key,x)",
            "(eq,a,x;y)",
            "(eq,a,'')",
            "(eq,my attribute,http://127.0.0.1/)",
        ];
        for filter in fine {
            assert_eq!(check(filter), Ok(()), "{filter}");
        }
    }

    #[test]
    fn faults_say_where() {
        let syntax =
            |at| move |fault: &FilterFault| matches!(fault, FilterFault::Syntax { at: found, .. } if *found == at);
        let cases: &[(&str, usize)] = &[
            ("", 0),
            ("eq,a,b", 0),
            ("(gt,foo/bar)", 11),
            ("(eq,foo,bar", 11),
            ("(eq,foo,bar)(eq,a,b)", 12),
            ("(eq,foo,bar);", 13),
            ("(EQ,foo,bar)", 1),
            ("(eq,,b)", 4),
            ("(eq,a/,b)", 6),
            ("(eq,a~2,b)", 6),
            ("(eq,a,)", 6),
            ("(eq,a,'b)", 9),
            ("(eq,a,b'c)", 7),
            ("(eq,@kez,b)", 7),
            ("(eq a,b)", 3),
        ];
        for (filter, at) in cases {
            let fault = check(filter).err();
            assert!(fault.as_ref().is_some_and(syntax(*at)), "{filter}: {fault:?}");
        }
        assert_eq!(check("(like,a,b)"), Err(FilterFault::Operator("like".to_owned())));
        assert_eq!(check("(eq,a,b,c)"), Err(FilterFault::Arity { operator: "eq".to_owned(), values: 2 }));
    }
}
