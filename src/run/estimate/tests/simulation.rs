//! A world in which the truth is known: runs are drawn from it, and the estimate sees only the earlier ones.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::super::{Estimate, Sample, Size, SoFar, StageHistory, Used, estimate, normal};
use crate::run::Usd;

const SIZES: [(Size, f64); 6] = [
    (Size::S, 0.13),
    (Size::L, 1.2),
    (Size::M, 0.4),
    (Size::M, 0.4),
    (Size::M, 0.4),
    (Size::S, 0.13),
];

/// What the world is like. The usual one is what the prior believes.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// At most six.
    pub stages: usize,
    /// The run's share in a stage's variance.
    pub run_share: f64,
    /// The share of a median's variance that all stages have in common.
    pub median_share: f64,
    /// How many runs retry a lot, and cost one and a half to three times as much.
    pub retrying: f64,
    /// Stages end at so many times their median.
    pub budget: f64,
    /// How many times as wide as believed its stages vary.
    pub spread: f64,
    /// How many stages are finished when it is estimated.
    pub finished: usize,
}

impl World {
    pub const USUAL: Self = Self {
        stages: 1,
        run_share: 0.5,
        median_share: 0.5,
        retrying: 0.0,
        budget: f64::INFINITY,
        spread: 1.0,
        finished: 0,
    };
    pub const SIX_STAGES: Self = Self { stages: 6, ..Self::USUAL };
}

/// A stage whose median and spread nobody knows.
struct Truth {
    size: Size,
    log_median: f64,
    sigma: f64,
}

/// One project, estimated once: what was known, and what its next run then used.
pub struct Project {
    pub known: Vec<StageHistory>,
    pub actual: Usd,
}

impl Project {
    pub fn estimate(&self, widen: f64) -> Estimate {
        estimate(&self.known, widen)
    }
}

pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    fn uniform(&mut self) -> f64 {
        self.0.random_range(1e-12..1.0)
    }

    fn normal(&mut self) -> f64 {
        normal::quantile_above(self.uniform())
    }

    /// Inverse gamma of shape 3 and a mean of 0.7².
    fn variance(&mut self) -> f64 {
        -0.98 / (self.uniform() * self.uniform() * self.uniform()).ln()
    }

    fn truths(&mut self, world: &World) -> Vec<Truth> {
        let common = self.normal();
        let mut truth = |&(size, median): &(Size, f64)| {
            let sigma = self.variance().sqrt();
            let z = mixed(world.median_share, common, self.normal());
            let log_median = f64::ln(median) + sigma * z / f64::sqrt(2.0);
            Truth { size, log_median, sigma: sigma * world.spread }
        };
        SIZES[..world.stages].iter().map(&mut truth).collect()
    }

    fn run(&mut self, world: &World, truths: &[Truth]) -> Vec<Sample> {
        let common = self.normal();
        let retries = self.uniform() < world.retrying;
        let times = if retries { 1.5 + 1.5 * self.uniform() } else { 1.0 };
        let mut stage = |truth: &Truth| {
            let z = mixed(world.run_share, common, self.normal());
            let dollars = (truth.log_median + truth.sigma * z).exp() * times;
            let most = truth.log_median.exp() * world.budget;
            Sample { used: used(dollars.min(most)), whole: dollars <= most }
        };
        truths.iter().map(&mut stage).collect()
    }

    /// A project with so many earlier runs.
    pub fn project(&mut self, world: &World, runs: usize) -> Project {
        let truths = self.truths(world);
        let earlier: Vec<Vec<Sample>> = (0..runs).map(|_| self.run(world, &truths)).collect();
        let next = self.run(&World { budget: f64::INFINITY, ..*world }, &truths);
        let known = truths.iter().enumerate().map(|(place, truth)| StageHistory {
            size: truth.size,
            samples: earlier.iter().map(|run| run[place]).collect(),
            so_far: if place < world.finished {
                SoFar::Finished(next[place].used)
            } else {
                SoFar::Waiting
            },
        });
        Project { known: known.collect(), actual: next.iter().map(|sample| sample.used.cost).sum() }
    }
}

/// Nature's own way to mix, so that it does not borrow the estimate's.
fn mixed(share: f64, common: f64, own: f64) -> f64 {
    share.sqrt() * common + (1.0 - share).sqrt() * own
}

/// At ten minutes for a dollar, in a world where nothing else takes time.
pub fn used(dollars: f64) -> Used {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few minutes")]
    let seconds = (dollars * 600.0).round() as u64;
    Used { cost: Usd::from_float(dollars), seconds }
}
