//! Deduplicates: what does a request get that comes twice?
//! Slack sends again what was acknowledged on a connection that broke, and emulators send everything on every connection. The database knows
//! that it is the same request, but not what Slack was answered: a form with a mistake would close as if all were well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::time::Instant;

use super::Take;
use crate::run::RequestId;
use crate::slack::ack::Ack;

/// Slack sends again after a few seconds.
const REMEMBERED: Duration = Duration::from_mins(1);

type Acks = Mutex<HashMap<RequestId, (Instant, Shared<BoxFuture<'static, Ack>>)>>;

/// The same handler, but a request that comes again within a minute gets the first one's acknowledgement, and waits for it if need be.
pub fn deduplicated(take: Take) -> Take {
    let acks = Arc::<Acks>::default();
    Arc::new(move |inbound, delivered| {
        let Some(key) = inbound.key().cloned() else { return take(inbound, delivered) };
        let (take, acks) = (Arc::clone(&take), Arc::clone(&acks));
        async move {
            let ack = {
                let mut all = acks.lock().unwrap_or_else(PoisonError::into_inner);
                all.retain(|_, (at, _)| at.elapsed() < REMEMBERED);
                let (_, ack) = all
                    .entry(key.clone())
                    .or_insert_with(|| (Instant::now(), spawned(take(inbound, delivered))));
                ack.clone()
            };
            let ack = ack.await;
            if ack == Ack::NotKept {
                // The next delivery gets another try.
                acks.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            }
            ack
        }
        .boxed()
    })
}

/// On a task of its own, so that it goes on when its caller stops waiting. A panic counts as not kept.
fn spawned(taking: BoxFuture<'static, Ack>) -> Shared<BoxFuture<'static, Ack>> {
    let taken = async {
        tokio::spawn(taking).await.unwrap_or_else(|e| {
            tracing::error!(error = %e, "taking a request from Slack broke; it is not acknowledged");
            Ack::NotKept
        })
    };
    taken.boxed().shared()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;
    use crate::slack::inbound::{Frame, Inbound};
    use crate::slack::socket::SocketDelivery;

    fn said(text: &str) -> (Inbound, SocketDelivery) {
        let fields = json!({ "team_id": "T1", "channel_id": "C1", "user_id": "U1", "command": "/develop", "text": text, "trigger_id": text });
        let inbound = Inbound::from_frame(Frame::Command, &fields, None).expect("a command");
        (inbound, SocketDelivery { at: Instant::now(), again: false })
    }

    /// Answers with how often it was asked; what is lost is not kept at first, and what is bad breaks it.
    fn counting() -> Take {
        let count = Arc::new(AtomicUsize::new(0));
        Arc::new(move |inbound, _| {
            let nth = count.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                let Inbound::Command(it) = inbound else { return Ack::Kept };
                assert_ne!(it.text, "bad");
                if it.text == "lost" && nth == 0 { Ack::NotKept } else { Ack::Answered(json!(nth)) }
            }
            .boxed()
        })
    }

    async fn take(take: &Take, text: &str) -> Ack {
        let (inbound, delivered) = said(text);
        take(inbound, delivered).await
    }

    #[tokio::test]
    async fn what_comes_twice_is_taken_once_and_gets_the_same() {
        let deduplicated = deduplicated(counting());
        let (first, second) = tokio::join!(take(&deduplicated, "a"), take(&deduplicated, "a"));
        assert_eq!((&first, &second), (&Ack::Answered(json!(0)), &Ack::Answered(json!(0))));
        assert_eq!(
            (take(&deduplicated, "a").await, take(&deduplicated, "b").await),
            (first, Ack::Answered(json!(1)))
        );
    }

    #[tokio::test]
    async fn what_was_not_kept_is_taken_again() {
        let deduplicated = deduplicated(counting());
        assert_eq!(
            (take(&deduplicated, "lost").await, take(&deduplicated, "lost").await),
            (Ack::NotKept, Ack::Answered(json!(1)))
        );
        assert_eq!(
            (take(&deduplicated, "bad").await, take(&deduplicated, "bad").await),
            (Ack::NotKept, Ack::NotKept)
        );
    }
}
