//! What must be true of a run after every story: of its thread, and of its workflow?

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::Offset;
use serde_json::{Value, json};
use signoff::run::{GroupId, Phase, Run, RunId};
use signoff::thread::{Groups, Links, RenderContext, RenderInput, To, render};
use tokio::time::timeout;

use super::slack::{State, TEAM};
use super::{World, now, temporal, wait};

/// A worker that just started may have to make the whole run again before it can answer.
const PATIENCE: Duration = Duration::from_mins(1);
const ANSWER: Duration = Duration::from_secs(20);

/// Each message that should exist does, once, and shows what the drawing code makes of the events now.
pub async fn is_drawn(world: &World, id: &RunId) -> Result<()> {
    let run = world.store.run(id).await?.context("a run that is listed")?;
    if run.request.channel.is_none() {
        return Ok(());
    }
    let key = world.store.key("links", &[]).await?;
    // Links are there where people can open them: not where `serve` listens on all addresses and has no public one.
    let linked = world.serve.setting("SIGNOFF_LISTEN").starts_with("127.");
    let has_thread = async || Ok(world.store.thread(id).await?.is_some());
    wait::until(&format!("{id} to have a thread"), has_thread).await?;
    let (channel, root) = world.store.thread(id).await?.context("a run without a thread")?;
    let thread = root
        .map(|ts| {
            format!("https://acme.slack.com/archives/{}/p{}", channel.channel, ts.replace('.', ""))
                .parse()
        })
        .transpose()?;
    let place = RenderContext {
        links: linked.then(|| world.web.parse().map(|base| Links::new(key, base))).transpose()?,
        clock_zone: chrono::Utc.fix(),
        real_slack: false,
        thread,
    };
    // A story may end while its run goes on: what the events say is asked anew at each look.
    let difference = async || -> Result<Option<String>> {
        let run = world.store.run(id).await?.context("a run that is listed")?;
        let stands = matches!(
            run.phase(),
            Phase::Done | Phase::Failed | Phase::Rejected | Phase::Stopped | Phase::Waiting
        );
        let children = world.store.children_of(&run).await?;
        let batch = world.store.batch_of_ended(&run).await?;
        let differs = |state: &State| differs(state, (&run, &children, batch.as_ref()), &place);
        Ok(stands.then(|| world.slack.peek(differs)).flatten())
    };
    let what = format!("the thread of {id} to agree with its events");
    match wait::until(&what, async || Ok(difference().await?.is_none())).await {
        Ok(()) => Ok(()),
        vain => vain.context(difference().await?.unwrap_or_default()),
    }
}

/// What the thread shows otherwise than the events say; none where they agree.
fn differs(
    state: &State,
    (run, children, batch): (&Run, &[Run], Option<&Run>),
    place: &RenderContext,
) -> Option<String> {
    let groups = state
        .groups
        .iter()
        .map(|it| (GroupId { team: TEAM.to_owned(), group: it.id.clone() }, it.members.clone()));
    let groups = Groups(groups.collect());
    let input = RenderInput {
        run,
        progress: None,
        groups: &groups,
        children,
        children_queued: &[],
        children_progress: &[],
        batch,
        queued: None,
    };
    render(input, now(), place).into_iter().find_map(|message| {
        let there = state.with_key(&format!("{}/{}", run.id(), message.key));
        if there.is_empty() && matches!(message.to, To::Person(_)) && !message.asks() {
            return None; // Who was not called before it was over is not called any more.
        }
        let [shown] = there.as_slice() else {
            return Some(format!("{} is there {} times", message.key, there.len()));
        };
        let (shown, drawn) = (nameless(&json!(shown.blocks)), nameless(&json!(message.blocks)));
        (shown != drawn)
            .then(|| format!("{} shows\n{shown}\nand should show\n{drawn}", message.key))
    })
}

/// Blocks without their ids: Slack makes up those that are left out.
fn nameless(blocks: &Value) -> Value {
    let without = |block: &Value| {
        let mut block = block.clone();
        block.as_object_mut().map(|fields| fields.remove("block_id"));
        block
    };
    blocks.as_array().into_iter().flatten().map(without).collect()
}

/// The workflow's own view of its run is the fold of the events.
pub async fn agrees_with_its_workflow(world: &World, id: &RunId) -> Result<()> {
    // A question that comes with the end of a workflow can be lost, and is asked again.
    let asked = async {
        loop {
            if let Ok(state) = timeout(ANSWER, temporal::state(world, id)).await {
                return state;
            }
        }
    };
    let state = timeout(PATIENCE, asked).await;
    let state = state.with_context(|| format!("the workflow of {id} does not answer"))??;
    let run = world.store.run(id).await?.context("a run that is listed")?;
    ensure!(
        state.seq != run.seq || state == run,
        "the workflow's state is not the fold of its events:\n{state:#?}\n{run:#?}"
    );
    Ok(())
}
