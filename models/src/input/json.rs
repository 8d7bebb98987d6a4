//! `{"input_data": [[...]]}`: a row of numbers for each tensor, row-major, or one tensor nested by its axes.

use serde::Deserialize;
use serde_json::Value;

use super::InputValues;
use crate::error::ModelError;
use crate::ops::RANK_LIMIT;

/// The form, for messages.
pub(super) const FORMAT: &str = r#"JSON of the form {"input_data": [[...]]}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    input_data: Vec<Value>,
    #[serde(default)]
    quantized: bool,
}

/// Reads `{"input_data": [[...]]}`: for each tensor a row of numbers in row-major order; or one tensor, lists nested by its axes, three deep
/// or more. A byte order mark before it is skipped.
///
/// With `"quantized": true` beside them, the numbers are the integers of the quantised input itself.
///
/// # Errors
/// [`ModelError::InputFile`] with what is wrong: not JSON, another form, no row, or nested lists of unlike lengths.
pub fn parse_json(text: &str) -> Result<Vec<InputValues>, ModelError> {
    let bad = |reason: String| ModelError::InputFile { format: FORMAT, reason };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let object = serde_json::from_str(text).map(Value::Object).map_err(|error| bad(error.to_string()))?;
    let file: File = serde_json::from_value(object).map_err(|error| bad(error.to_string()))?;
    let quantised = file.quantized;
    if let Some(rows) = rows(&file.input_data) {
        let row = |row: &&Vec<Value>| {
            let Nested { shape, numbers, .. } = Nested::of(row).map_err(bad)?;
            Ok(InputValues { shape, numbers, quantised })
        };
        return rows.iter().map(row).collect();
    }
    let Nested { shape, numbers, .. } = Nested::of(&file.input_data).map_err(bad)?;
    match shape.as_slice() {
        [_] | [] => Err(bad("expected a row of numbers in a list, got the numbers themselves".to_owned())),
        _ => Ok(vec![InputValues { shape, numbers, quantised }]),
    }
}

/// The rows of numbers, where these are rows and none holds a list.
fn rows(values: &[Value]) -> Option<Vec<&Vec<Value>>> {
    let rows = values.iter().map(|value| value.as_array().filter(|row| !row.iter().any(Value::is_array)));
    rows.collect::<Option<Vec<_>>>().filter(|rows| !rows.is_empty())
}

/// Nested lists as a tensor.
#[derive(Default)]
struct Nested {
    /// Length of the lists of each depth.
    shape: Vec<usize>,
    /// Depth at which the numbers stand.
    leaves: Option<usize>,
    numbers: Vec<f64>,
}

impl Nested {
    /// The tensor that lists are.
    fn of(values: &[Value]) -> Result<Self, String> {
        let mut nested = Self::default();
        nested.append(values, 0)?;
        Ok(nested)
    }

    /// Appends the numbers of a list and of the lists in it, which must be of one length and of one kind at each depth.
    fn append(&mut self, values: &[Value], depth: usize) -> Result<(), String> {
        match self.shape.get(depth) {
            _ if depth >= RANK_LIMIT => return Err(format!("expected lists at most {RANK_LIMIT} deep")),
            None => self.shape.push(values.len()),
            Some(len) if *len == values.len() => {}
            Some(len) => {
                return Err(format!("expected lists of {len} at depth {}, got one of {}", depth + 1, values.len()));
            }
        }
        for value in values {
            let deeper = self.leaves.map_or(self.shape.len() > depth + 1, |leaves| leaves > depth);
            match value {
                Value::Array(_) if self.leaves == Some(depth) => return Err("expected a number, got a list".to_owned()),
                Value::Array(values) => self.append(values, depth + 1)?,
                value if deeper => return Err(format!("expected a list, got {value}")),
                value => {
                    let at = self.numbers.len();
                    let number =
                        value.as_f64().ok_or_else(|| format!("expected a number at element {at}, got {value}"));
                    self.leaves = Some(depth);
                    self.numbers.push(number?);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_with_what_the_file_says_of_them() {
        let values = |numbers: &[f64], quantised| InputValues {
            shape: vec![numbers.len()],
            numbers: numbers.to_vec(),
            quantised,
        };
        assert_eq!(parse_json(r#"{"input_data": [[1, 0.5]]}"#).unwrap(), [values(&[1.0, 0.5], false)]);
        let integers = parse_json(r#"{"input_data": [[1, -2]], "quantized": true}"#).unwrap();
        assert_eq!(integers, [values(&[1.0, -2.0], true)]);
        let two = parse_json(r#"{"input_data": [[1, 0.5], [7]]}"#).unwrap();
        assert_eq!(two, [values(&[1.0, 0.5], false), values(&[7.0], false)], "a row is a tensor");
    }

    #[test]
    fn lists_nested_by_the_axes_are_a_tensor_of_that_shape() {
        let nested = parse_json(r#"{"input_data": [[[1, 2, 3], [4, 5, 6]]]}"#).unwrap();
        let [nested] = nested.as_slice() else { panic!("one tensor") };
        assert_eq!((&nested.shape, &nested.numbers), (&vec![1, 2, 3], &vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        for (text, expected) in [
            (r#"{"input_data": [[[1, 2], [3]]]}"#, "expected lists of 2 at depth 3, got one of 1"),
            (r#"{"input_data": [[[1, 2], 3]]}"#, "expected a list, got 3"),
            (r#"{"input_data": [[1, [2]]]}"#, "expected a number, got a list"),
        ] {
            let message = parse_json(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
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
            (r#"{"input_data": [1, 2]}"#, "the numbers themselves"),
            (r#"{"input_data": []}"#, "a row of numbers"),
            (r#"{"input_data": [["a"]]}"#, "number"),
            (r#"{"input_data": [[NaN]]}"#, "expected value"),
            (r#"{"input_data": [[1]], "inputs": 3}"#, "unknown field"),
        ] {
            let message = parse_json(text).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("input_data"), "{text}: {message}");
        }
    }
}
