//! A batch: what do people see of several features at once?
//! Its card has a row for each feature, and its thread asks for all of them: what their own threads ask is asked here too, in one message.

mod card;
mod fan_in;
mod feature;
mod questions;
mod reminders;

pub(super) use card::{batch_card, is_asked_in_batch};
pub(super) use fan_in::{merged_in_short, what_goes_in};
pub use feature::{FeatureRow, FeatureState};
pub(super) use questions::{asked_about, questions};
pub(super) use reminders::reminders;
