//! What estimates promise.

mod calibration;
mod coverage;
mod history;
mod of_stage;
mod properties;
mod rounding;
mod simulation;
