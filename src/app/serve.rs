//! What is `serve` made of?

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Failure, exit, parts};
use crate::config::Config;
use crate::slack::{Pacing, SlackApi, SlackApiConfig, Verifier};
use crate::thread::Publisher;
use crate::web::{self, Actor, SlackDoor, Web};

/// What is not finished by then is in the database, and another process finishes it.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// Answers Slack, draws threads and serves pages until asked to end.
pub async fn serve(config: Config) -> Result<u8, Failure> {
    let end = parts::asked_to_end();
    let store = parts::migrated_store(&config).await?;
    let place = parts::place(&config, &store).await?;
    let doors = parts::doors(&config, store.clone());
    let slack = config.slack.as_ref().map(|slack| SlackDoor {
        verifier: Arc::new(Verifier::new(vec![slack.signing_secret.clone()])),
        api: SlackApi::new(SlackApiConfig {
            // Emulators do not mind how fast we are.
            pacing: if slack.api_url.is_some() { Pacing::generous() } else { Pacing::slack() },
            ..SlackApiConfig::new(slack.api_url.clone(), slack.bot_token.clone())
        }),
        api_url: slack.api_url.clone(),
    });
    let mut tasks = JoinSet::new();
    if let Some(slack) = &slack {
        let publisher = Publisher { store, slack: slack.api.clone(), place: place.clone(), clock: parts::now };
        tasks.spawn(publisher.run(end.clone()));
        let actor = Actor { doors: doors.clone(), place: place.clone(), slack: slack.api.clone(), clock: parts::now };
        tasks.spawn(web::resend(actor, end.clone()));
    }
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {} (SIGNOFF_LISTEN)", config.listen))?;
    tracing::info!("serve listens on {} · Slack {}", config.listen, if slack.is_some() { "is configured" } else { "is not configured" });
    let router = web::router(Web { doors, place, slack, clock: parts::now });
    let ending = end.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move { ending.cancelled().await });
    tokio::select! {
        served = serving => served.context("serving")?,
        // A `serve` that answers but draws nothing would look well and be of no use.
        broke = first_to_break(&mut tasks, &end) => return Err(broke.into()),
    }
    let _ = timeout(END_PATIENCE, async { while tasks.join_next().await.is_some() {} }).await;
    Ok(exit::OK)
}

/// Waits until a part ends that nobody asked to end.
async fn first_to_break(tasks: &mut JoinSet<()>, end: &CancellationToken) -> anyhow::Error {
    loop {
        match tasks.join_next().await {
            Some(Ok(())) if end.is_cancelled() => {}
            Some(Ok(())) => return anyhow!("a part of serve ended by itself"),
            Some(Err(e)) => return anyhow!(e).context("a part of serve broke"),
            None => std::future::pending().await,
        }
    }
}
