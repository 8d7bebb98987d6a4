//! [`NodeView`]: a node of the file with its name and attributes, and what is refused or to be known of it.

use std::cell::RefCell;

use crate::onnx::{AttributeProto, NodeProto};

use crate::error::ModelError;
use crate::warning::Warning;

/// A node of an ONNX graph.
pub(super) struct NodeView<'a> {
    pub(super) proto: &'a NodeProto,
    /// Node name, or that of its output, or the operator.
    pub(super) name: &'a str,
    /// Name of its first output.
    pub(super) output: &'a str,
    /// What is refused of the node without stopping its reading: whatever a rule makes of it then is not used.
    refusals: RefCell<Vec<ModelError>>,
    warnings: RefCell<Vec<Warning>>,
}

impl<'a> NodeView<'a> {
    pub(super) fn new(proto: &'a NodeProto) -> Self {
        let output = proto.output.first().map_or("", String::as_str);
        let name = [proto.name.as_str(), output].into_iter().find(|name| !name.is_empty()).unwrap_or(&proto.op_type);
        Self { proto, name, output, refusals: RefCell::default(), warnings: RefCell::default() }
    }

    /// Refuses something of the node, and goes on.
    pub(super) fn refuse(&self, refusal: ModelError) {
        self.refusals.borrow_mut().push(refusal);
    }

    pub(super) fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    pub(super) fn is_refused(&self) -> bool {
        !self.refusals.borrow().is_empty()
    }

    /// What was refused, and what is to be known.
    pub(super) fn into_notes(self) -> (Vec<ModelError>, Vec<Warning>) {
        (self.refusals.into_inner(), self.warnings.into_inner())
    }

    /// Operator, with its domain unless it is ONNX's own.
    pub(super) fn operator(&self) -> String {
        match self.proto.domain.as_str() {
            "" | "ai.onnx" => self.proto.op_type.clone(),
            domain => format!("{domain}.{}", self.proto.op_type),
        }
    }

    /// Name of an operand; `None` where it is left out.
    pub(super) fn operand(&self, index: usize) -> Option<&'a str> {
        self.proto.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.proto.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str) -> Option<f64> {
        self.attribute(name).map(|attribute| attribute.f.into())
    }

    pub(super) fn ints(&self, name: &str) -> Option<&'a [i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&'a crate::onnx::TensorProto> {
        self.attribute(name).and_then(|attribute| attribute.t.as_ref())
    }

    pub(super) fn string(&self, name: &str) -> Option<String> {
        self.attribute(name).map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned())
    }

    /// Refuses an integer attribute that has another value than the one supported, which is also its default.
    pub(super) fn must_be(&self, name: &'static str, value: i64, expected: &'static str) {
        let got = self.int(name, value);
        if got != value {
            self.refuse(self.unsupported(name, got.to_string(), expected));
        }
    }

    /// Sizes from a list attribute of integers, as many as the default has, or the default; what does not fit is refused, and the default
    /// goes on.
    pub(super) fn sizes(&self, name: &'static str, default: Vec<usize>) -> Vec<usize> {
        let Some(ints) = self.ints(name) else { return default };
        let sizes: Option<Vec<usize>> = ints.iter().map(|v| usize::try_from(*v).ok()).collect();
        sizes.filter(|sizes| sizes.len() == default.len()).unwrap_or_else(|| {
            self.refuse(self.unsupported(
                name,
                format!("{ints:?}"),
                "one number a spatial axis (two of pads), none negative",
            ));
            default
        })
    }

    /// An axis attribute or operand, negative ones counted from the end.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, ModelError> {
        let from_start = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        usize::try_from(from_start)
            .ok()
            .filter(|axis| *axis < rank)
            .ok_or_else(|| crate::OpFault::Axes { axes: vec![axis], rank }.at(self.name))
    }

    pub(super) fn unsupported(&self, attribute: &'static str, got: String, expected: &'static str) -> ModelError {
        ModelError::UnsupportedAttribute { node: self.name.to_owned(), attribute, got, expected }
    }

    pub(super) fn unquantised(&self, problem: &'static str, help: &'static str) -> ModelError {
        ModelError::Unquantised { node: self.name.to_owned(), problem, help }
    }
}
