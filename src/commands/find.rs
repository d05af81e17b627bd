//! Which run is meant?

use super::asker::CLOCKS_DIFFER;
use super::misunderstood::{code_safe, first_word};
use super::{Asker, Reply, ReplyKind, Services};
use crate::run::{Phase, Run, RunId};
use crate::store::StoreError;

/// How far back a part of a name is looked for.
const NEWEST: i64 = 100;
/// What every run's name ends with: so many letters, none of them a vowel, none that reads like another.
const NAME_ENDS: (usize, &str) = (7, "23456789bcdfghjkmnpqrstvwxz");

/// The run that was meant, and what was said beside its name.
#[derive(Debug)]
pub struct Named {
    pub run: Run,
    pub said: String,
}

/// Which run somebody means.
#[derive(Debug)]
pub enum Lookup {
    Found(Box<Named>),
    /// There is none, or more than one; what they are told.
    Unknown(Reply),
}

impl Lookup {
    /// This run, and what was said beside its name.
    pub fn found(run: Run, said: &str) -> Self {
        Self::Found(Box::new(Named { run, said: said.trim().to_owned() }))
    }
}

/// The run named by the first word; else that of the thread, or of our direct message that is answered. None where neither names one.
/// A word that reads like a run's name, and is none here, is unknown.
pub async fn named(
    services: &Services,
    asker: &Asker,
    said: &str,
) -> Result<Option<Lookup>, StoreError> {
    let (first, rest) = first_word(said);
    if let Some(run) = run_called(services, first).await?.filter(|run| is_visible_to(run, asker)) {
        return Ok(Some(Lookup::found(run, rest)));
    }
    // Words go with an answer to another run only where they cannot have been meant as the name of one.
    if reads_like_a_name(first) {
        return Ok(Some(Lookup::Unknown(unknown(first))));
    }
    Ok(run_of_thread(services, asker).await?.map(|run| Lookup::found(run, said)))
}

async fn run_of_thread(services: &Services, asker: &Asker) -> Result<Option<Run>, StoreError> {
    let id = match (&asker.channel, &asker.thread_root) {
        (Some(channel), Some(root)) => match services.store.run_of_thread(channel, root).await? {
            Some(id) => Some(id),
            None => services.store.run_of_message(&channel.channel, root).await?,
        },
        _ => None,
    };
    match id {
        Some(id) => services.store.run(&id).await,
        None => Ok(None),
    }
}

/// The run that is named, else that of the thread, else the newest of the channel, or of all for the command line.
pub async fn find(services: &Services, asker: &Asker, said: &str) -> Result<Lookup, StoreError> {
    if let Some(named) = named(services, asker, said).await? {
        return Ok(named);
    }
    let run = match &asker.channel {
        Some(channel) => {
            match services.store.newest_run_in(channel, asker.said.at + CLOCKS_DIFFER).await? {
                Some(id) => services.store.run(&id).await?,
                None => None,
            }
        }
        None if said.is_empty() => newest_open(services).await?,
        None => None,
    };
    Ok(run.map_or_else(
        || Lookup::Unknown(unknown(first_word(said).0)),
        |run| Lookup::found(run, said),
    ))
}

/// Whether this run is any business of whoever asks: what happens in one workspace is not told in another.
/// At the command line there is no workspace, and a run from there without a channel has none either.
pub fn is_visible_to(run: &Run, asker: &Asker) -> bool {
    match (&asker.channel, &run.request.channel) {
        (Some(here), Some(there)) => here.team == there.team,
        _ => true,
    }
}

/// A whole name; or an end of one that only one run has: people type the last characters.
async fn run_called(services: &Services, word: &str) -> Result<Option<Run>, StoreError> {
    if let Ok(id) = word.parse::<RunId>()
        && let Some(run) = services.store.run(&id).await?
    {
        return Ok(Some(run));
    }
    if word.len() < 4 {
        return Ok(None);
    }
    let mut ends_so = services
        .store
        .newest_runs(NEWEST)
        .await?
        .into_iter()
        .filter(|r| r.id().as_str().ends_with(&format!("-{word}")));
    Ok(ends_so.next().filter(|_| ends_so.next().is_none()))
}

fn reads_like_a_name(word: &str) -> bool {
    let (length, letters) = NAME_ENDS;
    let end = word.rsplit_once('-').map(|(_, end)| end);
    // Words without a hyphen are words: only a digit makes one of them a name.
    let end = end.or_else(|| Some(word).filter(|it| it.bytes().any(|b| b.is_ascii_digit())));
    end.is_some_and(|end| end.len() == length && end.chars().all(|c| letters.contains(c)))
}

async fn newest_open(services: &Services) -> Result<Option<Run>, StoreError> {
    let mut runs = services.store.newest_runs(NEWEST).await?;
    let open = runs
        .iter()
        .position(|r| matches!(r.phase(), Phase::Waiting | Phase::Running | Phase::Starting))
        .unwrap_or(0);
    Ok(if runs.is_empty() { None } else { Some(runs.swap_remove(open)) })
}

fn unknown(word: &str) -> Reply {
    let text = if word.is_empty() {
        "There is no run here yet. `/develop &lt;project&gt;` starts one.".to_owned()
    } else {
        format!("There is no run `{}` here. `/develop list` shows the newest.", code_safe(word))
    };
    Reply::new(ReplyKind::Unknown, text)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::commands::Moment;
    use crate::run::{Channel, PersonId, ProjectName, Via};
    use crate::thread::samples::Tale;

    fn asker(team: Option<&str>) -> Asker {
        let channel = team.map(|team| Channel { team: team.to_owned(), channel: "C1".to_owned() });
        Asker {
            channel,
            ..Asker::new(
                PersonId::Cli { user: "ana".to_owned() },
                Via::Cli,
                Moment::now(DateTime::UNIX_EPOCH),
            )
        }
    }

    #[test]
    fn a_run_is_no_business_of_another_workspace() {
        let run = Tale::waiting().run;
        let home = run.request.channel.as_ref().expect("a run with a thread").team.clone();
        assert!(is_visible_to(&run, &asker(Some(&home))));
        assert!(!is_visible_to(&run, &asker(Some("T0ELSEWHERE"))));
        assert!(is_visible_to(&run, &asker(None)), "the command line sees all");
    }

    #[test]
    fn a_name_that_is_mistyped_never_becomes_words_of_an_answer_to_another_run() {
        let project: ProjectName = "my-service".parse().expect("a slug");
        for random in [0, 1, u64::MAX, 123_456_789] {
            assert!(reads_like_a_name(RunId::mint(&project, random).as_str()));
        }
        assert!(reads_like_a_name("k3f9qdz"));
        for word in ["", "nice", "well-done", "rhythms", "2026-11-22", "re-written"] {
            assert!(!reads_like_a_name(word), "{word}");
        }
    }
}
