//! Norms in front of a linear stage: each of its workgroups computes them anew, which is cheaper than a launch.

use graph::{Op, Value};

use super::{Draft, Input, Output, STAGED, Stage, staged};

/// A norm that only one linear stage reads, with the sum that it is of; a layer norm that others read later.
pub(super) fn inputs(draft: &mut Draft<'_>) {
    let linears: Vec<Value> =
        draft.stages.iter().filter(|(_, stage)| matches!(stage, Stage::Linear(_))).map(|(&value, _)| value).collect();
    for at in linears {
        let Some((absorbed, input)) = normed(draft, at) else { continue };
        let Some(Stage::Linear(mut linear)) = draft.stages.remove(&at) else { continue };
        linear.input = input;
        draft.fold(&absorbed, Stage::Linear(linear));
    }
}

/// The ops in front of a linear stage that it can take in, and its input then.
fn normed(draft: &Draft<'_>, at: Value) -> Option<(Vec<Value>, Input)> {
    let Some(Stage::Linear(linear)) = draft.stages.get(&at) else { return None };
    let Input::Plain(norm) = linear.input else { return None };
    // The kernel of one token keeps the whole row; that of many does not. Added to its own product, a norm has to be there
    // before.
    if (draft.rows(norm) == 1 && staged(draft.columns(norm)) > STAGED) || linear.output == Output::Add(norm) {
        return None;
    }
    match *draft.alone(norm)? {
        Op::RmsNorm { input, weight, .. } if whole_row(draft, weight, norm) => {
            if draft.is_output(norm) || stages_that_read(draft, norm) != [at] {
                return None;
            }
            let sum = added(draft, input, at).filter(|_| !matches!(linear.output, Output::Add(_)));
            match sum {
                Some((left, inner)) => {
                    Some((vec![norm, input, inner], Input::RmsSum { norm, sum: input, left, inner }))
                }
                None => Some((vec![norm], Input::RmsNorm(norm))),
            }
        }
        Op::LayerNorm { weight, bias, .. } if draft.is_vector(weight) && draft.is_vector(bias) => {
            let first = stages_that_read(draft, norm).first() == Some(&at);
            first.then(|| (vec![norm], Input::LayerNorm(norm)))
        }
        _ => None,
    }
}

/// `left + rms_norm(…)`, computed nowhere else and read by no stage before this one.
fn added(draft: &Draft<'_>, sum: Value, at: Value) -> Option<(Value, Value)> {
    let &Op::Add { left, right } = draft.alone(sum)? else { return None };
    let &Op::RmsNorm { weight, .. } = draft.alone(right)? else { return None };
    let alone = draft.only_reader(right).is_some() && draft.rows(left) == draft.rows(right);
    // The norm that the linear stage takes in is still a stage of its own.
    let taken = |reader: Value| stages_that_read(draft, reader) == [at] && draft.alone(reader).is_some();
    let first = stages_that_read(draft, sum).into_iter().all(|reader| reader >= at || taken(reader));
    (alone && first && whole_row(draft, weight, sum)).then_some((left, right))
}

/// A norm over whole rows by a weight that is known.
fn whole_row(draft: &Draft<'_>, weight: Value, value: Value) -> bool {
    draft.is_vector(weight) && draft.columns(weight) == draft.columns(value)
}

/// The stages that read a value, in order.
fn stages_that_read(draft: &Draft<'_>, value: Value) -> Vec<Value> {
    let readers = draft.readers.get(&value).into_iter().flatten();
    let mut stages: Vec<Value> = readers.filter_map(|reader| draft.home.get(reader).copied()).collect();
    stages.sort();
    stages.dedup();
    stages
}
