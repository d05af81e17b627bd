//! Modals: the form that does a run once more.
//! Sent, it is what the words `again …` are, for the same people. Refused, the reason stands in the form, and nothing that was typed is lost.

use serde_json::json;

use super::Actor;
use super::outcome::{Acted, Handled, reply_outcome};
use super::pressed_card::Pressed;
use super::start_form::{BRIEF, StartPlace, budget, form_place, wrong_field};
use crate::commands::{self, AgainWords, Asker, Lookup, Moment, ReplyKind, Said};
use crate::run::{Channel, Run, RunId, Via};
use crate::slack::{Click, SlashCommand, ViewSubmission};
use crate::thread::{self, AgainForm, FROM_START, RunValue, plain_text};

const FROM: &str = "from";
const MODEL: &str = "model";
const NOTE: &str = "note";
/// The model that the pipeline names.
const SAME: &str = "same";

impl Actor {
    /// The button of a bad end.
    pub(super) async fn press_again(&self, it: &Click) -> Handled {
        let Ok(value) = serde_json::from_str::<RunValue>(&it.value) else {
            return Ok(Acted::Silent);
        };
        let run = match self.run_pressed(it, &value.run).await? {
            Pressed::Run(run) => run,
            Pressed::Refused(why) => return Ok(Acted::told(why)),
        };
        let here = it.channel.clone().map(|channel| Channel { team: it.team.clone(), channel });
        let Some(channel) = run.request.channel.clone().or(here) else { return Ok(Acted::Silent) };
        // Of this workspace by another of an organisation's, or not at all: only Slack knows, and a form tells of the run.
        if channel.team != it.user_team
            && let Err(refused) = self.full_member(&it.person(), Some(&channel.team)).await
        {
            return Ok(Acted::Told(refused.text()));
        }
        let thread_ts = it.thread_ts.clone();
        let place = StartPlace { channel, thread_ts, again: Some(run.id().clone()) };
        self.open_again_form(&it.trigger_id, &run, &place).await
    }

    /// `again` and nothing else: of the channel's newest run.
    pub(super) async fn ask_how_again(&self, it: &SlashCommand, asker: &Asker) -> Handled {
        let run = match commands::find(&self.services, asker, &Said::default()).await? {
            Lookup::Found(named) => named.run,
            Lookup::Unknown(reply) => return Ok(reply_outcome(&reply)),
        };
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let place = StartPlace { again: Some(run.id().clone()), ..StartPlace::of(channel) };
        self.open_again_form(&it.trigger_id, &run, &place).await
    }

    async fn open_again_form(&self, trigger: &str, run: &Run, place: &StartPlace) -> Handled {
        let projects = self.services.projects.current();
        let project = projects.get(&run.request.project);
        // Of a project that is gone it is told when the form is sent.
        let agent = project.map_or(&run.request.pipeline, |now| &now.pipeline.pipeline);
        let metadata = json!(place).to_string();
        let kept = self.services.store.pruned_at(run.id()).await?.is_none();
        let form = AgainForm { run, agent: &agent.agent, kept, private_metadata: &metadata };
        Ok(self.open_view(trigger, json!(thread::again_modal(form))).await)
    }

    pub(super) async fn again_submitted(&self, it: &ViewSubmission, said: Moment) -> Handled {
        let Some(place) = form_place(it) else { return Ok(Acted::Silent) };
        let Some(run) = &place.again else { return Ok(Acted::Silent) };
        let words = match read(it, run) {
            Ok(words) => words,
            Err(wrong) => return Ok(wrong),
        };
        let asker =
            Asker { channel: Some(place.channel), ..Asker::new(it.person(), Via::Button, said) };
        let start = match commands::start_again(&self.services, &asker, words).await? {
            Ok(start) => start,
            Err(reply) => return Ok(wrong_field(words_field(it), plain_text(&reply.text))),
        };
        let reply = self.start(start, asker, &it.key).await?;
        Ok(match reply.kind {
            ReplyKind::Done | ReplyKind::Unsure => reply_outcome(&reply),
            _ => wrong_field(FROM, self.resolve_mentions(&reply.text).await),
        })
    }
}

/// What was filled in; else what is wrong with it.
fn read(it: &ViewSubmission, run: &RunId) -> Result<AgainWords, Acted> {
    let budget = budget(it)?;
    let from = it.text(FROM, FROM).filter(|from| *from != FROM_START);
    let model = it.text(MODEL, MODEL).filter(|id| *id != SAME);
    let shown = it.values.contains_key(BRIEF);
    Ok(AgainWords {
        run: Some(run.to_string()),
        from: from.map(str::parse).transpose().map_err(|_| Acted::Silent)?,
        model: model.map(str::to_owned),
        budget,
        brief: shown.then(|| it.text(BRIEF, BRIEF).unwrap_or_default().to_owned()),
        note: it.text(NOTE, NOTE).unwrap_or_default().trim().to_owned(),
    })
}

/// Where what is wrong with brief and note is told: Slack shows it nowhere if that field is not in the form.
fn words_field(it: &ViewSubmission) -> &'static str {
    if it.values.contains_key(BRIEF) { BRIEF } else { NOTE }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run::RequestId;
    use crate::slack::FieldValue;

    fn sent(fields: &[(&str, &str)]) -> ViewSubmission {
        let field = |(id, text): &(&str, &str)| {
            let value = match *text {
                "" => FieldValue::Nothing,
                text => FieldValue::Text(text.to_owned()),
            };
            ((*id).to_owned(), BTreeMap::from([((*id).to_owned(), value)]))
        };
        ViewSubmission {
            team: "T1".to_owned(),
            user_team: "T1".to_owned(),
            user: "UANA".to_owned(),
            callback_id: thread::AGAIN_FORM.to_owned(),
            private_metadata: String::new(),
            values: fields.iter().map(field).collect(),
            view_id: "V1".to_owned(),
            view_hash: None,
            trigger_id: String::new(),
            key: RequestId("k".to_owned()),
        }
    }

    fn said(fields: &[(&str, &str)]) -> Result<AgainWords, Acted> {
        read(&sent(fields), &"quick-k3f9qdz".parse().expect("an id"))
    }

    #[test]
    fn a_form_says_what_words_could() {
        let all = [
            ("brief", "a better one"),
            ("from", "streaming"),
            ("model", "opus"),
            ("budget", "$5"),
            ("note", "use less "),
        ];
        let words = AgainWords {
            run: Some("quick-k3f9qdz".to_owned()),
            from: Some("streaming".parse().expect("a name")),
            model: Some("opus".to_owned()),
            budget: Some("5".parse().expect("an amount")),
            brief: Some("a better one".to_owned()),
            note: "use less".to_owned(),
        };
        assert_eq!(said(&all), Ok(words));
    }

    #[test]
    fn what_is_left_as_it_was_says_nothing() {
        let run = Some("quick-k3f9qdz".to_owned());
        let as_it_was = AgainWords { run, ..AgainWords::default() };
        let left = [("from", FROM_START), ("model", "same"), ("budget", ""), ("note", "")];
        assert_eq!(said(&left), Ok(as_it_was.clone()), "a brief that was not shown stays");
        let emptied = AgainWords { brief: Some(String::new()), ..as_it_was };
        assert_eq!(said(&[("brief", ""), ("from", FROM_START)]), Ok(emptied));
    }

    #[test]
    fn what_is_wrong_stands_at_its_field() {
        let wrong = said(&[("budget", "lots")]);
        assert!(
            matches!(&wrong, Err(Acted::Wrong { field, why }) if field == "budget" && why.contains("no amount"))
        );
    }
}
