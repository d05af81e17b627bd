//! What is `serve` made of?

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::FutureExt;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::sweep::sweep;
use super::{Failure, exit, parts};
use crate::chat::{self, Actor};
use crate::config::{Config, SlackConfig};
use crate::publisher::Publisher;
use crate::slack::{
    RateLimits, SlackApi, SlackApiConfig, SocketHealth, SocketMode, SocketPatience, Take, Verifier,
};
use crate::thread::RenderContext;
use crate::web::{self, SlackEndpoint, Web};

/// What is not finished by then is in the database, and another process finishes it.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// Answers Slack, draws threads and serves pages until asked to end.
pub async fn serve(config: Config) -> Result<u8, Failure> {
    let proven = chat::prove()
        .context("this program does not refuse who may not decide, so it does not start")?;
    let end = parts::asked_to_end();
    let store = parts::migrated_store(&config).await?;
    let key = parts::link_key(&store).await?;
    let place = parts::place(&config, key.clone(), Some(parts::linked_from_here(&config)));
    let in_slack = parts::place(&config, key, parts::linked_from_slack(&config));
    let doors = parts::services(&config, store.clone());
    let slack = config.slack.as_ref().map(|config| door(config, in_slack));
    let mut tasks = JoinSet::new();
    tasks.spawn(sweep(store.clone(), parts::now, end.clone()));
    if let Some(slack) = &slack {
        let publisher = Publisher {
            store,
            slack: slack.api.clone(),
            render: slack.render.clone(),
            clock: parts::now,
        };
        tasks.spawn(publisher.run(end.clone()));
        let actor = Actor {
            services: doors.clone(),
            render: slack.render.clone(),
            slack: slack.api.clone(),
            clock: parts::now,
        };
        if let Some(sockets) =
            config.slack.as_ref().and_then(|config| sockets(config, slack, actor.clone()))
        {
            tasks.spawn(sockets.run(end.clone()));
        }
        tasks.spawn(chat::retry_owed(actor, end.clone()));
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("listening on {} (SIGNOFF_LISTEN)", config.listen))?;
    tracing::info!("serve listens on {} · Slack {}", config.listen, manner(slack.as_ref()));
    let router =
        web::router(Web { proven, services: doors, render: place, slack, clock: parts::now });
    let ending = end.clone();
    let serving = axum::serve(listener, router)
        .with_graceful_shutdown(async move { ending.cancelled().await });
    tokio::select! {
        served = serving => served.context("serving")?,
        // A `serve` that answers but draws nothing would look well and be of no use.
        broke = first_to_break(&mut tasks, &end) => return Err(broke.into()),
    }
    let _ = timeout(END_PATIENCE, async { while tasks.join_next().await.is_some() {} }).await;
    Ok(exit::OK)
}

/// The way to Slack, and what is known of the ways back.
fn door(config: &SlackConfig, render: RenderContext) -> SlackEndpoint {
    SlackEndpoint {
        verifier: config.signing_secret.clone().map(|secret| Arc::new(Verifier::new(vec![secret]))),
        socket: config.app_token.as_ref().map(|_| SocketHealth::default()),
        api: api(config, config.bot_token.clone()),
        api_url: config.api_url.clone(),
        render,
    }
}

fn api(config: &SlackConfig, token: SecretString) -> SlackApi {
    SlackApi::new(SlackApiConfig {
        // Emulators do not mind how fast we are.
        rate_limits: if config.api_url.is_some() {
            RateLimits::generous()
        } else {
            RateLimits::slack()
        },
        ..SlackApiConfig::new(config.api_url.clone(), token)
    })
}

/// Socket Mode, where there is a token for it. What comes in by it goes the way of all requests.
fn sockets(config: &SlackConfig, door: &SlackEndpoint, actor: Actor) -> Option<SocketMode> {
    let take: Take = Arc::new(move |inbound, delivered| {
        let actor = actor.clone();
        async move { actor.receive(inbound, delivered.into()).await }.boxed()
    });
    Some(SocketMode {
        api: api(config, config.app_token.clone()?),
        api_url: config.api_url.clone(),
        take,
        health: door.socket.clone()?,
        patience: SocketPatience::default(),
    })
}

fn manner(slack: Option<&SlackEndpoint>) -> &'static str {
    match slack {
        None => "is not configured",
        Some(door) if door.socket.is_some() => "speaks by sockets",
        Some(_) => "speaks by HTTP",
    }
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
