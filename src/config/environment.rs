//! Environment variables: what do they say?
//! An empty variable is one that is not set; no message repeats a secret.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use super::{Config, SlackConfig};
use crate::run::{Problem, Problems};

/// The variables, and what is wrong with them so far.
pub struct Environment<'e> {
    get: &'e dyn Fn(&str) -> Option<String>,
    cwd: &'e Path,
    problems: RefCell<Vec<Problem>>,
}

impl<'e> Environment<'e> {
    pub fn new(get: &'e dyn Fn(&str) -> Option<String>, cwd: &'e Path) -> Self {
        Self { get, cwd, problems: RefCell::default() }
    }

    /// `good`, if nothing was reported; else that, and what is wrong elsewhere.
    pub fn finish(self, good: Config) -> Result<Config, Problems> {
        let mut problems = self.problems.into_inner();
        if problems.is_empty() {
            return Ok(good);
        }
        problems.extend(good.unread.into_iter().flat_map(|unread| unread.0));
        Err(Problems(problems))
    }

    pub fn text(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(Into::into)
    }

    /// A path, absolute.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(|path| self.cwd.join(path))
    }

    pub fn existing_file(&self, name: &str) -> Option<PathBuf> {
        let path = self.path(name)?;
        if !path.is_file() {
            self.report(
                format!("{name} names {}, which is no file", path.display()),
                "Correct the path or unset it",
            );
        }
        Some(path)
    }

    /// The user's cache folder, as XDG has it.
    pub fn cache(&self) -> PathBuf {
        let home = || self.text("HOME").map(PathBuf::from).or_else(|| etcetera::home_dir().ok());
        // The specification has relative paths ignored.
        let xdg = self.text("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let user = || {
            xdg.or_else(|| home().map(|home| home.join(".cache")))
                .unwrap_or_else(|| PathBuf::from("/var/cache"))
        };
        self.path("SIGNOFF_CACHE").unwrap_or_else(|| user().join("signoff"))
    }

    pub fn database_url(&self) -> Option<SecretString> {
        let text = self.text("DATABASE_URL")?;
        let known =
            Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"));
        if !known {
            self.report(
                "DATABASE_URL is no address of a Postgres database",
                "Write it like postgres://user:password@host:5432/name",
            );
        }
        Some(text.into())
    }

    pub fn listen(&self) -> Option<SocketAddr> {
        let text = self.text("SIGNOFF_LISTEN")?;
        let address = text.parse().ok();
        if address.is_none() {
            self.report(
                format!("SIGNOFF_LISTEN = {text:?} is no address to listen on"),
                "Write it like 127.0.0.1:8480",
            );
        }
        address
    }

    pub fn public_url(&self) -> Option<Url> {
        let mut url = self.web_address("SIGNOFF_PUBLIC_URL")?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Some(url)
    }

    /// All of Slack or nothing of it: a token to call Slack, and a way for Slack to reach us.
    pub fn slack(&self) -> Option<SlackConfig> {
        let api_url = self.slack_api_url();
        let (bot_token, signing_secret) =
            (self.secret("SLACK_BOT_TOKEN"), self.secret("SLACK_SIGNING_SECRET"));
        let app_token = self.secret("SLACK_APP_TOKEN");
        let hears = signing_secret.is_some() || app_token.is_some();
        if hears && bot_token.is_none() {
            self.report(
                "SLACK_BOT_TOKEN is missing, and other variables of Slack are set",
                "Copy it from your app's page at Slack, or unset the others",
            );
        }
        if bot_token.is_some() && !hears {
            self.report(
                "SLACK_BOT_TOKEN is set, and neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is",
                "Copy one of them from your app's page at Slack: the first where Slack can call you, the second where it cannot",
            );
        }
        Some(SlackConfig {
            bot_token: bot_token.filter(|_| hears)?,
            signing_secret,
            app_token,
            api_url,
            edits_a_minute: self.slack_pace(),
        })
    }

    fn slack_pace(&self) -> Option<u32> {
        let text = self.text("SIGNOFF_SLACK_PACE")?;
        let pace = text.parse().ok().filter(|pace| *pace > 0);
        if pace.is_none() {
            self.report(
                format!("SIGNOFF_SLACK_PACE = {text:?} is no number of edits a minute"),
                "Write it like 50, which is Slack's own",
            );
        }
        pace
    }

    /// Of this machine's worker.
    pub fn agent_slots(&self) -> Option<u32> {
        let text = self.text("SIGNOFF_AGENT_SLOTS")?;
        let slots = text.parse().ok().filter(|slots| (1..=1_000).contains(slots));
        if slots.is_none() {
            self.report(
                format!("SIGNOFF_AGENT_SLOTS = {text:?} is no number of attempts"),
                "Write it like 2",
            );
        }
        slots
    }

    fn slack_api_url(&self) -> Option<Url> {
        let mut url = self.web_address("SLACK_API_URL")?;
        let path = url.path().trim_end_matches('/').to_owned();
        if !path.ends_with("/api") {
            self.report(
                format!("SLACK_API_URL = {:?} does not end in /api", url.as_str()),
                "Write it like http://127.0.0.1:7811/api",
            );
        }
        url.set_path(&path);
        Some(url)
    }

    /// Who uses this process, for `cli:<user>`.
    pub fn os_user(&self) -> String {
        let name = self.text("USER").or_else(|| self.text("LOGNAME"));
        let uid = rustix::process::geteuid();
        name.unwrap_or_else(|| {
            if uid.is_root() { "root".to_owned() } else { format!("uid-{}", uid.as_raw()) }
        })
    }

    fn web_address(&self, name: &str) -> Option<Url> {
        let text = self.text(name)?;
        let url = Url::parse(&text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // The text is not repeated: what is no address may well be a token in the wrong place.
        let Some(url) = url else {
            self.report(format!("{name} is no web address"), "Write it with http:// or https://");
            return None;
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.report(format!("{name} carries a user or password"), "Leave that part out");
            return None;
        }
        Some(url)
    }

    fn report(&self, what: impl Into<String>, remedy: &str) {
        let problem = Problem {
            file: "environment".to_owned(),
            line: None,
            what: what.into(),
            remedy: remedy.to_owned(),
        };
        self.problems.borrow_mut().push(problem);
    }
}
