//! What does `up` say when all is ready?
//! Where each part is, what answers the agents and what confines them, and what to type now.

use url::Url;

use super::console::Console;
use super::machine::Machine;
use super::up_file::{Mode, UpFile};
use crate::sandbox::{NoBox, Sandbox};

/// What there is to tell of.
pub struct Banner<'a> {
    pub file: &'a UpFile,
    pub machine: &'a Machine,
    pub sandbox: &'a Result<Sandbox, NoBox>,
    pub no_sandbox: bool,
    /// What waits for an answer.
    pub waiting: Vec<String>,
}

impl Banner<'_> {
    /// A line for each part, then how to begin.
    pub fn tell(&self, console: &Console) {
        let say = |name: &str, says: &str| console.say(format_args!("{name:<10}{says}"));
        let file = self.file;
        say("Postgres", &host_and_port(&file.database_url).unwrap_or_default());
        let page =
            file.temporal_ui.as_ref().map(|ui| format!(", its page {ui}")).unwrap_or_default();
        say("Temporal", &format!("{}{page}", file.temporal));
        if let Some(web) = &file.web {
            say("Signoff", web);
        }
        if let Some(page) = &file.slack_page {
            say(
                "Slack",
                &format!("{page} (a stand-in, without a password; {})", self.who_reaches_slack()),
            );
        }
        say("Model", self.model());
        say("Box", &confinement(self.sandbox, self.no_sandbox));
        if !self.waiting.is_empty() {
            say("Waiting", &format!("for an answer: {}", self.waiting.join(", ")));
        }
        console.say(self.how_to_begin());
    }

    fn who_reaches_slack(&self) -> &'static str {
        match self.sandbox {
            Ok(_) => "only programs and its own page on this machine reach it",
            Err(_) => "without a box it listens on all addresses of this machine",
        }
    }

    fn model(&self) -> &'static str {
        match (self.file.mode, &self.machine.rehearsal) {
            (Mode::Servers, _) => "none: servers only",
            (Mode::Real, _) => "the real one; it costs money",
            (Mode::Rehearsal, Some(_)) => {
                "rehearsal: the scenario in SIGNOFF_REHEARSAL, no key, no cost"
            }
            (Mode::Rehearsal, None) => {
                "rehearsal: scripted, no key, no cost; set ANTHROPIC_API_KEY for the real one"
            }
        }
    }

    fn how_to_begin(&self) -> String {
        let home = self.machine.home.display();
        let project = &self.machine.project;
        match (&self.file.slack_page, self.file.mode) {
            (_, Mode::Servers) => {
                format!("Ready: {home}/up.json. Ctrl-C ends it, the data stays.")
            }
            (Some(page), _) => format!(
                "Ready. Open {page} and type: /develop {project}\n\
                 The run's replies show what happens; press Approve there when it asks.\n\
                 Ctrl-C ends it, the data stays in {home}."
            ),
            (None, _) => format!(
                "Ready. Type in Slack: /develop {project}\nCtrl-C ends it, the data stays in {home}."
            ),
        }
    }
}

fn host_and_port(database: &str) -> Option<String> {
    let url = Url::parse(database).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port().unwrap_or(5432)))
}

/// What holds agents and checks, and what follows where nothing does.
fn confinement(sandbox: &Result<Sandbox, NoBox>, no_sandbox: bool) -> String {
    match sandbox {
        Ok(sandbox) => sandbox.to_string(),
        Err(why) if no_sandbox => {
            format!("none: {why}; agents, setup and checks can do what this user can")
        }
        Err(why) => format!(
            "none: {why}; nothing of a repository runs without --no-sandbox, the built-in pipeline can be rehearsed"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_confines_is_told_and_what_follows_where_nothing_does() {
        let none = Err(NoBox::Missing("why".to_owned()));
        assert_eq!(
            confinement(&none, true),
            "none: why; agents, setup and checks can do what this user can"
        );
        assert_eq!(
            confinement(&none, false),
            "none: why; nothing of a repository runs without --no-sandbox, the built-in pipeline can be rehearsed"
        );
    }
}
