//! A model on a device: weights, caches, and a prepared plan for every step that was asked for.

use std::collections::BTreeMap;

use graph::{Backend, BufferId, Buffers, Choice, DType, Graph, LeafKind, PlanId, Task, TensorType};
use models::{Head, Model, Step};

use crate::EngineError;

/// Plans kept. More than a generation needs; encoders with ever new sizes give up the one that was idle longest.
const MAX_PLANS: usize = 24;

/// Everything that lives on the backend. Dropping it frees all of it.
pub(crate) struct Runtime {
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) model: Box<dyn Model>,
    /// Weights by leaf name.
    pub(crate) weights: Buffers,
    /// KV caches by leaf name.
    states: Buffers,
    pub(crate) cache_bytes: u64,
    /// The sampled id, u32 `[1]`: output of every step that samples for one row, and input of every step of one token, so that the id
    /// never has to come back before the next step starts.
    token: Option<BufferId>,
    plans: BTreeMap<Step, Plan>,
    clock: u64,
}

struct Plan {
    id: PlanId,
    inputs: Buffers,
    outputs: Buffers,
    used: u64,
}

impl Runtime {
    pub(crate) fn new(backend: Box<dyn Backend>, model: Box<dyn Model>) -> Runtime {
        let (weights, states, plans) = (Buffers::new(), Buffers::new(), BTreeMap::new());
        Runtime { backend, model, weights, states, cache_bytes: 0, token: None, plans, clock: 0 }
    }

    /// Writes the inputs and queues one run. Inputs that the step does not take are ignored.
    pub(crate) async fn run(&mut self, step: Step, inputs: &[(&str, &[u32])]) -> Result<(), EngineError> {
        self.prepare(step).await?;
        self.clock += 1;
        let Some(plan) = self.plans.get_mut(&step) else {
            return Err(EngineError::Missing("plan that was just prepared"));
        };
        plan.used = self.clock;
        for (name, words) in inputs {
            if let Some(&buffer) = plan.inputs.get(*name) {
                self.backend.write(buffer, 0, bytemuck::cast_slice(words))?;
            }
        }
        Ok(self.backend.run(plan.id)?)
    }

    /// Writes the ids of a prompt where heads that penalize look for them.
    pub(crate) fn remember(&mut self, ids: &[u32], capacity: usize) -> Result<(), EngineError> {
        let history = self.state("history", &TensorType::new(DType::U32, [capacity, 1]))?;
        Ok(self.backend.write(history, 0, bytemuck::cast_slice(ids))?)
    }

    /// Waits until a step that ran, and everything before it, has been computed. An input has no copy that is made with a run:
    /// reading one is queued behind the run.
    pub(crate) async fn settle(&mut self, step: &Step) -> Result<(), EngineError> {
        let positions = self.plans.get(step).and_then(|plan| plan.inputs.get("positions")).copied();
        let positions = positions.ok_or(EngineError::Missing("positions"))?;
        Ok(self.backend.read(positions, 0, 4).await.map(drop)?)
    }

    /// The bytes of the id that the last step chose. They are on their way when this returns.
    pub(crate) fn token(&mut self) -> Task<'static, Vec<u8>> {
        match self.token {
            Some(token) => self.backend.read(token, 0, 4),
            None => graph::ready(Ok(vec![0; 4])),
        }
    }

    /// The first `elements` of an f32 output of a step that ran.
    pub(crate) async fn output(
        &mut self,
        step: &Step,
        name: &'static str,
        elements: usize,
    ) -> Result<Vec<f32>, EngineError> {
        let bytes = self.read_output(step, name, elements)?.await?;
        Ok(reals(&bytes))
    }

    /// The ids that a step of several rows chose for the first of them.
    pub(crate) async fn tokens(&mut self, step: &Step, rows: usize) -> Result<Vec<u32>, EngineError> {
        let bytes = self.read_output(step, "token", rows)?.await?;
        Ok(bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect())
    }

    fn read_output(
        &mut self,
        step: &Step,
        name: &'static str,
        words: usize,
    ) -> Result<Task<'static, Vec<u8>>, EngineError> {
        let buffer = self.plans.get(step).and_then(|plan| plan.outputs.get(name)).copied();
        Ok(self.backend.read(buffer.ok_or(EngineError::Missing(name))?, 0, 4 * words))
    }

    /// Makes the plan of a step unless there is one, with buffers for its inputs, outputs and caches.
    pub(crate) async fn prepare(&mut self, step: Step) -> Result<(), EngineError> {
        if self.plans.contains_key(&step) {
            return Ok(());
        }
        let mut graph = Graph::new();
        self.model.record(&mut graph, &step);
        let graph = graph.finish()?;
        self.make_room();
        let mut plan = Plan { id: PlanId(0), inputs: Buffers::new(), outputs: Buffers::new(), used: self.clock };
        match self.bind(&graph, step, &mut plan).await {
            Ok(()) => {
                self.plans.insert(step, plan);
                Ok(())
            }
            Err(error) => {
                self.free_buffers(&plan);
                Err(error)
            }
        }
    }

    /// What the plan of a step could do in other ways.
    pub(crate) fn choices(&self, step: &Step) -> Vec<Choice> {
        self.plans.get(step).map(|plan| self.backend.choices(plan.id)).unwrap_or_default()
    }

    /// Gives up the plan of a step.
    pub(crate) fn forget(&mut self, step: &Step) {
        if let Some(plan) = self.plans.remove(step) {
            self.backend.release(plan.id);
            self.free_buffers(&plan);
        }
    }

    async fn bind(&mut self, graph: &Graph, step: Step, plan: &mut Plan) -> Result<(), EngineError> {
        let mut bound = Buffers::new();
        for (_, leaf, ty) in graph.leaves() {
            let buffer = match leaf.kind {
                LeafKind::Constant(_) => continue,
                LeafKind::Weight => {
                    *self.weights.get(&leaf.name).ok_or(EngineError::Missing("weight that a step takes"))?
                }
                LeafKind::State => self.state(&leaf.name, ty)?,
                LeafKind::Input if leaf.name == "ids" && step.tokens == 1 && is_decoder(step.head) => {
                    let token = self.token_buffer()?;
                    plan.inputs.insert(leaf.name.clone(), token);
                    token
                }
                LeafKind::Input => {
                    let buffer = self.backend.alloc(ty)?;
                    plan.inputs.insert(leaf.name.clone(), buffer);
                    buffer
                }
            };
            bound.insert(leaf.name.clone(), buffer);
        }
        for output in graph.outputs() {
            let buffer = if output.name == "token" && step.rows == 1 {
                self.token_buffer()?
            } else {
                let buffer = self.backend.alloc(graph.ty(output.value))?;
                plan.outputs.insert(output.name.clone(), buffer);
                buffer
            };
            bound.insert(output.name.clone(), buffer);
        }
        plan.id = self.backend.prepare(graph, &bound).await?;
        Ok(())
    }

    fn state(&mut self, name: &str, ty: &TensorType) -> Result<BufferId, EngineError> {
        if let Some(&known) = self.states.get(name) {
            return Ok(known);
        }
        let buffer = self.backend.alloc(ty)?;
        self.cache_bytes += ty.bytes().unwrap_or(0);
        self.states.insert(name.into(), buffer);
        Ok(buffer)
    }

    fn token_buffer(&mut self) -> Result<BufferId, EngineError> {
        if let Some(token) = self.token {
            return Ok(token);
        }
        let token = self.backend.alloc(&TensorType::new(DType::U32, [1]))?;
        self.token = Some(token);
        Ok(token)
    }

    /// Gives up the plan that was idle longest when there are too many.
    fn make_room(&mut self) {
        while self.plans.len() >= MAX_PLANS {
            let idle = self.plans.iter().min_by_key(|(_, plan)| plan.used).map(|(&step, _)| step);
            let Some(step) = idle else { return };
            self.forget(&step);
        }
    }

    fn free_buffers(&mut self, plan: &Plan) {
        for &buffer in plan.inputs.values().chain(plan.outputs.values()) {
            if Some(buffer) != self.token {
                self.backend.free(buffer);
            }
        }
    }
}

/// f32 out of what was read.
pub(crate) fn reals(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

/// Whether a step of one token reads its id where the step before left it.
fn is_decoder(head: Head) -> bool {
    !matches!(head, Head::Embed | Head::Classify)
}

impl Drop for Runtime {
    fn drop(&mut self) {
        for plan in std::mem::take(&mut self.plans).into_values() {
            self.backend.release(plan.id);
            self.free_buffers(&plan);
        }
        for &buffer in self.weights.values().chain(self.states.values()).chain(self.token.iter()) {
            self.backend.free(buffer);
        }
    }
}
