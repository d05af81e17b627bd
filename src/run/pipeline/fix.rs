//! Fix: which pipeline tries until it works?
//! One stage, made of the last one of a project's own pipeline: there all that the project is has to hold, so its checks are what "it works"
//! means. Where that one asks nobody, it asks as the last stage does that asks.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::derived::some_of;
use super::file::{PipelineText, Problems};
use crate::run::Stage;

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
const OF_STAGE: [&str; 10] = [
    "checks",
    "coverage",
    "env",
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
        self.derive(&file, Fix::NAME, |own| vec![self.only_stage(own, fix)])
    }

    fn only_stage(&self, own: &Table, fix: &Fix) -> Table {
        let mut stages = self.pipeline.stages.iter().rev();
        let last = stages.clone().next().and_then(|last| table_of(own, last));
        let asking = stages.find(|stage| stage.gate.is_some()).and_then(|it| table_of(own, it));
        let mut stage = last.map(|table| some_of(table, &OF_STAGE)).unwrap_or_default();
        // Whoever would be asked before the project's own work is delivered is asked before a fix is.
        if let Some(gate) = asking.and_then(|table| table.get("gate")) {
            stage.insert("gate".to_owned(), of_only_stage(gate));
        }
        stage.extend(fixing_keys(fix));
        stage
    }
}

fn table_of<'t>(own: &'t Table, stage: &Stage) -> Option<&'t Table> {
    let stages = own.get("stage").and_then(Value::as_array)?;
    let named =
        |table: &&Table| table.get("name").and_then(Value::as_str) == Some(stage.name.as_str());
    stages.iter().filter_map(Value::as_table).find(named)
}

/// The same gate where nothing comes after it: a rejection cannot go on without the work.
fn of_only_stage(gate: &Value) -> Value {
    let mut gate = gate.clone();
    if let Some(table) = gate.as_table_mut() {
        table.remove("on_reject");
    }
    gate
}

fn fixing_keys(fix: &Fix) -> Table {
    let mut stage = Table::new();
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
    use crate::run::OnReject;

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
    fn it_asks_as_the_last_stage_does_that_asks() {
        let gate_of = |build: &str, test: &str| {
            let own = OWN.replace("gate = { quorum = 2 }", test).replace("needs = [\"build\"]", "");
            let own = own.replace("checks = [\"make\"]", &format!("checks = [\"make\"]\n{build}"));
            let own = PipelineText::parse("shop.toml", &own).expect("a pipeline");
            let fix = own.fixing(&Fix::default()).expect("a pipeline that fixes");
            fix.pipeline.stages[0].gate.clone()
        };
        let asks = "gate = { quorum = 3, approvers = [\"cli:ana\"], on_reject = \"skip\" }";
        for none in ["", "gate = false"] {
            let gate = gate_of(asks, none).expect("a gate");
            assert_eq!((gate.quorum, gate.approvers.len()), (3, 1));
            assert_eq!(gate.on_reject, OnReject::End, "nothing could go on without it");
            assert_eq!(gate_of("", none), None);
        }
        assert_eq!(gate_of(asks, "gate = { quorum = 2 }").map(|gate| gate.quorum), Some(2));
        assert_eq!(gate_of("gate = true", "").map(|gate| gate.quorum), Some(1));
    }

    #[test]
    fn a_command_that_no_shell_takes_is_refused() {
        let own = PipelineText::parse("shop.toml", OWN).expect("a pipeline");
        let fix = Fix { attempts: 1, until: Some("x".repeat(200_000)) };
        assert!(own.fixing(&fix).is_err_and(|e| e.to_string().contains("more than 100 KB")));
    }
}
