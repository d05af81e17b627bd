//! What is `serve` made of?

use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::{Failure, exit, parts};
use crate::config::Config;
use crate::slack::{Pacing, SlackApi, SlackApiConfig, Verifier};
use crate::thread::Publisher;
use crate::web::{self, Actor, SlackDoor, Web};

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
    let tasks = TaskTracker::new();
    if let Some(slack) = &slack {
        let publisher = Publisher { store, slack: slack.api.clone(), place: place.clone(), clock: parts::now };
        tasks.spawn(publisher.run(end.clone()));
        let actor = Actor { doors: doors.clone(), place: place.clone(), slack: slack.api.clone(), clock: parts::now };
        tasks.spawn(web::resend(actor, end.clone()));
    }
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {} (SIGNOFF_LISTEN)", config.listen))?;
    tracing::info!("serve listens on {} · Slack {}", config.listen, if slack.is_some() { "is configured" } else { "is not configured" });
    let router = web::router(Web { doors, place, slack, clock: parts::now });
    axum::serve(listener, router).with_graceful_shutdown(async move { end.cancelled().await }).await.context("serving")?;
    tasks.close();
    tasks.wait().await;
    Ok(exit::OK)
}
