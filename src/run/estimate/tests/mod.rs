//! What estimates promise.

mod calibration;
mod coverage;
mod history;
mod properties;
mod rounding;
mod simulation;
