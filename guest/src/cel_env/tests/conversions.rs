//! What takes a value of any type: `isNumber`, `toText`, `toInt` and `toDouble`.

use super::*;

#[test]
fn any_value_is_asked_for_its_number_and_its_text() {
    // The value in JSON, whether it is a number, and what the three make of it.
    for (value, is_number, text, int, double) in [
        ("0", true, "'0'", "0", "0.0"),
        ("-7", true, "'-7'", "-7", "-7.0"),
        ("2.0", true, "'2'", "2", "2.0"),
        ("2.5", true, "'2.5'", "2", "2.5"),
        ("-2.5", true, "'-2.5'", "-2", "-2.5"),
        ("1e300", true, "string(1e300)", "1e300", "1e300"),
        ("9223372036854775807", true, "'9223372036854775807'", "9223372036854775807", "9223372036854775807.0"),
        ("18446744073709551615", true, "'18446744073709551615'", "18446744073709551615u", "18446744073709551615.0"),
        ("\"\"", false, "''", "none", "none"),
        ("\"x\"", false, "'x'", "none", "none"),
        ("\"42\"", false, "'42'", "42", "42.0"),
        ("\"4.5\"", false, "'4.5'", "none", "4.5"),
        ("\" 1\"", false, "' 1'", "none", "none"),
        ("\"inf\"", false, "'inf'", "none", "none"),
        ("true", false, "'true'", "none", "none"),
        ("false", false, "'false'", "none", "none"),
        ("null", false, "none", "none", "none"),
        ("[]", false, "none", "none", "none"),
        ("[1]", false, "none", "none", "none"),
        ("{}", false, "none", "none", "none"),
        ("{\"a\": \"1\"}", false, "none", "none", "none"),
    ] {
        let body: serde_json::Value = serde_json::from_str(&format!("{{\"v\": {value}}}")).unwrap();
        let asked = format!("isNumber(body.v) == {is_number}");
        assert_eq!(evaluate(&asked, &body), Ok(true), "{asked} of {value}");
        for (function, found) in [("toText", text), ("toInt", int), ("toDouble", double)] {
            // Also of what an optional value holds.
            for given in ["body.v", "body.?v", "optional.of(body.v)"] {
                let asked = match found {
                    "none" => format!("!{function}({given}).hasValue()"),
                    found => format!("{function}({given}).value() == {found}"),
                };
                assert_eq!(evaluate(&asked, &body), Ok(true), "{asked} of {value}");
            }
        }
    }
    for none in ["toText(body.?v)", "toInt(body.?v)", "toDouble(optional.none())", "toText(b'a')", "toInt(type(1))"] {
        assert_eq!(evaluate(&format!("!{none}.hasValue()"), &json!({})), Ok(true), "{none}");
    }
}
