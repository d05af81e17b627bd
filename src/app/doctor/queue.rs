//! The doctor's look at the queue: how many attempts may be at work, and who waits?

use super::Finding;
use crate::commands::{limits_line, slots_line};
use crate::config::Config;
use crate::store::Store;

/// None where the database does not answer, which is said elsewhere.
pub(super) async fn look(config: &Config) -> Option<Finding> {
    let store = Store::connect(config.database_url.as_ref()?).await.ok()?;
    let queue = store.queue_with_spans(&config.projects.queue.slots).await.ok()?;
    let workers = store.workers().await.ok()?;
    let hosts: Vec<String> =
        workers.iter().map(|it| format!("{} by {}", it.slots, it.host)).collect();
    let told = [slots_line(&queue, workers.len()), hosts.join(", "), limits_line(&queue.limits)];
    let told: Vec<String> = told.into_iter().filter(|part| !part.is_empty()).collect();
    let says = told.join("; ");
    Some(match workers.as_slice() {
        [] => Finding::less("queue", format!("{says}. Start `signoff worker`.")),
        _ => Finding::ok("queue", says),
    })
}
