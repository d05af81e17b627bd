//! What is done once more?
//! `[run] [from STAGE] [model=ID] [budget=$5] [a note…]`: the same brief, with the note behind it.

use super::budget_words::BudgetWords;
use super::features::FeatureWords;
use super::misunderstood::{Misunderstood, first_word};
use super::said::MARKS;
use super::start_run::{StartRun, read_brief};
use super::{Asker, Lookup, Reply, ReplyKind, Said, Services, find};
use crate::run::{Run, RunId, StageName, Usd};
use crate::store::StoreError;

const FROM: &str = "from";
const MODEL: &str = "model=";

/// What was said behind `again`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgainWords {
    /// The word that has to name a run; none = the run of the thread, or the newest that one may see.
    pub run: Option<String>,
    pub from: Option<StageName>,
    pub model: Option<String>,
    pub budget: Option<Usd>,
    /// What is to be done, in place of that run's brief; only a form can say it.
    pub brief: Option<String>,
    /// Empty where nothing is said.
    pub note: String,
}

/// Which run a new one does again, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartAgain {
    pub run: RunId,
    pub from: Option<StageName>,
    pub model: Option<String>,
}

/// The run that is to be started, or why none is.
pub async fn start_again(
    services: &Services,
    asker: &Asker,
    words: AgainWords,
) -> Result<Result<StartRun, Reply>, StoreError> {
    let said = Said { run: words.run.clone(), words: String::new() };
    Ok(match find(services, asker, &said).await? {
        Lookup::Unknown(reply) => Err(reply),
        Lookup::Found(named) => words
            .of(&named.run)
            .map_err(|misunderstood| Reply::new(ReplyKind::Unknown, misunderstood.text)),
    })
}

impl AgainWords {
    /// Reads what follows the verb.
    ///
    /// # Errors
    /// Why it is not understood, for people.
    pub fn read(said: &str) -> Result<Self, Misunderstood> {
        let BudgetWords { budget, rest: said } = BudgetWords::read(said.trim())?;
        let (mut read, mut rest) = (Self { budget, ..Self::default() }, said.as_str());
        let (first, behind) = first_word(rest);
        let names_none = first.eq_ignore_ascii_case(FROM)
            || first.starts_with(MODEL)
            || first.starts_with(MARKS);
        if !first.is_empty() && !names_none {
            read.run = Some(first.trim_end_matches(MARKS).to_owned());
            if first.ends_with(MARKS) {
                return Ok(Self { note: behind.trim().to_owned(), ..read });
            }
            rest = behind;
        }
        loop {
            let (word, behind) = first_word(rest);
            if word.eq_ignore_ascii_case(FROM) {
                let (stage, behind) = first_word(behind);
                read.from = Some(stage_name(stage.trim_end_matches(MARKS))?);
                rest = behind;
            } else if let Some(model) = word.strip_prefix(MODEL) {
                read.model = Some(model.trim_end_matches(MARKS).to_owned());
                rest = behind;
            } else {
                let note = rest.trim_start_matches(MARKS).trim().to_owned();
                return Ok(Self { note, ..read });
            }
        }
    }

    /// The run that does this one again.
    pub(super) fn of(self, run: &Run) -> Result<StartRun, Misunderstood> {
        let request = &run.request;
        if let Some(member) = &request.part_of {
            return Err(Misunderstood::wrong(format!(
                "`{}` is a part of `{batch}`, which is done again as a whole, once it is over: `/develop again {batch}`. Nothing was started.",
                run.id(),
                batch = member.batch
            )));
        }
        let brief = self.brief.as_ref().unwrap_or(&request.brief);
        let parts = [brief.as_str(), self.note.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let batch = request.batch.as_deref();
        if batch.is_some() && self.from.is_some() {
            return Err(Misunderstood::wrong(
                "A batch begins anew: say `again` without `from`. Nothing was started.",
            ));
        }
        if let Some(batch) = batch {
            let features = FeatureWords::again(request.project.clone(), batch, &self)?;
            let again = StartAgain { run: run.id().clone(), from: None, model: self.model };
            return Ok(StartRun { again: Some(again), ..features.start() });
        }
        let brief = read_brief(&parts.join("\n\n"))?;
        if request.fix.is_some() && brief.trim().is_empty() {
            return Err(Misunderstood::wrong("Say what is to be fixed. Nothing was started."));
        }
        let again = StartAgain { run: run.id().clone(), from: self.from, model: self.model };
        Ok(StartRun {
            again: Some(again),
            fix: request.fix.clone(),
            // What was said or estimated of that run is not what this one may spend.
            ..StartRun::new(request.project.clone(), brief, self.budget)
        })
    }
}

fn stage_name(word: &str) -> Result<StageName, Misunderstood> {
    word.parse().map_err(|_| {
        Misunderstood::wrong("From which stage? Say `again from streaming`. Nothing was started.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Batch, Feature, Fix};
    use crate::thread::samples::Tale;

    fn read(said: &str) -> AgainWords {
        AgainWords::read(said).expect("it can be read")
    }

    #[test]
    fn a_run_a_stage_a_model_a_budget_and_a_note_may_be_said_or_not() {
        let empty = AgainWords::default();
        let run = |name: &str| Some(name.to_owned());
        let from = |name: &str| Some(name.parse().expect("a name"));
        assert_eq!(read(""), empty);
        assert_eq!(read("k3f9qdz"), AgainWords { run: run("k3f9qdz"), ..empty.clone() });
        assert_eq!(read("from streaming"), AgainWords { from: from("streaming"), ..empty.clone() });
        let note = "use the fake clock".to_owned();
        assert_eq!(
            read(": use the fake clock"),
            AgainWords { note: note.clone(), ..empty.clone() }
        );
        let all = AgainWords {
            run: run("k3f9qdz"),
            from: from("streaming"),
            model: Some("opus".to_owned()),
            budget: Some("5".parse().expect("an amount")),
            brief: None,
            note,
        };
        assert_eq!(read("k3f9qdz from streaming model=opus budget=$5 use the fake clock"), all);
        assert!(AgainWords::read("from").is_err());
    }

    #[test]
    fn a_note_keeps_its_lines() {
        let note = read("k3f9qdz from streaming budget=$5 this fails\n  at f (a.js)\n  at g").note;
        assert_eq!(note, "this fails\n  at f (a.js)\n  at g");
    }

    fn refused(run: &Run, words: AgainWords) -> String {
        words.of(run).expect_err("refused").text
    }

    fn batch() -> Run {
        let mut run = Tale::waiting().run;
        let pipeline = run.request.pipeline.clone();
        let feature = |slug: &str| Feature {
            slug: slug.parse().expect("a name"),
            brief: slug.to_owned(),
            run: format!("quick-{slug}").parse().expect("an id"),
        };
        let features = vec![feature("bcdfgh2"), feature("bcdfgh3")];
        run.request.batch = Some(Box::new(Batch { features, pipeline }));
        run
    }

    #[test]
    fn a_part_is_done_again_as_a_whole() {
        let batch = batch();
        let mut feature = batch.clone();
        feature.request.part_of = batch.request.member(1);
        feature.request.batch = None;
        let told = refused(&feature, AgainWords::default());
        assert!(told.contains(&format!("`/develop again {}`", batch.id())), "{told}");
    }

    #[test]
    fn a_batch_takes_what_is_written_now_and_nothing_written_is_none() {
        let written = |brief: &str| AgainWords { brief: Some(brief.to_owned()), ..read("") };
        let start = written("Pond\nWeeds\nbudget=$3").of(&batch()).expect("a run");
        assert_eq!(start.features, ["Pond", "Weeds"]);
        assert_eq!(start.budget, "3".parse().ok());
        let two = AgainWords { budget: "4".parse().ok(), ..written("Pond\nWeeds budget=$3") };
        assert!(refused(&batch(), two).contains("two budgets"));
        let noted = AgainWords { note: "with fish:\n- red ones".to_owned(), ..read("") };
        let start = noted.of(&batch()).expect("a run");
        assert_eq!(start.brief.lines().count(), 2, "a line is a feature: {}", start.brief);
        let noted = AgainWords { note: "with fish".to_owned(), ..written(" \n") };
        assert!(refused(&batch(), noted).contains("at least 2"));
    }

    #[test]
    fn a_fix_has_to_fix_something() {
        let mut fix = Tale::waiting().run;
        fix.request.fix = Some(Fix { attempts: 3, until: None });
        let emptied = AgainWords { brief: Some(String::new()), ..AgainWords::default() };
        assert!(refused(&fix, emptied.clone()).contains("what is to be fixed"));
        let noted = AgainWords { note: "the flaky test".to_owned(), ..emptied };
        assert_eq!(noted.of(&fix).map(|start| start.brief), Ok("the flaky test".to_owned()));
    }
}
