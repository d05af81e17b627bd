//! Features: what does `features` ask for, and what run is that?
//! A batch: the merges of its features are its stages, and what each feature's run does is settled with it.

use super::again::AgainWords;
use super::budget_words::BudgetWords;
use super::misunderstood::{Misunderstood, first_word};
use super::start_run::{StartRun, project_named};
use crate::config::{Project, Projects};
use crate::run::{
    Batch, BatchPipelines, Feature, GateSpec, OnReject, Problems, ProjectName, Request, RunId, Usd,
    foreign_text,
};
use crate::store::{Store, StoreError};

/// How long people have to look at everything together, where no gate of the project says it: a working day and its night.
const DEADLINE_SECONDS: u64 = 24 * 3_600;

/// What was said behind `features`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureWords {
    pub project: ProjectName,
    /// What each feature is; empty where none was named yet.
    pub features: Vec<String>,
    pub budget: Option<Usd>,
}

impl FeatureWords {
    /// Reads what follows the verb: a project, then the features.
    pub(super) fn read(said: &str, projects: &Projects) -> Result<Self, Misunderstood> {
        let (first, rest) = first_word(said);
        let Some(project) = project_named(first, projects) else {
            let names: Vec<String> = projects.names().map(|name| format!("`{name}`")).collect();
            return Err(Misunderstood::wrong(format!(
                "Say of which project: `features {} \"Gemini provider\" \"Token counting\"`. Projects: {}.",
                projects.names().next().map_or("PROJECT", ProjectName::as_str),
                names.join(", ")
            )));
        };
        Self::of(project.clone(), rest, None)
    }

    /// Features as they are written below each other, or behind each other in quotation marks; a budget may stand anywhere among them, or be
    /// named beside them.
    ///
    /// # Errors
    /// Why these are no batch, for people.
    pub fn of(
        project: ProjectName,
        written: &str,
        budget: Option<Usd>,
    ) -> Result<Self, Misunderstood> {
        let BudgetWords { budget, rest } = BudgetWords::read_lines(written, budget)?;
        let briefs = Batch::briefs(&rest);
        let features = briefs.iter().map(|brief| feature(brief)).collect::<Result<Vec<_>, _>>()?;
        match features.len() {
            0 | Batch::LEAST..=Batch::MOST => Ok(Self { project, features, budget }),
            1 => Err(Misunderstood::wrong(format!(
                "That is one feature. Name at least {}, one a line or each in quotation marks; for one, `/develop {project} …` is enough.",
                Batch::LEAST
            ))),
            many => Err(Misunderstood::wrong(format!(
                "That are {many} features. At most {} are developed side by side.",
                Batch::MOST
            ))),
        }
    }

    /// Those of a batch once more: as they are written now, where somebody changed them, and with what else is said.
    pub(super) fn again(
        project: ProjectName,
        batch: &Batch,
        said: &AgainWords,
    ) -> Result<Self, Misunderstood> {
        let before = || batch.features.iter().map(|feature| feature.brief.clone()).collect();
        let Self { project, features, budget } = match &said.brief {
            Some(written) => Self::of(project, written, said.budget)?.named()?,
            None => Self { project, features: before(), budget: said.budget },
        };
        // On its line: the next one would be another feature.
        let note = said.note.split_whitespace().collect::<Vec<_>>().join(" ");
        let with_note = |brief: String| match note.as_str() {
            "" => feature(&brief),
            note => feature(&format!("{brief}. {note}")),
        };
        let features = features.into_iter().map(with_note).collect::<Result<_, _>>()?;
        Ok(Self { project, features, budget })
    }

    /// The same, if any feature was named.
    ///
    /// # Errors
    /// What is missing, for people.
    pub fn named(self) -> Result<Self, Misunderstood> {
        if self.features.is_empty() {
            return Err(Misunderstood::wrong(format!(
                "Name at least {} features, one a line. Nothing was started.",
                Batch::LEAST
            )));
        }
        Ok(self)
    }

    /// The run that this asks for.
    #[must_use]
    pub fn start(self) -> StartRun {
        let Self { project, features, budget } = self;
        let brief = features.join("\n");
        StartRun { features, ..StartRun::new(project, brief, budget) }
    }
}

/// What is said to whom a form cannot be shown.
#[must_use]
pub fn name_features() -> String {
    "Name the features behind the project, each in quotation marks: `features llm-wrapper \"Gemini provider\" \"Token counting\"`. `/develop features llm-wrapper` alone asks by a form.".to_owned()
}

fn feature(brief: &str) -> Result<String, Misunderstood> {
    if brief.chars().count() <= Batch::BRIEF_CHARS {
        return Ok(foreign_text::printable(brief));
    }
    Err(Misunderstood::wrong(format!(
        "One of these is longer than {} characters. Put the long part into a file of the repository and name it.",
        Batch::BRIEF_CHARS
    )))
}

/// Makes a batch of what was asked for, with ids that `mint` makes for the runs of its features.
///
/// # Errors
/// What of the project's pipeline cannot be written down for it.
pub(super) fn make_batch(
    request: &mut Request,
    project: &Project,
    briefs: Vec<String>,
    mint: impl Fn() -> RunId,
) -> Result<BatchPipelines, Problems> {
    let slugs = Batch::slugs(&briefs);
    let features = briefs.into_iter().zip(slugs);
    let features: Vec<Feature> =
        features.map(|(brief, slug)| Feature { slug, brief, run: mint() }).collect();
    let texts = BatchPipelines::of(&project.pipeline, project.features.as_ref(), &features)?;
    let asks = request.pipeline.stages.iter().rev().find_map(|stage| stage.gate.clone());
    request.pipeline = texts.merge.pipeline.clone();
    if let Some(together) = request.pipeline.stages.last_mut() {
        let asks = asks.unwrap_or_else(|| GateSpec::usual(DEADLINE_SECONDS));
        // Without that answer there is nothing to deliver.
        together.gate = Some(GateSpec { on_reject: OnReject::End, ..asks });
    }
    let ports = Batch::ports(&request.run, features.len() + 1);
    for stage in &mut request.pipeline.stages {
        stage.env.insert(Batch::PORTS_VARIABLE.to_owned(), ports.clone());
    }
    let pipeline = texts.feature.pipeline.clone();
    request.batch = Some(Box::new(Batch { features, pipeline }));
    Ok(texts)
}

/// Keeps the texts by which a batch and its features are done.
pub(super) async fn save_texts(store: &Store, texts: &BatchPipelines) -> Result<(), StoreError> {
    for text in [&texts.merge, &texts.feature] {
        store.save_pipeline(&text.pipeline.digest, &text.text).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(said: &str) -> Result<FeatureWords, String> {
        let projects = Projects::built_in().expect("the built-in pipelines are valid");
        FeatureWords::read(said, &projects).map_err(|misunderstood| misunderstood.text)
    }

    #[test]
    fn features_stand_below_each_other_or_in_quotation_marks() {
        for said in [
            "llm-wrapper \"Gemini provider\" \"Token counting\" budget=$4",
            "LLM-wrapper\n- Gemini provider\n- Token counting\nbudget=4",
            "llm-wrapper budget=4\nGemini provider\n\nToken counting",
        ] {
            let words = read(said).expect("understood");
            assert_eq!(words.features, ["Gemini provider", "Token counting"], "{said}");
            assert_eq!(words.budget.map(|it| it.to_string()).as_deref(), Some("$4.00"));
        }
    }

    #[test]
    fn what_is_no_batch_is_told_so() {
        assert!(read("llm-wrapper \"Gemini\"").is_err_and(|told| told.contains("one feature")));
        assert!(read("nothing \"a\" \"b\"").is_err_and(|told| told.contains("llm-wrapper")));
        let many = "\nanother feature".repeat(21);
        assert!(read(&format!("llm-wrapper{many}")).is_err_and(|told| told.contains("At most 20")));
        assert_eq!(read("llm-wrapper").map(|words| words.features.len()), Ok(0));
    }

    #[test]
    fn a_budget_is_of_all_lines_and_of_the_field() {
        let said = "llm-wrapper\nWarn at max $5 spent\nCLI\nbudget=$8";
        assert_eq!(read(said).map(|words| words.features.len()), Ok(2));
        assert!(
            read("llm-wrapper\nA budget=$2\nB budget=$5").is_err_and(|told| told.contains("two"))
        );
        let project: ProjectName = "llm-wrapper".parse().expect("a slug");
        let field = "5".parse().ok();
        let words = FeatureWords::of(project.clone(), "A at max $3\nB", field);
        assert_eq!(words.map(|words| words.budget), Ok(field));
        assert!(FeatureWords::of(project, "A\nB budget=$2", field).is_err());
    }
}
