//! The limits of slots: how many attempts may be at work at once?

use std::collections::BTreeMap;

use crate::run::ProjectName;

/// At most so many attempts at work at once; none = as many as the worker hosts have slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotLimits {
    pub at_once: Option<u32>,
    /// Of each project that has no limit of its own.
    pub per_project: Option<u32>,
    /// `[project.<name>] at_once`
    pub by_project: BTreeMap<ProjectName, u32>,
    /// Of the runs that one person started.
    pub per_person: Option<u32>,
    /// Of the runs of one workspace.
    pub per_workspace: Option<u32>,
}

impl SlotLimits {
    #[must_use]
    pub fn of_project(&self, project: &ProjectName) -> Option<u32> {
        self.by_project.get(project).copied().or(self.per_project)
    }
}
