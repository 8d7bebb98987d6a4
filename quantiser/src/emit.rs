//! The graph with `QuantizeLinear` and `DequantizeLinear`: <https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html>.

use std::collections::HashMap;

use assay_models::onnx::attribute_proto::AttributeType;
use assay_models::onnx::tensor_proto::DataType;
use assay_models::onnx::{AttributeProto, NodeProto, TensorProto};

use crate::calibration::{Activations, Ranges};
use crate::error::QuantiseError;
use crate::fold::{outputs_axis, scalars};
use crate::network::{Floats, Kind, Network, float_tensor, kind};
use crate::{Options, Scales};

/// Largest weight: the range is symmetric.
const LARGEST_WEIGHT: f32 = 127.0;
/// Steps of an activation.
const STEPS: f32 = 255.0;
/// The scale of what is always 0, and of weights that are all 0.
const STEP_OF_ZEROS: f32 = 1.0 / 256.0;
/// The least scale: products and ratios of scales stay among those that the importer takes.
const LEAST_STEP: f32 = 1.0 / (1u64 << 40) as f32;
/// Largest bias in steps of its accumulators.
const LARGEST_BIAS: f32 = (1 << 30) as f32;

/// The name of the integers of a value.
pub(crate) fn quantised_name(value: &str) -> String {
    format!("{value}/int8")
}

/// A graph in the making.
struct Emitter<'a> {
    network: &'a Network,
    options: &'a Options,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    /// Scale and zero point of each value that is rounded.
    activations: HashMap<String, (f32, u8)>,
    /// What a value is read as from now on.
    read_as: HashMap<String, String>,
    /// The scale of each value that has one, also of those that were moved.
    scales: HashMap<String, f32>,
}

/// The ONNX file of a network with these ranges.
pub(crate) fn emit(
    network: &Network,
    activations: &Activations,
    ranges: Ranges,
    options: &Options,
) -> Result<Vec<u8>, QuantiseError> {
    let mut scales = HashMap::new();
    for name in &activations.rounded {
        let mut range = activations.range(name, ranges).ok_or(QuantiseError::NoSamples)?;
        if network.outputs.contains(name) && is_probability(network, name) {
            // A sample may come that the model is surer of than of any that was seen.
            range = [0.0, 1.0];
        }
        scales.insert(name.clone(), scale(range, options.scales));
    }
    let mut emitter = Emitter {
        network,
        options,
        nodes: Vec::new(),
        constants: network.others.values().cloned().collect(),
        activations: scales,
        read_as: HashMap::new(),
        scales: HashMap::new(),
    };
    emitter.round(&network.input);
    for node in &network.nodes {
        emitter.node(node)?;
    }
    let Emitter { nodes, mut constants, .. } = emitter;
    constants.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(network.file(nodes, constants, &network.outputs, &activations.shapes))
}

/// Whether a value is a probability by what makes it.
fn is_probability(network: &Network, name: &str) -> bool {
    let made = network.producer(name).and_then(|at| network.nodes.get(at));
    made.is_some_and(|node| matches!(node.op_type.as_str(), "Softmax" | "Sigmoid" | "HardSigmoid"))
}

/// Scale and zero point of 8 bits over a range that holds 0.
fn scale([low, high]: [f32; 2], scales: Scales) -> (f32, u8) {
    let mut step = if high > low { ((high - low) / STEPS).max(LEAST_STEP) } else { STEP_OF_ZEROS };
    if scales == Scales::PowersOfTwo {
        step = step.log2().ceil().exp2();
        // The zero point is rounded: both ends must still be within.
        let zero = (-low / step).round();
        if (STEPS - zero) * step < high - step / 2.0 || -zero * step > low + step / 2.0 {
            step *= 2.0;
        }
    }
    (step, (-low / step).round().clamp(0.0, STEPS) as u8)
}

impl Emitter<'_> {
    /// A node with what it reads in its new form, and the rounding of its result.
    fn node(&mut self, node: &NodeProto) -> Result<(), QuantiseError> {
        let mut new = node.clone();
        for name in &mut new.input {
            if let Some(read_as) = self.read_as.get(name) {
                name.clone_from(read_as);
            }
        }
        let constant = node.input.get(1).is_some_and(|name| self.network.floats.contains_key(name));
        if kind(&node.op_type) == Some(Kind::Layer) && (constant || node.op_type != "MatMul") {
            self.layer(node, &mut new)?;
        } else {
            // Constants of bounds and biases stay floats.
            for name in &node.input {
                if let Some(floats) = self.network.floats.get(name) {
                    self.constant(float_tensor(name, floats));
                }
            }
        }
        let output = node.output.first().cloned().unwrap_or_default();
        let moved = node.input.first().filter(|_| kind(&node.op_type) == Some(Kind::Moves));
        if let Some(scale) = moved.and_then(|input| self.scales.get(input)).copied() {
            for output in &node.output {
                self.scales.insert(output.clone(), scale);
            }
        }
        let rounded = self.activations.contains_key(&output);
        if rounded && self.network.outputs.contains(&output) {
            let float = format!("{output}/float");
            new.output.iter_mut().filter(|name| **name == output).for_each(|name| name.clone_from(&float));
            self.nodes.push(new);
            self.rounding(&output, &float, &output);
            return Ok(());
        }
        self.nodes.push(new);
        if rounded {
            self.round(&output);
        }
        Ok(())
    }

    /// Rounds a value; whoever reads it reads the rounded one.
    fn round(&mut self, value: &str) {
        let read_as = format!("{value}/rounded");
        self.rounding(value, value, &read_as);
        self.read_as.insert(value.to_owned(), read_as);
    }

    /// `from` rounded as `value` is, as a float named `to`.
    fn rounding(&mut self, value: &str, from: &str, to: &str) {
        let Some((scale, zero_point)) = self.activations.get(value).copied() else { return };
        let integers = quantised_name(value);
        let [scale_name, zero_name] = [format!("{value}/scale"), format!("{value}/zero_point")];
        self.constant(float_tensor(&scale_name, &Floats { shape: vec![], values: vec![scale] }));
        self.constant(bytes(&zero_name, DataType::Uint8, vec![], vec![zero_point]));
        self.linear("QuantizeLinear", [from, &scale_name, &zero_name], &integers, None);
        self.linear("DequantizeLinear", [&integers, &scale_name, &zero_name], to, None);
        self.scales.insert(value.to_owned(), scale);
    }

    /// Weights of 8 bits and a bias of 32, in steps of the accumulators.
    fn layer(&mut self, node: &NodeProto, new: &mut NodeProto) -> Result<(), QuantiseError> {
        let missing = |tensor: &str, problem: &str| QuantiseError::Constant {
            tensor: tensor.to_owned(),
            problem: problem.to_owned(),
        };
        let name = node.input.get(1).cloned().unwrap_or_default();
        let weights = self.network.floats.get(&name).ok_or_else(|| {
            missing(
                &name,
                "is no constant, and a layer's weights must be: products of two activations are not quantised yet",
            )
        })?;
        let axis = outputs_axis(node).filter(|axis| *axis < weights.shape.len());
        let axis = axis.ok_or_else(|| missing(&name, "has too few axes for weights: export the model again"))?;
        let outputs = weights.shape.get(axis).copied().unwrap_or(1);
        let [alpha, beta] = scalars(node);
        new.attribute.retain(|attribute| !matches!(attribute.name.as_str(), "alpha" | "beta"));
        let bias = node.input.get(2).filter(|name| !name.is_empty());
        let bias = bias.map(|name| {
            let floats =
                self.network.floats.get(name).ok_or_else(|| missing(name, "is no constant, and a bias must be"))?;
            match floats.values.as_slice() {
                [only] => Ok(vec![only * beta; outputs]),
                many if many.len() == outputs => Ok(many.iter().map(|value| value * beta).collect()),
                _ => Err(missing(name, "has neither one number nor one for each output: export the model again")),
            }
        });
        let bias: Option<Vec<f32>> = bias.transpose()?;
        let input = node.input.first().and_then(|input| self.scales.get(input)).copied();
        let input = input.ok_or_else(|| missing(&name, "belongs to a layer whose input is not rounded"))?;
        let steps = self.steps(weights, axis, alpha, bias.as_deref(), input);
        let inner: usize = weights.shape.iter().skip(axis + 1).product::<usize>().max(1);
        let step_of = |index: usize| steps.get(index / inner % outputs.max(1)).copied().unwrap_or(1.0);
        let round = |(index, weight): (usize, &f32)| {
            (weight * alpha / step_of(index)).round_ties_even().clamp(-LARGEST_WEIGHT, LARGEST_WEIGHT) as i8
        };
        let integers: Vec<u8> = weights.values.iter().enumerate().map(round).map(i8::cast_unsigned).collect();
        // Named by the layer: others may share the floats, and read them with another scale.
        let layer = node.output.first().cloned().unwrap_or_default();
        let dims = weights.shape.iter().map(|size| *size as i64).collect();
        let weight_name = format!("{layer}/weights");
        self.constant(bytes(&quantised_name(&weight_name), DataType::Int8, dims, integers));
        let read = self.dequantised(&weight_name, &steps, DataType::Int8, axis);
        if let Some(slot) = new.input.get_mut(1) {
            *slot = read;
        }
        let Some(bias) = bias else { return Ok(()) };
        let integers = bias.iter().enumerate().flat_map(|(at, bias)| {
            let step = f64::from(input) * f64::from(steps.get(at).copied().unwrap_or(1.0));
            ((f64::from(*bias) / step).round_ties_even() as i32).to_le_bytes()
        });
        let bias_name = format!("{layer}/bias");
        self.constant(bytes(&quantised_name(&bias_name), DataType::Int32, vec![bias.len() as i64], integers.collect()));
        let of_bias: Vec<f32> = steps.iter().map(|step| step * input).collect();
        let read = self.dequantised(&bias_name, &of_bias, DataType::Int32, 0);
        if let Some(slot) = new.input.get_mut(2) {
            *slot = read;
        }
        Ok(())
    }

    /// The scale of each output's weights.
    fn steps(&self, weights: &Floats, axis: usize, alpha: f32, bias: Option<&[f32]>, input: f32) -> Vec<f32> {
        let outputs = weights.shape.get(axis).copied().unwrap_or(1).max(1);
        let inner: usize = weights.shape.iter().skip(axis + 1).product::<usize>().max(1);
        let mut largest = vec![0f32; outputs];
        for (index, weight) in weights.values.iter().enumerate() {
            if let Some(largest) = largest.get_mut(index / inner % outputs) {
                *largest = largest.max((weight * alpha).abs());
            }
        }
        let whole = largest.iter().copied().fold(0.0, f32::max);
        let zeros = if whole > 0.0 { LEAST_STEP } else { STEP_OF_ZEROS };
        let step = |(output, largest): (usize, &f32)| {
            let largest = if self.options.per_tensor { whole } else { *largest };
            let bias = bias.and_then(|bias| bias.get(output)).copied().unwrap_or(0.0).abs();
            // Nothing but zeros has no scale of its own, and a bias has 32 bits.
            let least = (bias / LARGEST_BIAS / input).max(whole / LARGEST_WEIGHT / 4096.0).max(zeros);
            let step = (largest / LARGEST_WEIGHT).max(least);
            if self.options.scales == Scales::PowersOfTwo { step.log2().ceil().exp2() } else { step }
        };
        let steps: Vec<f32> = largest.iter().enumerate().map(step).collect();
        if self.options.per_tensor {
            let widest = steps.iter().copied().fold(0.0, f32::max);
            return vec![widest; outputs];
        }
        steps
    }

    /// A dequantised constant with a scale for each index of an axis; its name.
    fn dequantised(&mut self, name: &str, steps: &[f32], zero: DataType, axis: usize) -> String {
        let [scale_name, zero_name] = [format!("{name}/scale"), format!("{name}/zero_point")];
        let shape = vec![steps.len()];
        self.constant(float_tensor(&scale_name, &Floats { shape, values: steps.to_vec() }));
        let width = if zero == DataType::Int32 { 4 } else { 1 };
        self.constant(bytes(&zero_name, zero, vec![steps.len() as i64], vec![0; width * steps.len()]));
        let (integers, read) = (quantised_name(name), format!("{name}/rounded"));
        self.linear("DequantizeLinear", [&integers, &scale_name, &zero_name], &read, Some(axis));
        read
    }

    fn linear(&mut self, operator: &str, inputs: [&str; 3], output: &str, axis: Option<usize>) {
        let axis = axis.map(|axis| AttributeProto {
            name: "axis".to_owned(),
            r#type: AttributeType::Int as i32,
            i: axis as i64,
            ..Default::default()
        });
        self.nodes.push(NodeProto {
            input: inputs.map(str::to_owned).to_vec(),
            output: vec![output.to_owned()],
            name: format!("{output}/{operator}"),
            op_type: operator.to_owned(),
            attribute: axis.into_iter().collect(),
            ..Default::default()
        });
    }

    /// Adds a constant, once.
    fn constant(&mut self, tensor: TensorProto) {
        if self.constants.iter().all(|known| known.name != tensor.name) {
            self.constants.push(tensor);
        }
    }
}

/// A constant of integers, little-endian.
fn bytes(name: &str, kind: DataType, dims: Vec<i64>, raw_data: Vec<u8>) -> TensorProto {
    TensorProto { name: name.to_owned(), dims, data_type: kind as i32, raw_data, ..Default::default() }
}
