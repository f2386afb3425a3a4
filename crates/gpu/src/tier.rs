//! Which of its sets of kernels a device runs.

/// A set of kernels, the plainest first. What a plan needs and a set lacks comes from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// One weight a launch, nothing in front of it, no lanes that share rows, attention of one token and head a workgroup.
    /// Little can go wrong with it, and it is the fastest on a processor that pretends to be a GPU: there barriers cost
    /// much, parallelism and fewer launches gain little, and larger kernels compile for seconds each.
    Plain,
    /// Few launches, attention that reads a key once for many rows, and as many invocations as a GPU wants.
    Fused,
    /// The same, and lanes add up by subgroups instead of the memory of a workgroup.
    Subgroups,
}

impl Tier {
    /// Every one, the plainest first.
    pub const ALL: [Tier; 3] = [Tier::Plain, Tier::Fused, Tier::Subgroups];

    /// The word for it in facts and options.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Plain => "plain",
            Tier::Fused => "fused",
            Tier::Subgroups => "subgroups",
        }
    }

    /// By its word.
    pub fn of(name: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.name() == name)
    }

    /// The next plainer one.
    pub fn plainer(self) -> Option<Tier> {
        Tier::ALL.into_iter().rev().find(|&tier| tier < self)
    }
}
