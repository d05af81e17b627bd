//! Which run is meant?
//! A name has to be exactly that of a run; a project means its only one. What is neither is refused, with what was probably meant.

use super::asker::CLOCKS_DIFFER;
use super::misunderstood::code_safe;
use super::only_run::{is_whole, look_at, only_asking_part};
use super::said::Speaks;
use super::{Asker, Reply, ReplyKind, Said, Services, Sight, Verb, is_visible_to, typing};
use crate::run::{Phase, ProjectName, Run, RunId, Verdict, nearest};
use crate::store::StoreError;

/// How far back a part of a name is looked for.
pub(super) const NEWEST: i64 = 100;

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

/// What somebody means by what they say behind a verb.
#[derive(Debug)]
pub enum Meaning {
    /// A run, by its name or by the thread; or nothing that there is.
    Certain(Lookup),
    /// The only run that it can be about of this project.
    OnlyOf(ProjectName),
    /// The only run that it can be about.
    Only,
}

impl Lookup {
    /// This run, and what was said beside its name.
    pub fn found(run: Run, said: &str) -> Self {
        Self::Found(Box::new(Named { run, said: said.trim().to_owned() }))
    }

    /// The same run, and these words.
    #[must_use]
    pub fn saying(self, words: &str) -> Self {
        match self {
            Self::Found(named) => Self::found(named.run, words),
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// The same, unless it was said of another run: words that begin with the name of one are not for this one.
    #[must_use]
    pub fn if_said_of_it(self, said: &Said, services: &Services, in_thread: bool) -> Self {
        let Self::Found(named) = &self else { return self };
        let about = (named.run.id().as_str(), &named.run.request.project);
        let projects = services.projects.current();
        match said.speaks_of_another(about, Speaks { projects: &projects, in_thread }) {
            Some(other) => Self::Unknown(Reply::new(
                ReplyKind::Unknown,
                format!(
                    "`{}` is not the run that this would go to, `{}`, so nothing was recorded. Name the run that you mean, in front.",
                    code_safe(&other),
                    named.run.id()
                ),
            )),
            None => self,
        }
    }
}

/// What is meant by a name, or without one by the thread or our direct message that is answered. What answers a question is for the part of
/// the run that asks one, where the run asks nothing itself: it was read in its thread.
pub async fn meaning(
    services: &Services,
    asker: &Asker,
    said: &Said,
    verdict: Option<Verdict>,
) -> Result<Meaning, StoreError> {
    let meant = named(services, asker, said, verdict).await?;
    let answers = verdict.is_some_and(|verdict| !verdict.needs_no_gate());
    match meant {
        Meaning::Certain(Lookup::Found(named)) if answers => {
            Ok(Meaning::Certain(only_asking_part(services, asker, *named).await?))
        }
        meant => Ok(meant),
    }
}

async fn named(
    services: &Services,
    asker: &Asker,
    said: &Said,
    verdict: Option<Verdict>,
) -> Result<Meaning, StoreError> {
    let here = run_of_thread(services, asker).await?;
    let Some(word) = &said.run else {
        let found = |run| Lookup::found(run, &said.words).if_said_of_it(said, services, true);
        return Ok(here.map_or(Meaning::Only, |run| Meaning::Certain(found(run))));
    };
    let name = typing::name(word);
    if let Some(run) = run_called(services, &name).await?.filter(|run| is_visible_to(run, asker)) {
        return Ok(Meaning::Certain(Lookup::found(run, &said.words)));
    }
    let projects = services.projects.current();
    let Some(project) = projects.names().find(|known| known.as_str() == name) else {
        let told = unknown(services, asker, word, verdict).await?;
        return Ok(Meaning::Certain(Lookup::Unknown(told)));
    };
    match here.filter(|_| verdict.is_some()) {
        None => Ok(Meaning::OnlyOf(project.clone())),
        // In a thread only a whole name means another run than the thread's.
        Some(run) if run.request.project == *project => {
            Ok(Meaning::Certain(Lookup::found(run, &said.words)))
        }
        Some(run) => Ok(Meaning::Certain(Lookup::Unknown(elsewhere(&run, project)))),
    }
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

/// The run that is named, else that of the thread, else the newest of the channel, or of all for the command line: to look at.
pub async fn find(services: &Services, asker: &Asker, said: &Said) -> Result<Lookup, StoreError> {
    match meaning(services, asker, said, None).await? {
        Meaning::Certain(lookup) => Ok(lookup),
        Meaning::OnlyOf(project) => look_at(services, asker, &project).await,
        Meaning::Only => {
            let run = newest(services, asker).await?;
            Ok(run.map_or_else(|| Lookup::Unknown(none_yet()), |run| Lookup::found(run, "")))
        }
    }
}

async fn newest(services: &Services, asker: &Asker) -> Result<Option<Run>, StoreError> {
    let Some(channel) = &asker.channel else { return newest_open(services).await };
    match services.store.newest_run_in(channel, asker.said.at + CLOCKS_DIFFER).await? {
        Some(id) => services.store.run(&id).await,
        None => Ok(None),
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

async fn newest_open(services: &Services) -> Result<Option<Run>, StoreError> {
    let mut runs = services.store.newest_runs(NEWEST).await?;
    runs.retain(is_whole);
    let open = runs
        .iter()
        .position(|r| matches!(r.phase(), Phase::Waiting | Phase::Running | Phase::Starting))
        .unwrap_or(0);
    Ok(if runs.is_empty() { None } else { Some(runs.swap_remove(open)) })
}

fn none_yet() -> Reply {
    Reply::new(ReplyKind::Unknown, "There is no run here yet. `/develop PROJECT` starts one.")
}

fn elsewhere(here: &Run, project: &ProjectName) -> Reply {
    let text = format!(
        "This is the thread of `{}`, not of a run of `{project}`, so nothing was recorded. Name the run that you mean, or say it in its thread.",
        here.id()
    );
    Reply::new(ReplyKind::Unknown, text)
}

/// A word that names nothing: what was probably meant, and how words are said that are no name.
async fn unknown(
    services: &Services,
    asker: &Asker,
    word: &str,
    verdict: Option<Verdict>,
) -> Result<Reply, StoreError> {
    let name = typing::name(word);
    let runs = services.store.newest_runs(NEWEST).await?;
    let seen = runs.iter().filter(|run| is_visible_to(run, asker)).map(|run| run.id().as_str());
    let projects = services.projects.current();
    let projects = projects.names().map(ProjectName::as_str);
    let ends = seen.clone().map(|id| (id.rsplit_once('-').map_or(id, |(_, end)| end), id));
    let by_end = || {
        let meant = nearest(&name, ends.clone().map(|(end, _)| end))?;
        ends.clone().find(|(end, _)| *end == meant).map(|(_, id)| id)
    };
    let meant = nearest(&name, seen.clone().chain(projects)).or_else(by_end);
    let guess = meant.map(|meant| format!(" Did you mean `{meant}`?")).unwrap_or_default();
    let verb = verdict.and_then(Verb::of_verdict).filter(|verb| verb.takes.words());
    let how = match verb {
        Some(verb) => format!(
            " Nothing was recorded. Words without a run stand behind a colon: `{}: …`.",
            verb.name()
        ),
        None => " `/develop list` shows the newest.".to_owned(),
    };
    let doubt = if asker.sight.doubt { Sight::DOUBT } else { "" };
    let text = format!("There is no run `{}` here.{guess}{how}{doubt}", code_safe(word));
    Ok(Reply::new(ReplyKind::Unknown, text))
}
