//! Real numbers and the integers that they are quantised to, for the TypeScript client, which must agree.

use std::fmt::Write as _;

use assay_models::{DType, TensorInfo, dequantise, quantise, samples};

/// Scales that are and are not powers of two, the least and the largest zero point of each type, and an input of integers.
const TENSORS: [(DType, f64, i32); 7] = [
    (DType::U8, 0.25, 0),
    (DType::U8, 0.003_921_568_859_368_563, 0),
    (DType::U8, 0.1, 255),
    (DType::I8, 0.1, 3),
    (DType::I8, 0.018_658_448, -128),
    (DType::I8, 3.0, 127),
    (DType::U8, 1.0, 0),
];

/// One line a tensor.
pub(crate) fn vectors() -> String {
    let lines: Vec<String> =
        TENSORS.iter().map(|(dtype, scale, zero_point)| line(*dtype, *scale, *zero_point)).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn line(dtype: DType, scale: f64, zero_point: i32) -> String {
    let values = values(scale);
    let info = TensorInfo { name: String::new(), shape: vec![1, values.len()], dtype, scale, zero_point };
    let got = quantise(&info, &values).unwrap();
    let name = if dtype == DType::U8 { "u8" } else { "i8" };
    let mut text =
        format!("{{\"type\": \"{name}\", \"scale\": {scale:?}, \"zero_point\": {zero_point}, \"values\": {values:?}, ");
    write!(text, "\"integers\": {:?}, \"real\": {:?}, ", got.values, dequantise(&info, &got.values)).unwrap();
    match got.clamped {
        Some(clamped) => write!(text, "\"clamped\": \"{clamped}\"}}").unwrap(),
        None => text.push_str("\"clamped\": null}"),
    }
    text
}

/// Halves of a step to both sides of zero, their neighbours in 32 and in 64 bits, what is far too large, and numbers that a generator draws.
fn values(scale: f64) -> Vec<f64> {
    let mut values = vec![0.0, -0.0, 1e-300, -1e-300, 1e30, -1e30, 1e39, -1e39, 1e300, -1e300];
    for half in (-9..=9).step_by(2) {
        let middle = scale * f64::from(half) / 2.0;
        let narrow = middle as f32;
        values.extend([
            middle,
            middle.next_up(),
            middle.next_down(),
            narrow.into(),
            narrow.next_up().into(),
            narrow.next_down().into(),
        ]);
    }
    values.extend(
        samples::Numbers::new(7).many(60, -400_000, 400_000).iter().map(|drawn| scale * *drawn as f64 / 1_000.0),
    );
    values
}
