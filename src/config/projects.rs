//! The projects: what can be developed?
//! Those of `signoff.toml` and the built-in one; each has its pipeline loaded and checked.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::box_limits::BoxLimits;
use super::budgets::{Breakers, Budgets};
use super::built_in::BuiltInPipeline;
use super::model_waits::ModelWaits;
use super::prices::Prices;
use super::project::{self, Project};
use super::queue::QueueLimits;
use super::retention::Retention;
use crate::run::{
    Fields, HostPattern, Policy, Problem, Problems, ProjectName, SetupPolicy, approvers, hosts,
    quorum,
};

/// The project that is there without any configuration, and its pipeline.
pub const BUILT_IN: &str = "llm-wrapper";

/// The projects by name, and what the server demands of all their gates.
#[derive(Clone, Debug, Default)]
pub struct Projects {
    by_name: BTreeMap<ProjectName, Project>,
    pub policy: Policy,
    pub setup: SetupPolicy,
    pub limits: BoxLimits,
    pub prices: Prices,
    pub model_waits: ModelWaits,
    pub budgets: Budgets,
    pub breakers: Breakers,
    pub retention: Retention,
    pub queue: QueueLimits,
}

impl Projects {
    /// Only the built-in project.
    ///
    /// # Errors
    /// What is wrong with the built-in pipeline.
    pub fn built_in() -> Result<Self, Problems> {
        Self::with_built_in(Vec::new(), ServerPolicy::default())
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
            let policy = ServerPolicy::read(root);
            let projects = root.named("project", |name, fields| {
                let project = project::read(name, fields, folder)?;
                report_hosts_beyond(&project, &policy.setup, fields);
                Some(project)
            });
            Some((projects, policy))
        })?;
        Self::with_built_in(projects, policy)
    }

    fn with_built_in(projects: Vec<Project>, policy: ServerPolicy) -> Result<Self, Problems> {
        let mut by_name = BTreeMap::new();
        if let (Ok(name), Some(built_in)) =
            (BUILT_IN.parse::<ProjectName>(), BuiltInPipeline::find(BUILT_IN))
        {
            by_name.insert(name.clone(), Project::fresh(name, built_in.parse()?));
        }
        by_name.extend(projects.into_iter().map(|p| (p.name.clone(), p)));
        let ServerPolicy {
            gates,
            setup,
            limits,
            prices,
            model_waits,
            mut budgets,
            breakers,
            retention,
            mut queue,
        } = policy;
        let months = by_name.values().filter_map(|it| Some((it.name.clone(), it.month?)));
        budgets.by_project.extend(months);
        let at_once = by_name.values().filter_map(|it| Some((it.name.clone(), it.at_once?)));
        queue.slots.by_project.extend(at_once);
        Ok(Self {
            by_name,
            policy: gates,
            setup,
            limits,
            prices,
            model_waits,
            budgets,
            breakers,
            retention,
            queue,
        })
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

/// What the server demands of every project.
#[derive(Default)]
struct ServerPolicy {
    gates: Policy,
    setup: SetupPolicy,
    limits: BoxLimits,
    prices: Prices,
    model_waits: ModelWaits,
    budgets: Budgets,
    breakers: Breakers,
    retention: Retention,
    queue: QueueLimits,
}

impl ServerPolicy {
    fn read(root: &Fields<'_, '_>) -> Self {
        Self {
            gates: root.within("policy", policy).unwrap_or_default(),
            setup: root.within("setup", setup_policy).unwrap_or_default(),
            limits: root.within("box", BoxLimits::read).unwrap_or_default(),
            prices: Prices::read(root),
            model_waits: root.within("model", ModelWaits::read).unwrap_or_default(),
            budgets: root.within("budgets", Budgets::read).unwrap_or_default(),
            breakers: root.within("breakers", Breakers::read).unwrap_or_default(),
            retention: root.within("retention", Retention::read).unwrap_or_default(),
            queue: root.within("queue", QueueLimits::read).unwrap_or_default(),
        }
    }
}

/// Reads `[setup]`.
fn setup_policy(fields: &Fields<'_, '_>) -> SetupPolicy {
    SetupPolicy { hosts: hosts(fields, "hosts"), private: private_hosts(fields) }
}

/// Whoever opens the way to the machine's own network says exactly where to.
fn private_hosts(fields: &Fields<'_, '_>) -> Vec<HostPattern> {
    let private = hosts(fields, "private").unwrap_or_default();
    for host in private.iter().filter(|host| !host.is_one_place()) {
        fields.problem(
            format!("private = {:?} is more than one place", host.to_string()),
            "Name one host with its port, like \"mirror.example.org:8081\"",
        );
    }
    private
}

/// A stage that wants more of the network than this server gives.
fn report_hosts_beyond(project: &Project, setup: &SetupPolicy, fields: &Fields<'_, '_>) {
    for stage in project.stages() {
        for host in stage.hosts.iter().flatten().filter(|host| !setup.allows(host)) {
            fields.problem(
                format!(
                    "the stage {} wants to reach {host}, which [setup] hosts does not allow",
                    stage.name
                ),
                "Add it there, or take it out of the stage's hosts",
            );
        }
    }
}

/// Reads `[policy]`.
fn policy(fields: &Fields<'_, '_>) -> Policy {
    Policy {
        approvers_required: fields.boolean("approvers_required").unwrap_or(false),
        approvers: approvers(fields, "approvers"),
        quorum: quorum(fields),
        self_approval: fields.boolean("self_approval").unwrap_or(true),
        no_limit: fields.boolean("no_limit").unwrap_or(true),
    }
}
