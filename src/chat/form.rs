//! Modals: which form comes back, and how does one open?
//! A trigger lives three seconds: what opens is opened before Slack is asked anything else.

use serde_json::Value;

use super::Actor;
use super::outcome::{Acted, Handled};
use crate::commands::{Moment, Verb};
use crate::slack::ViewSubmission;
use crate::thread::{AGAIN_FORM, DEVELOP, FEATURES_FORM};

impl Actor {
    pub(super) async fn submission(&self, it: &ViewSubmission, said: Moment) -> Handled {
        match it.callback_id.as_str() {
            DEVELOP => return self.start_submitted(it, said).await,
            FEATURES_FORM => return self.features_submitted(it, said).await,
            AGAIN_FORM => return self.again_submitted(it, said).await,
            _ => {}
        }
        match Verb::of_form(&it.callback_id) {
            Some(verb) => self.answer_submitted(it, verb, said).await,
            None => Ok(Acted::Silent),
        }
    }

    pub(super) async fn open_view(&self, trigger_id: &str, view: Value) -> Acted {
        match self.slack.open_view(trigger_id, &view).await {
            Ok(_) => Acted::Silent,
            Err(e) => {
                tracing::warn!(error = %e, "could not open a form");
                Acted::told("Slack did not open the form. Please try again.")
            }
        }
    }
}
