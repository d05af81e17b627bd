//! The projects: what can be developed?
//! Those of `signoff.toml` and the built-in one; each has its pipeline loaded and checked.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::built_in::BuiltInPipeline;
use super::project::{self, Project};
use crate::run::{Fields, Policy, Problem, Problems, ProjectName, approvers, quorum};

/// The project that is there without any configuration, and its pipeline.
pub const BUILT_IN: &str = "llm-wrapper";

/// The projects by name, and what the server demands of all their gates.
#[derive(Clone, Debug, Default)]
pub struct Projects {
    by_name: BTreeMap<ProjectName, Project>,
    pub policy: Policy,
}

impl Projects {
    /// Only the built-in project.
    ///
    /// # Errors
    /// What is wrong with the built-in pipeline.
    pub fn built_in() -> Result<Self, Problems> {
        Self::with_built_in(Vec::new(), Policy::default())
    }

    /// The projects of a `signoff.toml`, and the built-in one.
    ///
    /// # Errors
    /// Everything that is wrong with the file and the pipelines it names.
    pub fn read(file: &Path) -> Result<Self, Problems> {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|e| unreadable(&name, &e))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let (projects, policy) = Fields::read(&name, &text, |root| {
            let projects =
                root.named("project", |name, fields| project::read(name, fields, folder));
            Some((projects, root.within("policy", policy).unwrap_or_default()))
        })?;
        Self::with_built_in(projects, policy)
    }

    fn with_built_in(projects: Vec<Project>, policy: Policy) -> Result<Self, Problems> {
        let mut by_name = BTreeMap::new();
        if let (Ok(name), Some(built_in)) =
            (BUILT_IN.parse::<ProjectName>(), BuiltInPipeline::find(BUILT_IN))
        {
            by_name.insert(name.clone(), Project::fresh(name, built_in.parse()?));
        }
        by_name.extend(projects.into_iter().map(|p| (p.name.clone(), p)));
        Ok(Self { by_name, policy })
    }

    #[must_use]
    pub fn get(&self, name: &ProjectName) -> Option<&Project> {
        self.by_name.get(name)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Project> {
        self.by_name.values()
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &ProjectName> {
        self.by_name.keys()
    }
}

fn unreadable(file: &str, why: &io::Error) -> Problems {
    Problems(vec![Problem {
        file: file.to_owned(),
        line: None,
        what: format!("cannot be read: {why}"),
        remedy: "Correct SIGNOFF_CONFIG, or make the file readable".to_owned(),
    }])
}

/// Reads `[policy]`.
fn policy(fields: &Fields<'_, '_>) -> Policy {
    Policy {
        approvers_required: fields.boolean("approvers_required").unwrap_or(false),
        approvers: approvers(fields, "approvers"),
        quorum: quorum(fields),
        self_approval: fields.boolean("self_approval").unwrap_or(true),
    }
}
