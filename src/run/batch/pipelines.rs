//! The pipelines of a batch: what is done for each feature, and how is all of it put together?
//! Made of the project's own: its agent, and everything by which it judges work.

use toml::{Table, Value};

use super::{Batch, Feature};
use crate::run::{PipelineText, Problems, Stage, Trust};

const FEATURE: &str = "\
You add one feature to this repository: {{brief}}

Read how the project is written first, and keep to its style. Others add other features at the same time, each in a copy of their own, and
all of it is merged afterwards: change what this feature needs, move or rename nothing else, and add to the end of lists rather than into
their middle. Write tests that fail without the feature, and say in the documentation what is new. Run all checks.
A server that your tests start listens on a port of $SIGNOFF_PORTS. End with a summary of two sentences.

{{feedback}}
";

const MERGE: &str = "\
The feature `SLUG` is to become part of this repository, where other features were merged before it. What it is to do:

WANTED

It does not work here yet. Make it work, so that this feature and the ones before it all do what they should. Where it is not here at all,
write it, with tests that fail without it. Where files have conflict markers, keep what both sides meant, and leave no marker. Change
nothing else; remove or weaken no test. Run all checks. End with a summary of two sentences.

{{feedback}}
";

const TOGETHER: &str = "\
Several features were merged into this repository, and people asked for changes of the whole:

{{brief}}

Do what they ask, and nothing else. Run all checks. End with a summary of two sentences.

{{feedback}}
";

/// Tries of a feature; of a merge there is one, and then somebody says how it goes on.
const FEATURE_ATTEMPTS: i64 = 3;

/// What a batch goes by.
#[derive(Clone, Debug)]
pub struct BatchPipelines {
    pub feature: PipelineText,
    pub merge: PipelineText,
}

impl BatchPipelines {
    /// Of a project's pipeline, for these features. `own` is what the project does for a feature, where it says that.
    ///
    /// # Errors
    /// What cannot be written down: a problem of the project's pipeline that its own file does not have.
    pub fn of(
        project: &PipelineText,
        own: Option<&PipelineText>,
        features: &[Feature],
    ) -> Result<Self, Problems> {
        let (name, judged) = (&project.pipeline.name, all_checks(&project.pipeline.stages));
        let derived =
            |name: String, stages| project.derive("the pipeline of a batch", &name, |_| stages);
        let feature = if let Some(own) = own {
            own.clone()
        } else {
            let implement = stage("implement", FEATURE, FEATURE_ATTEMPTS, judged.clone());
            derived(format!("{name}-feature"), vec![implement])?
        };
        let merges = features.iter().map(|feature| {
            let prompt = MERGE.replace("SLUG", feature.slug.as_str());
            // Braces of a brief are no placeholders.
            let wanted = feature.brief.replace("{{", "{ {");
            stage(feature.slug.as_str(), &prompt.replace("WANTED", &wanted), 1, judged.clone())
        });
        let together = stage(Batch::TOGETHER, TOGETHER, FEATURE_ATTEMPTS, judged.clone());
        let merge = derived(format!("{name}-batch"), merges.chain([together]).collect())?;
        Ok(Self { feature, merge })
    }
}

fn stage(name: &str, prompt: &str, attempts: i64, judged: Table) -> Table {
    let mut stage = Table::new();
    stage.insert("name".to_owned(), name.into());
    stage.insert("attempts".to_owned(), attempts.into());
    stage.insert("prompt".to_owned(), prompt.into());
    stage.extend(judged);
    stage
}

/// How work is set up and judged: by every check that any stage of the project has, each once.
fn all_checks(stages: &[Stage]) -> Table {
    let mut judged = Table::new();
    let mut say = |key: &str, value: Value| judged.insert(key.to_owned(), value);
    if let Some(all) = together(stages) {
        say("timeout", format!("{}s", all.timeout_seconds).into());
        for (key, commands) in [("setup", all.setup), ("checks", all.checks)] {
            if !commands.is_empty() {
                say(key, commands.into());
            }
        }
        if let Some(hosts) = all.hosts {
            say("hosts", each_once(hosts.iter()).into());
        }
    }
    let env: Table = stages.iter().flat_map(|stage| &stage.env).map(text_pair).collect();
    if !env.is_empty() {
        say("env", env.into());
    }
    let reports = reports(stages);
    let has_reports = !reports.is_empty();
    if has_reports {
        say("reports", reports.into());
    }
    let last = stages.iter().rev().find(|stage| stage.least_coverage_percent.is_some());
    if let Some(percent) = last.and_then(|stage| stage.least_coverage_percent) {
        say("coverage", percent.into());
    }
    if has_reports && stages.iter().all(|stage| !stage.red_green) {
        say("red_green", false.into());
    }
    judged
}

/// One stage that is judged as all of them are.
fn together(stages: &[Stage]) -> Option<Stage> {
    let (first, others) = stages.split_first()?;
    let mut all = first.clone();
    for other in others {
        all.judge_also_like(other);
    }
    Some(all)
}

fn text_pair((name, value): (&String, &String)) -> (String, Value) {
    (name.clone(), value.clone().into())
}

fn each_once(words: impl Iterator<Item = impl ToString>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in words.map(|word| word.to_string()) {
        if !all.contains(&word) {
            all.push(word);
        }
    }
    all
}

fn reports(stages: &[Stage]) -> Table {
    let mut table = Table::new();
    for (key, patterns) in [
        ("junit", each_once(stages.iter().flat_map(|stage| &stage.reports.junit))),
        ("tap", each_once(stages.iter().flat_map(|stage| &stage.reports.tap))),
        ("lcov", each_once(stages.iter().flat_map(|stage| &stage.reports.lcov))),
        ("cobertura", each_once(stages.iter().flat_map(|stage| &stage.reports.cobertura))),
    ] {
        if !patterns.is_empty() {
            table.insert(key.to_owned(), patterns.into());
        }
    }
    if stages.iter().any(|stage| stage.reports.trust == Trust::Exit) {
        table.insert("trust".to_owned(), "exit".into());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = r#"
name = "tale"
agent = "script"
command = "cat > story.txt"

[[stage]]
name = "draft"
setup = ["npm ci"]
hosts = ["registry.example.com"]
env = { LANG = "C" }
checks = ["test -s story.txt"]
reports = { junit = "out/junit.xml" }
timeout = "20m"
prompt = "Draft: {{brief}}"

[[stage]]
name = "polish"
needs = ["draft"]
checks = ["test -s story.txt", "grep -q . story.txt"]
reports = { junit = "out/junit.xml", lcov = "out/lcov.info" }
coverage = 80
timeout = "40m"
gate = true
prompt = "Polish: {{brief}}"
"#;

    fn feature(slug: &str, brief: &str) -> Feature {
        let run = format!("tale-{slug}xx").parse().expect("an id");
        Feature { slug: slug.parse().expect("a name"), brief: brief.to_owned(), run }
    }

    #[test]
    fn a_batch_is_judged_by_everything_that_judges_the_project() {
        let project = PipelineText::parse("tale.toml", PROJECT).expect("a pipeline");
        let features = [feature("cli", "A CLI with {{brief}} in it"), feature("cache", "A cache")];
        let BatchPipelines { feature, merge } =
            BatchPipelines::of(&project, None, &features).expect("pipelines");
        let names: Vec<&str> =
            merge.pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
        assert_eq!(names, ["cli", "cache", "together"]);
        for stage in merge.pipeline.stages.iter().chain(&feature.pipeline.stages) {
            assert_eq!(stage.checks, ["test -s story.txt", "grep -q . story.txt"]);
            assert_eq!((stage.setup.len(), stage.timeout_seconds), (1, 40 * 60));
            assert_eq!(stage.hosts.as_ref().map(Vec::len), Some(1));
            assert_eq!(stage.env["LANG"], "C");
            assert_eq!(stage.reports.junit, ["out/junit.xml"]);
            assert_eq!(stage.least_coverage_percent, Some(80.0));
            assert!(stage.red_green && stage.gate.is_none() && stage.recovery.is_some());
        }
        assert_eq!(merge.pipeline.agent, project.pipeline.agent);
        assert_eq!(
            (merge.pipeline.stages[0].attempts, feature.pipeline.stages[0].attempts),
            (1, 3)
        );
        let prompt = merge.prompts[&features[0].slug].as_str();
        assert!(prompt.contains("A CLI with { {brief}} in it"), "{prompt}");
    }

    #[test]
    fn a_project_may_say_what_is_done_for_a_feature() {
        let project = PipelineText::parse("tale.toml", PROJECT).expect("a pipeline");
        let pipelines = BatchPipelines::of(&project, Some(&project), &[]);
        let feature = pipelines.expect("pipelines").feature.pipeline;
        assert_eq!(feature.digest, project.pipeline.digest);
    }
}
