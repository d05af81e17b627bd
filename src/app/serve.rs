//! The command `serve`: what is it made of?
//! A web server for Slack and for people's browsers, and the tasks that draw threads, retry and clean up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::FutureExt;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::clean_up::clean_up;
use super::{Failure, exit, parts};
use crate::chat::{self, Actor};
use crate::commands::Services;
use crate::config::{Config, SlackConfig};
use crate::publisher::{Publisher, QueueView, QueueWatch};
use crate::slack::{
    RateLimits, SLACKS_PACE, SlackApi, SlackApiConfig, SocketHealth, SocketMode, SocketPatience,
    Take, Verifier,
};
use crate::web::{self, SlackEndpoint, Web};

/// What is not finished by then is in the database, and another process finishes it.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers Slack, draws threads and serves pages until asked to end.
pub async fn serve(config: Config) -> Result<u8, Failure> {
    let proven = chat::prove()
        .context("this program does not refuse who may not decide, so it does not start")?;
    let end = parts::asked_to_end();
    let store = parts::migrated_store(&config).await?;
    let key = parts::link_key(&store).await?;
    let slack = slack_endpoint(&config, key.clone());
    let here = Some(parts::linked_from_here(&config));
    let render = parts::render_context(&config, key, here);
    let artifacts = parts::artifacts_to_look_at(&config);
    let services = parts::services(&config, store, artifacts);
    let mut background = Background::new(end.clone());
    background.start(&config, &services, slack.as_ref());
    let listener = listen(config.listen).await?;
    tracing::info!("serve listens on {} · Slack {}", config.listen, transport(slack.as_ref()));
    let web = Web { proven, services, render, slack, clock: parts::now };
    tokio::select! {
        () = web::serve(listener, web::router(web), end) => {}
        // A `serve` that answers but draws nothing would look well and be of no use.
        broke = background.first_to_break() => return Err(broke.into()),
    }
    background.finish().await;
    tracing::info!("serve ends, as it was asked to");
    Ok(exit::OK)
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address} (SIGNOFF_LISTEN)"))
}

/// The tasks that run beside the web server.
struct Background {
    tasks: JoinSet<()>,
    end: CancellationToken,
}

impl Background {
    fn new(end: CancellationToken) -> Self {
        Self { tasks: JoinSet::new(), end }
    }

    fn start(&mut self, config: &Config, services: &Services, slack: Option<&SlackEndpoint>) {
        self.spawn(clean_up(services.store.clone(), parts::now, self.end.clone()));
        if let (Some(config), Some(slack)) = (&config.slack, slack) {
            self.start_slack(config, services, slack);
        }
    }

    fn start_slack(&mut self, config: &SlackConfig, services: &Services, slack: &SlackEndpoint) {
        let publisher = Publisher {
            store: services.store.clone(),
            slack: slack.api.clone(),
            render: slack.render.clone(),
            queue: QueueView::default(),
        };
        let (store, projects) = (services.store.clone(), services.projects.clone());
        let watch = QueueWatch { store, projects, view: publisher.queue.clone() };
        self.spawn(watch.run(self.end.clone()));
        self.spawn(publisher.run(self.end.clone()));
        let actor = actor(services, slack);
        if let Some(socket_mode) = socket_mode(config, slack, actor.clone()) {
            self.spawn(socket_mode.run(self.end.clone()));
        }
        self.spawn(chat::retry_owed(actor, self.end.clone()));
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until a task ends that nobody asked to end.
    async fn first_to_break(&mut self) -> anyhow::Error {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(())) if self.end.is_cancelled() => {}
                Some(Ok(())) => return anyhow!("a part of serve ended by itself"),
                Some(Err(e)) => return anyhow!(e).context("a part of serve broke"),
                None => std::future::pending().await,
            }
        }
    }

    async fn finish(mut self) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(SHUTDOWN_TIMEOUT, all).await;
    }
}

fn actor(services: &Services, slack: &SlackEndpoint) -> Actor {
    Actor {
        services: services.clone(),
        render: slack.render.clone(),
        slack: slack.api.clone(),
        clock: parts::now,
    }
}

/// The way to Slack, and what is known of the ways back; none where Slack is not configured.
fn slack_endpoint(config: &Config, key: Vec<u8>) -> Option<SlackEndpoint> {
    let slack = config.slack.as_ref()?;
    let signing_secret = slack.signing_secret.clone();
    Some(SlackEndpoint {
        verifier: signing_secret.map(|secret| Arc::new(Verifier::new(vec![secret]))),
        socket: slack.app_token.as_ref().map(|_| SocketHealth::default()),
        api: api(slack, slack.bot_token.clone()),
        api_url: slack.api_url.clone(),
        render: parts::render_context(config, key, parts::linked_from_slack(config)),
    })
}

fn api(config: &SlackConfig, token: SecretString) -> SlackApi {
    SlackApi::new(SlackApiConfig {
        rate_limits: RateLimits::at_pace(config.edits_a_minute.unwrap_or(SLACKS_PACE)),
        ..SlackApiConfig::new(config.api_url.clone(), token)
    })
}

/// Socket Mode, where there is a token for it. What comes in by it goes the way of all requests.
fn socket_mode(config: &SlackConfig, endpoint: &SlackEndpoint, actor: Actor) -> Option<SocketMode> {
    let take: Take = Arc::new(move |inbound, received| {
        let actor = actor.clone();
        async move { actor.receive(inbound, received.into()).await }.boxed()
    });
    Some(SocketMode {
        api: api(config, config.app_token.clone()?),
        api_url: config.api_url.clone(),
        take,
        health: endpoint.socket.clone()?,
        patience: SocketPatience::default(),
    })
}

fn transport(slack: Option<&SlackEndpoint>) -> &'static str {
    match slack {
        None => "is not configured",
        Some(endpoint) if endpoint.socket.is_some() => "speaks by sockets",
        Some(_) => "speaks by HTTP",
    }
}
