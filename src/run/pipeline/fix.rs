//! Fix: which pipeline tries until it works?
//! One stage, made of the last one of a project's own pipeline: there all that the project is has to hold, so its checks are what "it works"
//! means.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::derived::some_of;
use super::file::{PipelineText, Problems};

/// What is asked of a loop that fixes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Most iterations.
    pub attempts: u32,
    /// A command that fails now and has to pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Fix {
    /// What its pipeline and its only stage are called.
    pub const NAME: &str = "fix";
    /// Iterations where nothing is said.
    pub const ATTEMPTS: u32 = 5;
}

impl Default for Fix {
    fn default() -> Self {
        Self { attempts: Self::ATTEMPTS, until: None }
    }
}

/// What it takes of the pipeline's last stage.
const OF_STAGE: [&str; 11] = [
    "checks",
    "coverage",
    "env",
    "gate",
    "hosts",
    "recovery",
    "red_green",
    "reports",
    "review",
    "setup",
    "timeout",
];

const PROMPT: &str = "\
Stage: fix

Something in this repository is to be put right: {{brief}}

Find the cause before you change anything, and change as little as that takes. Where a test can show it, add one that fails without the
fix. Never make a test or a check say less than it does: no test is deleted, skipped or weakened.

Others run the project's checks when you are done, and as long as these are red, another iteration follows. What an iteration before this
one left is here already: go on from it, keep what is right, and take back what led nowhere. Do not try again what failed before in the
same way. End with a summary of two sentences: what the cause was, and what you changed.

{{feedback}}
";

impl PipelineText {
    /// The pipeline that fixes something in a project of this pipeline.
    ///
    /// # Errors
    /// What is wrong with it: with a command that is too long, say.
    pub fn fixing(&self, fix: &Fix) -> Result<Self, Problems> {
        let file = format!("fix, made of {}", self.pipeline.name);
        let last = self.pipeline.stages.last().map(|stage| stage.name.as_str());
        self.derive(&file, Fix::NAME, |own| vec![only_stage(own, last, fix)])
    }
}

fn only_stage(own: &Table, last: Option<&str>, fix: &Fix) -> Table {
    let stages = own.get("stage").and_then(Value::as_array).into_iter().flatten();
    let mut tables = stages.filter_map(Value::as_table);
    let named = |table: &&Table| table.get("name").and_then(Value::as_str) == last;
    let mut stage = tables.find(named).map(|table| some_of(table, &OF_STAGE)).unwrap_or_default();
    stage.insert("name".to_owned(), Fix::NAME.into());
    stage.insert("prompt".to_owned(), PROMPT.into());
    stage.insert("attempts".to_owned(), i64::from(fix.attempts).into());
    stage.insert("iterate".to_owned(), true.into());
    if let Some(until) = &fix.until {
        stage.insert("until".to_owned(), until.clone().into());
    }
    stage
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"
name = "shop"
agent = "script"
command = "sh agent.sh"

[[stage]]
name = "build"
prompt = "Build."
checks = ["make"]

[[stage]]
name = "test"
needs = ["build"]
budget = "$2"
attempts = 2
timeout = "5m"
prompt = "Test {{brief}}."
setup = ["npm ci"]
env = { TZ = "UTC" }
checks = ["npm test"]
reports = { junit = "junit.xml" }
gate = { quorum = 2 }
"#;

    fn fixing(until: Option<&str>) -> PipelineText {
        let own = PipelineText::parse("shop.toml", OWN).expect("a pipeline");
        let fix = Fix { attempts: 4, until: until.map(str::to_owned) };
        own.fixing(&fix).expect("a pipeline that fixes")
    }

    #[test]
    fn its_stage_is_judged_as_the_last_one_of_the_project_and_iterates() {
        let own = PipelineText::parse("shop.toml", OWN).expect("a pipeline");
        let text = fixing(None);
        let fix = text.pipeline;
        let [stage] = fix.stages.as_slice() else { panic!("one stage: {fix:?}") };
        let last = &own.pipeline.stages[1];
        assert_eq!((fix.name.as_str(), &fix.agent), ("fix", &own.pipeline.agent));
        assert_eq!((stage.name.as_str(), stage.attempts, stage.iterates), ("fix", 4, true));
        assert_eq!(
            (&stage.setup, &stage.env, &stage.checks),
            (&last.setup, &last.env, &last.checks)
        );
        assert_eq!((&stage.gate, &stage.recovery), (&last.gate, &last.recovery));
        assert_eq!((&stage.reports, stage.timeout_seconds), (&last.reports, 300));
        assert_eq!((stage.needs.len(), stage.budget_usd, &stage.until), (0, None, &None));
        let prompt = text.prompts.values().next().expect("a prompt");
        assert!(prompt.contains("{{brief}}") && prompt.contains("{{feedback}}"));
    }

    #[test]
    fn what_has_to_pass_is_one_of_the_checks_and_another_pipeline_to_approve() {
        let fix = fixing(Some("npm run \"e2e\""));
        let stage = &fix.pipeline.stages[0];
        assert_eq!(stage.checks, ["npm test", "npm run \"e2e\""]);
        assert_eq!(stage.until.as_deref(), Some("npm run \"e2e\""));
        assert_ne!(fix.pipeline.digest, fixing(None).pipeline.digest);
        assert_eq!(fixing(Some("npm test")).pipeline.stages[0].checks, ["npm test"]);
    }

    #[test]
    fn a_command_that_no_shell_takes_is_refused() {
        let own = PipelineText::parse("shop.toml", OWN).expect("a pipeline");
        let fix = Fix { attempts: 1, until: Some("x".repeat(200_000)) };
        assert!(own.fixing(&fix).is_err_and(|e| e.to_string().contains("more than 100 KB")));
    }
}
