//! The handover to another worker: what does a successor need to go on where a worker died?
//! Heartbeats carry it to other machines, at most once a second; a file in the attempt's folder is written after every answer of the model.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::run::{Tokens, Usd};

const FILE: &str = "handover.json";

/// How far an attempt's agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    pub session: Option<String>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
}

impl Handover {
    /// The newer of what a heartbeat brought and what is in the attempt's folder: since then more was paid.
    pub fn newest(heartbeat: Option<Self>, folder: &Path) -> Self {
        let saved = fs::read(folder.join(FILE))
            .ok()
            .and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        match (heartbeat, saved) {
            (Some(heartbeat), Some(saved)) if saved.cost_usd >= heartbeat.cost_usd => saved,
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

    fn paid(session: &str, cost: i64) -> Handover {
        Handover {
            session: Some(session.to_owned()),
            tokens: Tokens::default(),
            cost_usd: Usd::from_nanos(cost),
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
