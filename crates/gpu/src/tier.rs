//! Which of its sets of kernels a device runs.

/// A set of kernels, the plainest first. What a plan needs and a set lacks comes from the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// One weight a launch, nothing in front of it, no lanes that share rows, attention of one token and head a workgroup.
    /// Little can go wrong with it.
    Plain,
    /// For a processor that pretends to be a GPU, which runs the invocations of a subgroup as the lanes of one vector: no
    /// barriers, each of which costs such a device more than a thousand products, and no memory of a workgroup, which it reads
    /// as slowly as any other. Four neighbours exchange what they have loaded instead.
    Quads,
    /// Few launches, attention that reads a key once for many rows, and as many invocations as a GPU wants.
    Fused,
    /// The same, and lanes add up by subgroups instead of the memory of a workgroup.
    Subgroups,
}

impl Tier {
    /// Every one, the plainest first.
    pub const ALL: [Tier; 4] = [Tier::Plain, Tier::Quads, Tier::Fused, Tier::Subgroups];

    /// The word for it in facts and options.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Plain => "plain",
            Tier::Quads => "quads",
            Tier::Fused => "fused",
            Tier::Subgroups => "subgroups",
        }
    }

    /// By its word.
    pub fn of(name: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.name() == name)
    }

    /// The plainer one that stands in for it where it computes wrong results.
    pub fn plainer(self) -> Option<Tier> {
        match self {
            Tier::Plain => None,
            Tier::Quads | Tier::Fused => Some(Tier::Plain),
            Tier::Subgroups => Some(Tier::Fused),
        }
    }

    /// Whether its kernels use subgroups.
    pub(crate) fn has_subgroups(self) -> bool {
        matches!(self, Tier::Quads | Tier::Subgroups)
    }

    /// How lanes add up.
    pub(crate) fn reduce(self) -> &'static str {
        match self {
            Tier::Plain | Tier::Fused => "reduce_memory",
            Tier::Quads => "reduce_quads",
            Tier::Subgroups => "reduce_subgroups",
        }
    }
}
