//! The forms in the JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{As, Each, Form, Maybe, MaybePositive, Number, RATIO, Ratio};

macro_rules! schemas {
    ($([$($of:tt)*] $name:ty = $schema:expr;)*) => {$(
        impl<$($of)*> JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

schemas! {
    [F: Form] As<F> = text::<F>();
    [F: Form] Maybe<F> = text::<F>();
    [F: Form] Each<F> = json_schema!({"type": "array", "items": text::<F>()});
    [const MIN: usize, const MAX: usize] Number<MIN, MAX> = number(MIN, MAX);
    [] MaybePositive = number(1, usize::MAX);
    [] Ratio = json_schema!({"type": "number", "minimum": 0, "maximum": 1, "$comment": RATIO});
}

fn text<F: Form>() -> Schema {
    json_schema!({"type": "string", "pattern": F::PATTERN, "$comment": F::EXPECTED})
}

fn number(least: usize, most: usize) -> Schema {
    let mut schema = json_schema!({"type": "integer", "minimum": least});
    if most != usize::MAX {
        schema.insert("maximum".to_owned(), most.into());
    }
    schema
}
