//! Which run is meant?

use super::decide::CLOCKS_DIFFER;
use super::{Asker, Doors, Reply, ReplyKind};
use crate::run::{Phase, Run, RunId};
use crate::store::StoreError;

/// How far back a part of a name is looked for.
const NEWEST: i64 = 100;

/// The run that was meant, and the words that were not its name.
#[derive(Debug)]
pub struct Named {
    pub run: Run,
    pub words: Vec<String>,
}

/// The run named by the first word; else that of the thread; else the newest of the channel, or of all for the command line.
pub async fn find(doors: &Doors, asker: &Asker, words: Vec<String>) -> Result<Result<Named, Reply>, StoreError> {
    if let Some(run) = first_word(doors, &words).await?.filter(|run| concerns(run, asker)) {
        return Ok(Ok(Named { run, words: words.into_iter().skip(1).collect() }));
    }
    let id = match (&asker.place, &asker.thread_root) {
        (Some(place), Some(root)) => doors.store.run_of_thread(place, root).await?,
        (Some(place), None) => doors.store.newest_run_in(place, asker.said.at + CLOCKS_DIFFER).await?,
        (None, _) => None,
    };
    let run = match (id, &asker.place) {
        (Some(id), _) => doors.store.run(&id).await?,
        (None, None) if words.is_empty() => newest_open(doors).await?,
        (None, _) => None,
    };
    Ok(run.map(|run| Named { run, words: words.clone() }).ok_or_else(|| unknown(&words)))
}

/// Whether this run is any business of whoever asks: what happens in one workspace is not told in another.
/// At the command line there is no workspace, and a run from there without a channel has none either.
pub fn concerns(run: &Run, asker: &Asker) -> bool {
    match (&asker.place, &run.request.channel) {
        (Some(here), Some(there)) => here.team == there.team,
        _ => true,
    }
}

/// A whole name; or an end of one that only one run has: people type the last characters.
async fn first_word(doors: &Doors, words: &[String]) -> Result<Option<Run>, StoreError> {
    let Some(word) = words.first() else { return Ok(None) };
    if let Ok(id) = word.parse::<RunId>()
        && let Some(run) = doors.store.run(&id).await?
    {
        return Ok(Some(run));
    }
    if word.len() < 4 {
        return Ok(None);
    }
    let mut ends_so = doors.store.newest_runs(NEWEST).await?.into_iter().filter(|r| r.id().as_str().ends_with(&format!("-{word}")));
    Ok(ends_so.next().filter(|_| ends_so.next().is_none()))
}

async fn newest_open(doors: &Doors) -> Result<Option<Run>, StoreError> {
    let mut runs = doors.store.newest_runs(NEWEST).await?;
    let open = runs.iter().position(|r| matches!(r.phase(), Phase::Waiting | Phase::Running | Phase::Starting)).unwrap_or(0);
    Ok(if runs.is_empty() { None } else { Some(runs.swap_remove(open)) })
}

fn unknown(words: &[String]) -> Reply {
    let text = match words.first() {
        Some(word) => {
            let word: String = word.chars().filter(|c| !matches!(c, '`' | '<' | '>' | '&')).take(60).collect();
            format!("There is no run `{word}` here. `/develop list` shows the newest.")
        }
        None => "There is no run here yet. `/develop <project>` starts one.".to_owned(),
    };
    Reply::new(ReplyKind::Unknown, text)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::commands::Said;
    use crate::run::{Channel, PersonId, Via};
    use crate::thread::sample::Tale;

    fn asker(team: Option<&str>) -> Asker {
        let place = team.map(|team| Channel { team: team.to_owned(), channel: "C1".to_owned() });
        Asker { person: PersonId::Cli { user: "ana".to_owned() }, via: Via::Cli, said: Said::now(DateTime::UNIX_EPOCH), place, thread_root: None }
    }

    #[test]
    fn a_run_is_no_business_of_another_workspace() {
        let run = Tale::waiting().run;
        let home = run.request.channel.as_ref().expect("a run with a thread").team.clone();
        assert!(concerns(&run, &asker(Some(&home))));
        assert!(!concerns(&run, &asker(Some("T0ELSEWHERE"))));
        assert!(concerns(&run, &asker(None)), "the command line sees all");
    }
}
