//! The handover to another worker: what does a successor need to go on where a worker died?
//! Heartbeats carry it to other machines, at most once a second; a file in the attempt's folder is written after every answer of the model.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::run::{Snapshot, Tokens, Usd, Workplace, Written};

const FILE: &str = "handover.json";

/// How far an attempt's agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    pub session: Option<String>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    /// Where it is at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workplace: Option<Workplace>,
    /// Its agent is done: nobody lets it work again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Box<AgentDone>>,
}

/// How an agent ended; its work is in the attempt's folder, and kept nowhere else yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDone {
    /// What it began with.
    pub base: Snapshot,
    pub written: Written,
}

impl Handover {
    /// The newer of what a heartbeat brought and what is in the attempt's folder: since then more was paid, or the agent was done.
    pub fn newest(heartbeat: Option<Self>, folder: &Path) -> Self {
        let saved = fs::read(folder.join(FILE))
            .ok()
            .and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        match (heartbeat, saved) {
            (Some(heartbeat), Some(saved))
                if saved.cost_usd >= heartbeat.cost_usd && heartbeat.done.is_none() =>
            {
                saved
            }
            (Some(heartbeat), _) => heartbeat,
            (None, saved) => saved.unwrap_or_default(),
        }
    }

    /// At one stroke. Without it the last heartbeat counts, so a full disk ends no agent.
    pub fn save(&self, folder: &Path) {
        let written = serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .and_then(|text| files::write(&folder.join(FILE), text));
        if let Err(e) = written {
            tracing::warn!(error = %e, "could not save how far an agent is in {}", folder.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{AgentEnd, Sandboxing};

    fn paid(session: &str, cost: i64) -> Handover {
        Handover {
            session: Some(session.to_owned()),
            tokens: Tokens::default(),
            cost_usd: Usd::from_nanos(cost),
            workplace: None,
            done: None,
        }
    }

    #[test]
    fn what_was_paid_since_the_last_heartbeat_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Handover::newest(None, folder.path()), Handover::default());
        paid("here", 7).save(folder.path());
        assert_eq!(Handover::newest(None, folder.path()), paid("here", 7));
        assert_eq!(Handover::newest(Some(paid("here", 5)), folder.path()), paid("here", 7));
    }

    #[test]
    fn that_an_agent_is_done_is_never_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let base = Snapshot { commit: "c".to_owned(), tree: "t".to_owned() };
        let written = Written::unkept(AgentEnd::Finished, Sandboxing::Closed);
        let done =
            Handover { done: Some(Box::new(AgentDone { base, written })), ..paid("here", 5) };
        paid("here", 5).save(folder.path());
        let text = serde_json::to_string(&done).unwrap();
        let heartbeat = serde_json::from_str(&text).unwrap();
        assert_eq!(Handover::newest(Some(heartbeat), folder.path()), done);
        done.save(folder.path());
        assert_eq!(Handover::newest(Some(paid("here", 4)), folder.path()), done);
    }

    #[test]
    fn what_was_paid_elsewhere_since_counts() {
        let folder = tempfile::tempdir().unwrap();
        paid("here", 7).save(folder.path());
        assert_eq!(
            Handover::newest(Some(paid("elsewhere", 9)), folder.path()),
            paid("elsewhere", 9)
        );
        fs::write(folder.path().join(FILE), "half a").unwrap();
        assert_eq!(
            Handover::newest(Some(paid("elsewhere", 3)), folder.path()),
            paid("elsewhere", 3)
        );
    }
}
