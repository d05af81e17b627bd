//! What do the stages of one run have in common?
//! A hard request makes all of its stages dear. Sums of independent stages would promise too much.

/// The share of a stage's variance, on the log scale, that is its run's. Between nothing and all: nobody has published one.
const SHARE: f64 = 0.5;

/// What is known of a run's common part: a normal distribution, of mean 0 and variance 1 before it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonFactor {
    mean: f64,
    variance: f64,
}

impl CommonFactor {
    pub(super) const UNKNOWN: Self = Self { mean: 0.0, variance: 1.0 };

    /// After a stage that came out at the normal `z`: a dear beginning makes the rest dearer.
    pub(super) fn after(self, z: f64) -> Self {
        let precision = 1.0 / self.variance + SHARE / (1.0 - SHARE);
        let pull = self.mean / self.variance + SHARE.sqrt() / (1.0 - SHARE) * z;
        Self { mean: pull / precision, variance: 1.0 / precision }
    }

    /// How a stage comes out with such a common part and such a part of its own: normal values of variance 1, and so is the sum.
    pub(super) fn together(self, common: f64, own: f64) -> f64 {
        (common * (SHARE * self.variance).sqrt() + own * (1.0 - SHARE).sqrt()) / self.deviation()
    }

    /// The normal value of a stage, of which less is unknown than before the run began.
    pub(super) fn scaled(self, z: f64) -> f64 {
        self.mean * SHARE.sqrt() + self.deviation() * z
    }

    /// The way back from [`Self::scaled`].
    pub(super) fn unscaled(self, z: f64) -> f64 {
        (z - self.mean * SHARE.sqrt()) / self.deviation()
    }

    fn deviation(self) -> f64 {
        (SHARE * self.variance + 1.0 - SHARE).sqrt()
    }
}
