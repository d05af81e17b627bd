//! Which run does somebody mean who names none?
//! The only one it can be about. Where there are several, they are asked to name it: nothing is guessed.

use super::asker::CLOCKS_DIFFER;
use super::find::NEWEST;
use super::find::Named;
use super::waiting::{LISTED, MOST, Waiting, is_cut};
use super::{Asker, Lookup, Reply, ReplyKind, Services, is_visible_to};
use crate::run::{OpenGate, ProjectName, RequestId, Run, Verdict};
use crate::store::StoreError;

/// What is told where the only one there could be is none, or several.
struct Otherwise<'a> {
    none: &'a str,
    several: &'a str,
}

/// The run that has judged this very request: acted on again, it no longer waits for whoever answered it.
pub async fn judged_before(
    services: &Services,
    key: &RequestId,
) -> Result<Option<Run>, StoreError> {
    match services.store.run_that_judged(key).await? {
        Some(id) => services.store.run(&id).await,
        None => Ok(None),
    }
}

/// The run that an answer is for: the only one that waits for whoever gives it.
pub fn only_waiting(waiting: Vec<Waiting>, asker: &Asker, said: &str) -> Lookup {
    let asked_then = |open: &OpenGate| asker.was_shown(open);
    let cut = is_cut(&waiting);
    let mine: Vec<Run> = waiting
        .into_iter()
        .filter(|it| it.mine && it.run.gate.as_ref().is_some_and(asked_then))
        .map(|it| it.run)
        .collect();
    // What was not looked at may wait for them too.
    if cut && !mine.is_empty() {
        return Lookup::Unknown(Reply::new(
            ReplyKind::Unknown,
            "Too many runs wait to be sure which one you mean. Name it.",
        ));
    }
    let otherwise = Otherwise {
        none: "Nothing waits for you. `/develop waiting` shows what waits for others; name the run to answer it.",
        several: "More than one run waits for you.",
    };
    the_only(mine, said, &otherwise)
}

/// The same run, unless it asked only after they spoke and another question was closed at about that time: they may have meant that one.
pub async fn unless_closed_meanwhile(
    services: &Services,
    asker: &Asker,
    lookup: Lookup,
) -> Result<Lookup, StoreError> {
    let Lookup::Found(named) = &lookup else { return Ok(lookup) };
    let opened = named.run.gate.as_ref().map(|open| open.opened_at);
    if opened.is_none_or(|at| at <= asker.said.at)
        || !services.store.anything_closed_since(asker.said.at - CLOCKS_DIFFER).await?
    {
        return Ok(lookup);
    }
    let text = format!(
        "Another question was closed when you said that, so nothing was recorded. Now `{}` asks: name it to answer it.",
        named.run.id()
    );
    Ok(Lookup::Unknown(Reply::new(ReplyKind::Unknown, text)))
}

/// The run that is to be stopped: the only one of the channel that is not over; at a shell, of all.
pub async fn only_open(
    services: &Services,
    asker: &Asker,
    said: &str,
) -> Result<Lookup, StoreError> {
    let Some(channel) = &asker.channel else { return only_open_anywhere(services, said).await };
    let open = services.store.open_runs_in(channel, asker.said.at + CLOCKS_DIFFER, MOST).await?;
    let otherwise = Otherwise {
        none: "No run is at work in this channel. Name the one to stop: `/develop stop RUN`.",
        several: "More than one run is at work here.",
    };
    Ok(the_only(open, said, &otherwise))
}

/// The run of a project that an answer is for: the only one that asks something; to be stopped, the only one that is not over.
pub async fn only_of(
    services: &Services,
    asker: &Asker,
    project: &ProjectName,
    verdict: Verdict,
) -> Result<Lookup, StoreError> {
    let mut open = open_of(services, asker, project).await?;
    if verdict.is_about_the_run() {
        open.retain(is_whole);
        let none = format!("No run of `{project}` is at work. `/develop list` shows the newest.");
        let several = format!("More than one run of `{project}` is at work.");
        return Ok(the_only(open, "", &Otherwise { none: &none, several: &several }));
    }
    open.retain(|run| run.gate.as_ref().is_some_and(|open| asker.was_shown(open)));
    let none =
        format!("No run of `{project}` waits for anybody. `/develop list` shows the newest.");
    let several = format!("More than one run of `{project}` waits.");
    Ok(the_only(open, "", &Otherwise { none: &none, several: &several }))
}

/// The run of a project that somebody wants to look at: the only one that waits, or is at work; else its newest.
pub(super) async fn look_at(
    services: &Services,
    asker: &Asker,
    project: &ProjectName,
) -> Result<Lookup, StoreError> {
    let mut open = open_of(services, asker, project).await?;
    open.retain(is_whole);
    if open.iter().any(|run| run.gate.is_some()) {
        open.retain(|run| run.gate.is_some());
    }
    let several = format!("More than one run of `{project}` is not over.");
    if open.is_empty() {
        open = services.store.newest_runs(NEWEST).await?;
        open.retain(|run| {
            run.request.project == *project && is_whole(run) && is_visible_to(run, asker)
        });
        open.truncate(1);
    }
    let none = format!("There is no run of `{project}` here. `/develop list` shows the newest.");
    Ok(the_only(open, "", &Otherwise { none: &none, several: &several }))
}

/// The run that somebody named to answer it; where it asks nothing itself, the only one of its parts that asks something.
pub(super) async fn only_asking_part(
    services: &Services,
    asker: &Asker,
    named: Named,
) -> Result<Lookup, StoreError> {
    if named.run.gate.is_some() || !named.run.has_children() {
        return Ok(Lookup::Found(Box::new(named)));
    }
    let mut asking = services.store.children_of(&named.run).await?;
    asking.retain(|part| part.gate.as_ref().is_some_and(|open| asker.was_shown(open)));
    if asking.is_empty() {
        return Ok(Lookup::Found(Box::new(named)));
    }
    let several = format!("More than one part of `{}` asks something.", named.run.id());
    Ok(the_only(asking, &named.said, &Otherwise { none: "", several: &several }))
}

/// Whether it is what people started, and no feature or stage of it: who names none does not mean one of these. They may ask something.
pub(super) fn is_whole(run: &Run) -> bool {
    run.request.part_of.is_none()
}

/// What is at work of a project, as far as whoever asks may see it.
async fn open_of(
    services: &Services,
    asker: &Asker,
    project: &ProjectName,
) -> Result<Vec<Run>, StoreError> {
    let until = asker.said.at + CLOCKS_DIFFER;
    let mut open = services.store.open_runs_of(project, until, MOST).await?;
    open.retain(|run| is_visible_to(run, asker));
    Ok(open)
}

/// The only run that is at work anywhere: what is meant at a shell, where there is no channel.
async fn only_open_anywhere(services: &Services, said: &str) -> Result<Lookup, StoreError> {
    let mut open = services.store.newest_runs(MOST).await?;
    open.retain(|run| run.outcome.is_none() && is_whole(run));
    let otherwise = Otherwise {
        none: "No run is at work. `/develop list` shows the newest.",
        several: "More than one run is at work.",
    };
    Ok(the_only(open, said, &otherwise))
}

fn the_only(mut runs: Vec<Run>, said: &str, otherwise: &Otherwise<'_>) -> Lookup {
    let text = match runs.len() {
        0 => otherwise.none.to_owned(),
        1 => return Lookup::found(runs.remove(0), said),
        _ => {
            let names: Vec<String> =
                runs.iter().take(LISTED).map(|run| format!("`{}`", run.id())).collect();
            format!("{} Name the one you mean: {}", otherwise.several, names.join(", "))
        }
    };
    Lookup::Unknown(Reply::new(ReplyKind::Unknown, text))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::commands::Moment;
    use crate::run::{BatchMember, Via};
    use crate::thread::samples::Tale;

    fn asker(run: &Run, seconds_after: i64) -> Asker {
        let asked_at = run.gate.as_ref().expect("a run that waits").opened_at;
        Asker::new(
            run.request.starter.clone(),
            Via::Thread,
            Moment::now(asked_at + TimeDelta::seconds(seconds_after)),
        )
    }

    #[test]
    fn the_only_run_that_waits_is_meant_where_none_is_named() {
        let run = Tale::waiting().run;
        let asker = asker(&run, 60);
        let one = |mine| Waiting { run: run.clone(), mine };
        assert!(matches!(
            only_waiting(vec![one(true), one(false)], &asker, " nice "),
            Lookup::Found(named) if named.said == "nice"
        ));
        assert!(matches!(
            only_waiting(vec![one(true), one(true)], &asker, ""),
            Lookup::Unknown(told) if told.text.contains("Name the one you mean")
        ));
        assert!(matches!(only_waiting(vec![one(false)], &asker, ""), Lookup::Unknown(_)));
    }

    #[test]
    fn who_names_none_means_no_part_of_another() {
        let whole = Tale::beside().run;
        let side = Tale::side_run(&whole, "streaming").run;
        let mut feature = Tale::waiting().run;
        let member = side.request.part_of.clone().map(|it| BatchMember { is_stage: false, ..it });
        feature.request.part_of = member;
        assert_eq!([&whole, &side, &feature].map(is_whole), [true, false, false]);
    }

    #[test]
    fn what_was_asked_after_somebody_spoke_is_not_what_they_meant() {
        let run = Tale::waiting().run;
        let early = asker(&run, -60);
        assert!(matches!(
            only_waiting(vec![Waiting { run, mine: true }], &early, ""),
            Lookup::Unknown(_)
        ));
    }
}
