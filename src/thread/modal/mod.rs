//! Modals: what opens over the thread?
//! The forms behind buttons and a bare `/develop`, and the diff where no browser can reach us.

mod again;
mod answer;
mod chunks;
mod develop;
mod diff;
mod rollback;

pub use again::{AGAIN_FORM, AgainForm, FROM_START, again_modal};
pub use answer::{
    CHANGES_FORM, EXTEND_FORM, REJECT_FORM, RETRY_FORM, changes_modal, extend_modal, reject_modal,
    retry_modal,
};
pub use develop::{DEVELOP, DevelopForm, FEATURES_FORM, develop_modal};
pub use diff::{DIFF_FORM, DiffPlace, DiffTurn, ModalDiff, diff_modal};
pub use rollback::{ROLLBACK_FORM, rollback_modal};

#[cfg(test)]
mod tests;
