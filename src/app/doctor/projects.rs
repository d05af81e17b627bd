//! The doctor's look at the projects: can each be developed, and can its questions be answered?
//! Asks git for every repository.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Finding, FindingState};
use crate::commands;
use crate::config::{Config, Project};
use crate::run::{Approver, GateSpec, Policy};
use crate::workspace::{WorkspaceError, try_repository};

/// A repository on a slow host; people wait for it.
const TIMEOUT: Duration = Duration::from_secs(15);

/// What is to be said about the projects.
pub(super) async fn look(config: &Config) -> Finding {
    if let Some(problems) = &config.unread {
        return Finding::missing("projects", problems.to_string().replace('\n', " · "));
    }
    let projects = &config.projects;
    let mut tried = Vec::new();
    let mut missing = Vec::new();
    let mut warnings = Vec::new();
    for project in projects.all() {
        match repository(project).await {
            Ok(said) => tried.push(format!("{}{said}", project.name)),
            Err(why) => missing.push(format!("{}: {why}", project.name)),
        }
        warnings.extend(unanswerable(project, &projects.policy));
        warnings.extend(listed_twice(project));
        warnings.extend(called_like_a_command(project));
    }
    let state = match (missing.is_empty(), warnings.is_empty()) {
        (false, _) => FindingState::Missing,
        (true, false) => FindingState::Less,
        (true, true) => FindingState::Ok,
    };
    let tried = Some(tried.join(", ")).filter(|tried| !tried.is_empty());
    let says = tried.into_iter().chain(missing).chain(warnings).collect::<Vec<_>>().join(". ");
    Finding { what: "projects", state, says }
}

/// Whether git finds the repository: what to add to the project's name.
async fn repository(project: &Project) -> Result<String, String> {
    let Some(repository) = &project.repository else { return Ok(String::new()) };
    match try_repository(repository, project.branch.as_deref(), TIMEOUT).await {
        Ok(()) => Ok(format!(" ({repository} answers)")),
        Err(
            WorkspaceError::Repository { repository, why }
            | WorkspaceError::Unreachable { repository, why },
        ) => Err(format!(
            "{repository} cannot be read: {why}. Correct `repository` or `branch` in signoff.toml"
        )),
        Err(e) => Err(format!("git does not run: {e}")),
    }
}

/// The warning about a project with a gate that cannot be approved by the people who may.
fn unanswerable(project: &Project, policy: &Policy) -> Option<String> {
    let gates = project.stages().filter_map(|stage| stage.gate.as_ref());
    let mut specs = gates.map(|gate| policy.tightened(gate, &project.approvers));
    let why = specs.find_map(|spec| nobody_called(&spec).or_else(|| too_few(&spec)))?;
    Some(format!("When {} asks, {why}: give it `approvers` in signoff.toml", project.name))
}

fn nobody_called(spec: &GateSpec) -> Option<String> {
    if !spec.listed().is_empty() {
        return None;
    }
    let why = if spec.approvers_required {
        "the policy requires approvers and none are listed, so nobody can answer"
    } else if spec.self_approval {
        return None;
    } else {
        "no approvers are listed and whoever starts a run may not approve it, so nobody is called"
    };
    Some(why.to_owned())
}

/// A quorum that those who may answer can never reach. How many are in a user group only Slack knows.
fn too_few(spec: &GateSpec) -> Option<String> {
    if spec.named().any(|approver| matches!(approver, Approver::Group(_))) {
        return None;
    }
    let listed: BTreeSet<&Approver> = spec.listed().iter().collect();
    if listed.is_empty() {
        return None;
    }
    let may: BTreeSet<&Approver> = listed
        .iter()
        .copied()
        .filter(|one| spec.only.is_empty() || spec.only.contains(one))
        .collect();
    // Whoever starts a run may be one that the policy names, or none of them.
    let starter = usize::from(spec.self_approval && spec.only.is_empty());
    let (people, most) = (may.len(), may.len() + starter);
    let needed = usize::try_from(spec.quorum).unwrap_or(usize::MAX);
    if people == 0 {
        return Some(
            "none of its approvers is among those that the policy lets approve".to_owned(),
        );
    }
    if needed > most {
        let among = if people < listed.len() { "listed and let by the policy" } else { "listed" };
        let why = format!("{needed} people must approve and only {people} are {among}");
        return Some(if starter == 1 { why + ", besides whoever started the run" } else { why });
    }
    if !spec.self_approval && needed == most {
        let all = if most == 1 {
            "only one may approve".to_owned()
        } else {
            format!("all {most} who may approve must")
        };
        return Some(format!(
            "{all}, and nobody may approve their own run: what one of them starts stays unanswered"
        ));
    }
    let all_but_one = needed > 1 && needed == most;
    all_but_one.then(|| format!("all {most} who may approve must, so one on holiday holds it up"))
}

fn called_like_a_command(project: &Project) -> Option<String> {
    let name = project.name.as_str();
    commands::is_verb(name).then(|| {
        format!("`/develop {name}` is a command: who wants the project {name} takes the form that `/develop` alone opens, or `signoff develop {name}`")
    })
}

fn listed_twice(project: &Project) -> Option<String> {
    let mut seen = BTreeSet::new();
    let twice = project.approvers.iter().find(|approver| !seen.insert(*approver))?;
    Some(format!("{} lists {twice} twice among its `approvers`, who counts once", project.name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn seen(signoff_toml: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("signoff.toml"), signoff_toml).expect("written");
        let config = Config::read(|_| None, folder.path()).expect("it is good");
        look(&config).await.line()
    }

    #[tokio::test]
    async fn a_repository_that_is_not_there_is_missed() {
        let line = seen("[project.a]\npipeline = \"llm-wrapper\"\nrepository = \"gone\"\n").await;
        assert!(line.starts_with("✗ projects") && line.contains("gone cannot be read"), "{line}");
    }

    #[tokio::test]
    async fn a_project_that_is_called_like_a_command_is_told() {
        let line = seen("[project.costs]\npipeline = \"llm-wrapper\"\n").await;
        assert!(
            line.starts_with("~ projects") && line.contains("`signoff develop costs`"),
            "{line}"
        );
    }

    #[tokio::test]
    async fn a_branch_that_is_not_there_is_missed() {
        let folder = tempfile::tempdir().expect("a folder");
        let git =
            std::process::Command::new("git").arg("init").arg("-q").arg(folder.path()).status();
        assert!(git.expect("git").success());
        let project = format!(
            "[project.a]\npipeline = \"llm-wrapper\"\nrepository = {:?}\nbranch = \"gone\"\n",
            folder.path()
        );
        let line = seen(&project).await;
        assert!(line.contains("it has no branch `gone`"), "{line}");
    }

    #[tokio::test]
    async fn approvers_that_the_policy_does_not_let_are_named() {
        let project = "[project.a]\npipeline = \"llm-wrapper\"\napprovers = [\"cli:ana\"]\n";
        let line = seen(&format!("[policy]\napprovers = [\"cli:ben\"]\n{project}")).await;
        assert!(line.contains("none of its approvers is among those"), "{line}");
        let line = seen(&format!("[policy]\nself_approval = false\n{project}")).await;
        assert!(
            line.contains("only one may approve, and nobody may approve their own run"),
            "{line}"
        );
    }

    #[tokio::test]
    async fn the_gates_of_features_are_looked_at() {
        let pipeline = "name = \"f\"\nagent = \"claude\"\n[[stage]]\nname = \"a\"\nprompt = \"Go\"\nchecks = [\"true\"]\n";
        let gate = "gate = { quorum = 4, approvers = [\"cli:ana\"] }\n";
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name, text: String| fs::write(folder.path().join(name), text);
        write("p.toml", pipeline.to_owned()).expect("written");
        write("f.toml", format!("{pipeline}{gate}")).expect("written");
        let project = "[project.a]\npipeline = \"p.toml\"\nfeatures = \"f.toml\"\n";
        write("signoff.toml", project.to_owned()).expect("written");
        let config = Config::read(|_| None, folder.path()).expect("it is good");
        let line = look(&config).await.line();
        assert!(line.contains("4 people must approve"), "{line}");
    }

    #[tokio::test]
    async fn a_quorum_that_nobody_can_reach_is_named() {
        let line = seen(
            "[policy]\nquorum = 4\n[project.a]\npipeline = \"llm-wrapper\"\napprovers = [\"cli:ana\", \"cli:ben\", \"cli:ben\"]\n",
        )
        .await;
        assert!(line.contains("4 people must approve and only 2 are listed"), "{line}");
        assert!(line.contains("a lists cli:ben twice"), "{line}");
    }
}
