//! Pipelines made of a project's own: how is one written down?
//! As a file of its own, so that its digest covers what is approved, and its prompts are found like any other. Who works in it is as the
//! project says.

use toml::{Table, Value};

use super::file::{PipelineText, Problem, Problems};

/// What it takes over of the project's pipeline.
const AGENT: [&str; 4] = ["agent", "command", "model", "models"];

impl PipelineText {
    /// A pipeline that is called so, with this one's agent and with stages made of its text; `file` is what problems call it.
    ///
    /// # Errors
    /// What is wrong with these stages.
    pub(in crate::run) fn derive(
        &self,
        file: &str,
        name: &str,
        stages: impl FnOnce(&Table) -> Vec<Table>,
    ) -> Result<Self, Problems> {
        let unreadable = |e: &dyn std::fmt::Display| {
            let (what, remedy) =
                (format!("cannot be made: {e}"), "Correct the pipeline".to_owned());
            Problems(vec![Problem { file: file.to_owned(), line: None, what, remedy }])
        };
        let own: Table = toml::from_str(&self.text).map_err(|e| unreadable(&e))?;
        let mut made = some_of(&own, &AGENT);
        made.insert("name".to_owned(), name.into());
        let stages = stages(&own).into_iter().map(Value::Table);
        made.insert("stage".to_owned(), Value::Array(stages.collect()));
        let text = toml::to_string(&made).map_err(|e| unreadable(&e))?;
        Self::parse(file, &text)
    }
}

/// The keys of a table that are named.
pub(super) fn some_of(table: &Table, keys: &[&str]) -> Table {
    let some = table.iter().filter(|(key, _)| keys.contains(&key.as_str()));
    some.map(|(key, value)| (key.clone(), value.clone())).collect()
}
