//! The form for a rollback: which snapshot was chosen?
//! Opened from the run card and from the question of a stage that has failed.

use serde_json::json;

use super::Actor;
use super::click::asker;
use super::outcome::{Acted, Handled};
use super::pressed_card::{NOT_KNOWN, Pressed};
use crate::commands::{Answer, Asker, Moment, Terms};
use crate::run::{Verdict, Via};
use crate::slack::{Click, ViewSubmission};
use crate::thread::{RunValue, rollback_modal};

const SNAPSHOT: &str = "snapshot";
const WORDS: &str = "words";

impl Actor {
    pub(super) async fn press_rollback(&self, it: &Click, said: Moment) -> Handled {
        let Ok(RunValue { run }) = serde_json::from_str(&it.value) else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::told(why)),
        };
        let terms = Terms { snapshot: Some("start".to_owned()), ..Terms::default() };
        let answer = Answer::new(Verdict::Rollback, asker(it, said), it.key.clone());
        let answer = Answer { terms, ..answer };
        self.open_form_of(it, (&run, &answer), json!(rollback_modal(&run))).await
    }

    pub(super) async fn rollback_submitted(&self, it: &ViewSubmission, said: Moment) -> Handled {
        let Ok(RunValue { run }) = serde_json::from_str(&it.private_metadata) else {
            return Ok(Acted::Silent);
        };
        let wrong = |why: String| Ok(Acted::Wrong { field: SNAPSHOT.to_owned(), why });
        let Some(run) = self.services.store.run(&run).await? else {
            return wrong(NOT_KNOWN.to_owned());
        };
        let words = it.text(WORDS, WORDS).filter(|words| !words.trim().is_empty());
        let terms = Terms {
            snapshot: it.text(SNAPSHOT, SNAPSHOT).map(str::to_owned),
            words: words.map(str::to_owned),
            ..Terms::default()
        };
        let answer = Answer::new(
            Verdict::Rollback,
            Asker::new(it.person(), Via::Button, said),
            it.key.clone(),
        );
        match self.decide(&run, Answer { terms, ..answer }).await? {
            Acted::Told(why) => wrong(self.resolve_mentions(&why).await),
            acted => Ok(acted),
        }
    }
}
