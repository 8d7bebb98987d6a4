//! `{"input_data": [[...]]}`: one row of numbers, row-major.

use serde::Deserialize;

use super::InputValues;
use crate::error::ModelError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    input_data: Vec<Vec<serde_json::Number>>,
    #[serde(default)]
    quantized: bool,
}

/// Reads `{"input_data": [[...]]}`, one row of numbers in row-major order.
///
/// The numbers are real values, integers included, and are quantised by the model's input scale; with `"quantized": true` beside
/// them they are the integers of the quantised input itself.
///
/// # Errors
/// [`ModelError::InputFile`] with what is wrong: not JSON, another form, not exactly one row, or a fraction among quantised
/// integers.
pub fn parse_json(text: &str) -> Result<InputValues, ModelError> {
    let format = r#"JSON of the form {"input_data": [[...]]}"#;
    let bad = |reason: String| ModelError::InputFile { format, reason };
    let object = serde_json::from_str(text).map(serde_json::Value::Object).map_err(|error| bad(error.to_string()))?;
    let file: File = serde_json::from_value(object).map_err(|error| bad(error.to_string()))?;
    let [row] = file.input_data.as_slice() else {
        return Err(bad(format!("expected 1 row (one tensor, flattened), got {}", file.input_data.len())));
    };
    if file.quantized {
        let integer = |(at, number): (usize, &serde_json::Number)| {
            let reason = format!("expected an integer at element {at} because of \"quantized\": true, got {number}");
            number.as_i64().ok_or_else(|| bad(reason))
        };
        return row.iter().enumerate().map(integer).collect::<Result<_, _>>().map(InputValues::Quantised);
    }
    let real = |(at, number): (usize, &serde_json::Number)| {
        number.as_f64().ok_or_else(|| bad(format!("expected a number at element {at}, got {number}")))
    };
    row.iter().enumerate().map(real).collect::<Result<_, _>>().map(InputValues::Real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_real_unless_the_file_says_quantised() {
        assert_eq!(parse_json(r#"{"input_data": [[1, 0.5]]}"#).unwrap(), InputValues::Real(vec![1.0, 0.5]));
        let integers = parse_json(r#"{"input_data": [[1, -2]], "quantized": true}"#).unwrap();
        assert_eq!(integers, InputValues::Quantised(vec![1, -2]));
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
            (r#"{"input_data": [[1, 0.5]], "quantized": true}"#, "element 1"),
        ] {
            let message = parse_json(text).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("input_data"), "{text}: {message}");
        }
    }
}
