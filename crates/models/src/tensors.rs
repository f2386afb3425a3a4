//! Weights by name, checked against the shape that the configuration implies.

use std::collections::BTreeMap;

use graph::{DType, Shape, TensorType};
use weights::Checkpoint;

use crate::ModelError;
use crate::names::{Names, Scheme};

/// A weight that the graph takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Name in the checkpoint and of the leaf in the graph.
    pub name: String,
    /// What the graph takes. Vectors (norms and biases) are f32; matrices are what the checkpoint holds.
    pub ty: TensorType,
    /// What the checkpoint holds: `ty.dtype`, or f16 or bf16 that is widened to f32 while loading.
    pub stored: DType,
}

/// Resolves canonical names and remembers what was taken.
pub(crate) struct Tensors<'a> {
    checkpoint: &'a Checkpoint,
    names: Names,
    taken: BTreeMap<String, Weight>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn new(checkpoint: &'a Checkpoint, scheme: Scheme) -> Self {
        let names = Names::detect(scheme, checkpoint.tensors());
        Tensors { checkpoint, names, taken: BTreeMap::new() }
    }

    /// Every weight taken, in the order of the names.
    pub(crate) fn into_taken(self) -> Vec<Weight> {
        self.taken.into_values().collect()
    }

    /// Whether the checkpoint has a tensor.
    pub(crate) fn has(&self, module: &str, suffix: &str) -> bool {
        self.find(module, suffix).is_some()
    }

    /// The first size of a matrix: the number of its rows.
    pub(crate) fn rows(&self, module: &str) -> Result<usize, ModelError> {
        let (name, ty) = self.require(module, "weight")?;
        match ty.shape.dims() {
            [rows, _] if *rows > 0 => Ok(*rows),
            _ => Err(ModelError::BadTensor { name, found: ty.clone(), expected: "a matrix".into() }),
        }
    }

    /// The error for a tensor that is absent, as the checkpoint would name it.
    pub(crate) fn missing(&self, module: &str, suffix: &str) -> ModelError {
        let name = self.names.resolve(module, suffix).unwrap_or_else(|| format!("{module}.{suffix}"));
        match self.checkpoint.unsupported().get(&name) {
            Some(dtype) => ModelError::Unsupported(format!("tensor {name} in {dtype}")),
            None => ModelError::MissingTensor(name),
        }
    }

    /// A matrix `[out, in]` of any weight dtype.
    pub(crate) fn matrix(&mut self, module: &str, shape: [usize; 2]) -> Result<Weight, ModelError> {
        let (name, found) = self.require(module, "weight")?;
        let expected = Shape::from(shape);
        if found.shape != expected || !DType::WEIGHTS.contains(&found.dtype) || found.bytes().is_none() {
            let expected = format!("a matrix {expected} of whole blocks");
            return Err(ModelError::BadTensor { name, found: found.clone(), expected });
        }
        Ok(self.take(Weight { name, ty: found.clone(), stored: found.dtype }))
    }

    /// A vector `[len]`, f32 in the graph.
    pub(crate) fn vector(&mut self, module: &str, suffix: &str, len: usize) -> Result<Weight, ModelError> {
        let (name, found) = self.require(module, suffix)?;
        let float = matches!(found.dtype, DType::F32 | DType::F16 | DType::BF16);
        if found.shape.dims() != [len] || !float {
            let expected = format!("f32, f16 or bf16 [{len}]");
            return Err(ModelError::BadTensor { name, found: found.clone(), expected });
        }
        let stored = found.dtype;
        Ok(self.take(Weight { name, ty: TensorType::new(DType::F32, [len]), stored }))
    }

    /// A vector that the checkpoint may lack.
    pub(crate) fn maybe_vector(
        &mut self,
        module: &str,
        suffix: &str,
        len: usize,
    ) -> Result<Option<Weight>, ModelError> {
        if self.has(module, suffix) { self.vector(module, suffix, len).map(Some) } else { Ok(None) }
    }

    fn take(&mut self, weight: Weight) -> Weight {
        self.taken.insert(weight.name.clone(), weight.clone());
        weight
    }

    fn require(&self, module: &str, suffix: &str) -> Result<(String, &'a TensorType), ModelError> {
        self.find(module, suffix).ok_or_else(|| self.missing(module, suffix))
    }

    fn find(&self, module: &str, suffix: &str) -> Option<(String, &'a TensorType)> {
        let name = self.names.resolve(module, suffix)?;
        if let Some(tensor) = self.checkpoint.tensors().get(&name) {
            return Some((name, &tensor.ty));
        }
        // Checkpoints converted from TensorFlow keep its names for layer norms.
        let old = match suffix {
            "weight" => name.strip_suffix("LayerNorm.weight")?.to_string() + "LayerNorm.gamma",
            _ => name.strip_suffix("LayerNorm.bias")?.to_string() + "LayerNorm.beta",
        };
        let tensor = self.checkpoint.tensors().get(&old)?;
        Some((old, &tensor.ty))
    }
}
