//! Names that no project can have: what does `/develop` take for a command?

use toml::Spanned;

use crate::run::Fields;

/// Words that are read as a command wherever a project may be named. `commands` holds them together with its verbs.
pub const COMMANDS: [&str; 28] = [
    "again",
    "approve",
    "approved",
    "change",
    "changes",
    "compare",
    "costs",
    "done",
    "extend",
    "failures",
    "features",
    "fix",
    "help",
    "list",
    "queue",
    "raise",
    "reject",
    "rejected",
    "retry",
    "rollback",
    "skip",
    "snapshots",
    "snooze",
    "status",
    "stop",
    "take-over",
    "takeover",
    "waiting",
];

/// A project that nobody could start.
pub(super) fn report(name: &Spanned<String>, fields: &Fields<'_, '_>) {
    if COMMANDS.contains(&name.get_ref().as_str()) {
        let what =
            format!("no project can be called {0:?}: `/develop {0}` is a command", name.get_ref());
        fields.problem_at(name, what, "Use another name");
    }
}
