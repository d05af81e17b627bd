//! The doctor's look at what runs left: how much of this disk is it, and when does it go?

use std::time::Duration;

use tokio::time::timeout;

use super::Finding;
use crate::config::{ByteSize, Config, Retention};
use crate::workspace::Archive;

/// Whoever waits longer would rather ask `du`.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Only this disk is measured; to measure a bucket takes a request for each thousand objects.
pub(super) async fn look(config: &Config) -> Finding {
    let what = "runs";
    let archive = Archive::new(&config.home, None);
    let goes = goes(config.projects.retention);
    let sizes = match timeout(TIMEOUT, archive.sizes_here()).await {
        Ok(Ok(sizes)) => sizes,
        Ok(Err(e)) => return Finding::less(what, format!("{e}. Check SIGNOFF_HOME.")),
        Err(_) => {
            return Finding::ok(what, format!("more on this disk than is measured soon; {goes}"));
        }
    };
    let bytes = ByteSize(sizes.iter().map(|(_, bytes)| bytes).sum());
    let home = config.home.display();
    Finding::ok(what, format!("{bytes} in {} below {home}; {goes}", folders(sizes.len())))
}

fn folders(count: usize) -> String {
    if count == 1 { "1 folder".to_owned() } else { format!("{count} folders") }
}

fn goes(retention: Retention) -> String {
    let days = retention.days.map(|days| format!("{days} days after a run's end"));
    let bytes = retention.bytes.map(|bytes| format!("beyond {bytes}"));
    let when: Vec<String> = days.into_iter().chain(bytes).collect();
    if when.is_empty() {
        "nothing goes by itself: `signoff prune` removes what old runs left".to_owned()
    } else {
        format!("workers remove it {}", when.join(", and what is "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_it_goes_is_said() {
        assert_eq!(goes(Retention::default()), "workers remove it 90 days after a run's end");
        let both = Retention { days: Some(30), bytes: Some(ByteSize(20 << 30)) };
        assert!(goes(both).ends_with("30 days after a run's end, and what is beyond 20 GiB"));
        let none = Retention { days: None, bytes: None };
        assert!(goes(none).contains("signoff prune"));
    }
}
