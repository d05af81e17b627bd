//! The normal distribution: how likely is a value, and which value is that likely?
//! By `libm`, so that every machine finds the same digits. Student's distribution is a bend of the normal one.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// How likely something above `z` is.
pub(super) fn tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// How far above zero a value is on average if it is above `z` (the inverse Mills ratio): next to nothing for a low `z`,
/// slightly more than `z` for a high one.
pub(super) fn mean_above(z: f64) -> f64 {
    /// From here on the tail is too thin for a float, and `z + 1/z` is as good.
    const THIN: f64 = 30.0;
    if z > THIN {
        return z + 1.0 / z;
    }
    libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt() / tail(z)
}

/// The `z` with this [`tail`].
pub(super) fn quantile_above(tail: f64) -> f64 {
    if tail > 0.5 { -far_quantile(1.0 - tail) } else { far_quantile(tail) }
}

/// For a tail of at most a half: Abramowitz and Stegun 26.2.22, then two steps of Newton on the tail's logarithm.
fn far_quantile(wanted: f64) -> f64 {
    let log = libm::log(wanted.max(f64::MIN_POSITIVE));
    let t = (-2.0 * log).sqrt();
    let start = t - (2.30753 + 0.27061 * t) / (1.0 + t * (0.99229 + 0.04481 * t));
    let newton = |z: f64| z + (libm::log(tail(z)) - log) / mean_above(z);
    newton(newton(start))
}

/// The value of Student's distribution that is as likely as the normal `z` (Wallace 1959). From six degrees of freedom it is right to a
/// hundredth, up to the 99th percentile.
pub(super) fn student_of(z: f64, freedom: f64) -> f64 {
    let bent = z * wallace(freedom);
    (freedom * libm::expm1(bent * bent / freedom)).sqrt().copysign(z)
}

/// The way back from [`student_of`].
pub(super) fn normal_of(t: f64, freedom: f64) -> f64 {
    ((freedom * libm::log1p(t * t / freedom)).sqrt() / wallace(freedom)).copysign(t)
}

fn wallace(freedom: f64) -> f64 {
    (8.0 * freedom + 3.0) / (8.0 * freedom + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_near(found: f64, wanted: f64, tolerance: f64) {
        assert!((found - wanted).abs() <= tolerance, "{found} is not {wanted}");
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        assert_near(quantile_above(0.5), 0.0, 1e-9);
        assert_near(quantile_above(0.1), 1.281_551_565_5, 1e-9);
        assert_near(quantile_above(0.9), -1.281_551_565_5, 1e-9);
        assert_near(quantile_above(0.001), 3.090_232_306_2, 1e-9);
        assert_near(quantile_above(tail(20.0)), 20.0, 1e-6);
    }

    #[test]
    fn student_is_that_of_the_tables() {
        let tenth = quantile_above(0.1);
        assert_near(student_of(tenth, 6.0), 1.4398, 1e-3);
        assert_near(student_of(-tenth, 16.0), -1.3368, 1e-3);
        assert_near(student_of(quantile_above(0.01), 6.0), 3.1427, 2e-2);
        assert_near(normal_of(student_of(2.5, 9.0), 9.0), 2.5, 1e-9);
    }

    #[test]
    fn the_mean_above_follows_its_bound() {
        assert_near(mean_above(-9.0), 0.0, 1e-9);
        assert_near(mean_above(0.0), 0.797_884_560_8, 1e-9);
        assert_near(mean_above(29.999), mean_above(30.001), 3e-3);
    }
}
