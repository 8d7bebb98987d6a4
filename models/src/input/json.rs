//! `{"input_data": [[...]]}`: one row of numbers, row-major.

use serde::Deserialize;

use super::InputValues;
use crate::error::ModelError;

/// The form, for messages.
pub(super) const FORMAT: &str = r#"JSON of the form {"input_data": [[...]]}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    input_data: Vec<Vec<serde_json::Number>>,
    #[serde(default)]
    quantized: bool,
}

/// Reads `{"input_data": [[...]]}`, one row of numbers in row-major order. A byte order mark before it is skipped.
///
/// With `"quantized": true` beside them, the numbers are the integers of the quantised input itself.
///
/// # Errors
/// [`ModelError::InputFile`] with what is wrong: not JSON, another form, or not exactly one row.
pub fn parse_json(text: &str) -> Result<InputValues, ModelError> {
    let bad = |reason: String| ModelError::InputFile { format: FORMAT, reason };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let object = serde_json::from_str(text).map(serde_json::Value::Object).map_err(|error| bad(error.to_string()))?;
    let file: File = serde_json::from_value(object).map_err(|error| bad(error.to_string()))?;
    let [row] = file.input_data.as_slice() else {
        return Err(bad(format!("expected 1 row (one tensor, flattened), got {}", file.input_data.len())));
    };
    let real = |(at, number): (usize, &serde_json::Number)| {
        number.as_f64().ok_or_else(|| bad(format!("expected a number at element {at}, got {number}")))
    };
    let numbers = row.iter().enumerate().map(real).collect::<Result<Vec<f64>, _>>()?;
    Ok(InputValues { shape: vec![numbers.len()], numbers, quantised: file.quantized })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_with_what_the_file_says_of_them() {
        let values = |numbers: &[f64], quantised| InputValues { shape: vec![2], numbers: numbers.to_vec(), quantised };
        assert_eq!(parse_json(r#"{"input_data": [[1, 0.5]]}"#).unwrap(), values(&[1.0, 0.5], false));
        let integers = parse_json(r#"{"input_data": [[1, -2]], "quantized": true}"#).unwrap();
        assert_eq!(integers, values(&[1.0, -2.0], true));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let plain = r#"{"input_data": [[1, 0.5]]}"#;
        assert_eq!(parse_json(&format!("\u{feff}{plain}")).unwrap(), parse_json(plain).unwrap());
    }

    #[test]
    fn other_forms_are_refused_with_what_was_expected() {
        for (text, expected) in [
            ("", "EOF"),
            ("[[[1, 2]]]", "expected a map"),
            (r#"{"input_data": [1, 2]}"#, "sequence"),
            (r#"{"input_data": [[1], [2]]}"#, "expected 1 row"),
            (r#"{"input_data": [["a"]]}"#, "number"),
            (r#"{"input_data": [[NaN]]}"#, "expected value"),
            (r#"{"input_data": [[1]], "inputs": 3}"#, "unknown field"),
        ] {
            let message = parse_json(text).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("input_data"), "{text}: {message}");
        }
    }
}
