//! What is chosen by measurement on a device, of kernels that compute the same: the tier, the lanes that share rows, and whether
//! many tokens go by packed products of bytes.

use std::collections::BTreeMap;

use graph::Choice;

use crate::{GpuBackend, Tier, fuse::UNIT, plan::Plan};

/// Rows of different lengths that have a choice of their own; a model has two or three.
const MOST: usize = 8;
/// Lanes of `linear` at most: a whole workgroup.
const LANES: u32 = 64;

/// What was chosen; for the rest the device gets what its tier usually has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Units of a row, and lanes that share such rows; 0 units where nothing is.
    lanes: [(u32, u32); MOST],
    /// Many tokens and weights in blocks go by `dots` and not by `gemm`: their inputs are rounded to 16 bits.
    pub dots: bool,
}

impl Tuning {
    /// Lanes that share rows of so many units.
    pub fn lanes(&self, units: u32) -> Option<u32> {
        self.lanes.iter().find(|&&(own, _)| own == units && units > 0).map(|&(_, lanes)| lanes)
    }

    /// `false` where no more rows have room.
    fn set_lanes(&mut self, units: u32, lanes: u32) -> bool {
        let place = self.lanes.iter_mut().find(|(own, _)| *own == units || *own == 0);
        place.map(|place| *place = (units, lanes)).is_some()
    }
}

/// The word for it in facts and options.
pub(crate) fn on(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// Lanes that `linear` has in a plan, by units of a row.
pub(crate) type Lanes = BTreeMap<u32, u32>;

impl GpuBackend {
    /// The choices that a plan leaves. None on a processor, unless its kernels were asked for: the plain ones are the fastest there.
    pub(crate) fn choices_of(&self, plan: &Plan) -> Vec<Choice> {
        let tier = self.device.limits.tier;
        if tier < Tier::Fused {
            return Vec::new();
        }
        let mut choices = Vec::new();
        if tier == Tier::Subgroups {
            let options = [Tier::Subgroups, Tier::Fused].map(|tier| tier.name().into());
            choices.push(Choice { name: "tier".into(), options: options.into() });
        }
        choices.extend(plan.lanes.iter().map(|(units, &now)| {
            let others = [now / 2, now * 2].into_iter().filter(|lanes| (1..=LANES).contains(lanes) && lanes <= units);
            let options = [now].into_iter().chain(others).map(|lanes| lanes.to_string());
            Choice { name: format!("lanes.{}", units * UNIT as u32), options: options.collect() }
        }));
        if plan.may_have_dots && self.device.offers_dots {
            let now = self.device.limits.tuning.dots;
            choices.push(Choice { name: "dots".into(), options: [now, !now].map(|is_on| on(is_on).into()).into() });
        }
        choices
    }

    /// Takes an option for all that is prepared from now on; `false` where there is none of that name.
    pub(crate) fn take(&mut self, choice: &str, option: &str) -> bool {
        let limits = &mut self.device.limits;
        if choice == "tier" {
            let (best, reason) = self.device.best;
            let known = Tier::of(option).filter(|&tier| tier <= best);
            let Some(tier) = known else { return false };
            limits.tier = tier;
            let reason = if tier == best { reason } else { "measured to be the fastest" };
            self.device.facts.details.insert("tier", tier.name().into());
            self.device.facts.details.insert("tierReason", reason.into());
            return true;
        }
        if choice == "dots" {
            let is_on = option == on(true);
            if is_on && !self.device.offers_dots {
                return false;
            }
            self.device.set_dots(is_on);
            return is_on || option == on(false);
        }
        let columns = choice.strip_prefix("lanes.").and_then(|columns| columns.parse::<u32>().ok());
        let lanes = option.parse().ok().filter(|lanes: &u32| lanes.is_power_of_two() && *lanes <= LANES);
        let units = columns.map(|columns| columns / UNIT as u32).filter(|&units| units > 0);
        units.zip(lanes).is_some_and(|(units, lanes)| limits.tuning.set_lanes(units, lanes))
    }
}
