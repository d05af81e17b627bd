//! The runs that are part of another, as the workflow sees them: each is a child workflow, a run like any other.
//! Features of a batch, or stages side by side. All begin at once, and how each ends is told as soon as it does; a stop is passed on, and then
//! all are waited for: what is good is kept.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, select_all};
use temporalio_sdk::{
    ActivityOptions, ChildWorkflowOptions, ParentClosePolicy, SignalWorkflowOptions,
    WorkflowResult, WorkflowTermination, workflows,
};

use super::activity::{ActivityEnd, run_cancellable};
use super::journal::{emit, record_events, record_options, take_decisions};
use super::{Ctx, Develop};
use crate::engine::activities::{Activities, ChildInput, PreviewInput, SignedStop};
use crate::engine::attributes_of;
use crate::engine::retry_policy::{HEARTBEAT_TIMEOUT, PREVIEW_TIMEOUT, preview_policy};
use crate::run::{FeatureEnd, Happened, MergePreview, Outcome, Run, RunId, Snapshot};

/// How a run that is under way will end: its number, and why its workflow is gone, where it did not end by itself.
type Child = LocalBoxFuture<'static, (usize, Option<String>)>;

/// Lets all go on that are not over.
pub(super) async fn children(ctx: &Ctx) -> WorkflowResult<()> {
    let open = ctx.state(|s| s.run.children_under_way());
    let mut children = Vec::<Child>::new();
    for n in open {
        take_decisions(ctx).await?;
        if ctx.state(|s| s.run.children_called_off().contains(&n)) {
            let why = "stopped before it began".to_owned();
            child_ended(ctx, n, FeatureEnd::nothing(Outcome::Stopped, why));
            continue;
        }
        match begin(ctx, n).await? {
            Ok(child) => children.push(child),
            Err(why) => child_ended(ctx, n, FeatureEnd::nothing(Outcome::Failed, why)),
        }
    }
    let mut told = BTreeSet::new();
    while !children.is_empty() {
        record_events(ctx).await?;
        let off = ctx.state(|s| s.run.children_called_off());
        if !off.iter().all(|n| told.contains(n)) {
            stop_called_off(ctx).await?;
            told.extend(off);
        }
        match next_end(ctx, &mut children).await? {
            Some((n, lost)) => {
                let end = ended(ctx, n, lost).await?;
                child_ended(ctx, n, end);
            }
            None => take_decisions(ctx).await?,
        }
        if ctx.cancellation_token().is_cancelled() {
            return Err(WorkflowTermination::cancelled());
        }
    }
    Ok(())
}

fn child_ended(ctx: &Ctx, n: usize, end: FeatureEnd) {
    let ended = ctx.state(|s| s.run.child_ended(n, end));
    emit(ctx, ended);
}

/// Starts a child; why not, where Temporal takes none like it.
async fn begin(ctx: &Ctx, n: usize) -> WorkflowResult<Result<Child, String>> {
    record_events(ctx).await?;
    let input = ctx.state(|s| ChildInput { run: s.run.id().clone(), n, lost: None });
    let asked = ctx.execute_activity(Activities::begin_child, input, record_options(ctx)).await?;
    let request = &asked.request;
    let summary = match &request.part_of {
        Some(member) if member.is_stage => format!("stage {n} · {}", member.slug),
        _ => format!("feature {n} · {}", request.brief),
    };
    let attributes = attributes_of(&asked.request);
    let options = ChildWorkflowOptions::builder()
        .workflow_id(asked.request.run.to_string())
        .parent_close_policy(ParentClosePolicy::RequestCancel)
        .static_summary(summary)
        .search_attributes(attributes)
        .build();
    Ok(match ctx.start_child_workflow(Develop::run, asked, options).await {
        Ok(child) => Ok(child
            .result()
            .map(move |ended| (n, ended.err().map(|error| error.to_string())))
            .boxed_local()),
        Err(error) => Err(error.to_string()),
    })
}

/// Waits until one ends, which is then no child any more; none where an answer came before.
async fn next_end(
    ctx: &Ctx,
    children: &mut Vec<Child>,
) -> WorkflowResult<Option<(usize, Option<String>)>> {
    let mut ending = select_all(children.iter_mut()).fuse();
    let ended = workflows::select! {
        answered = ctx.wait_condition(|s: &Develop| s.has_decisions()) => { answered?; None },
        (ended, at, _) = ending => Some((ended, at)),
    };
    drop(ending);
    Ok(ended.map(|(ended, at)| {
        drop(children.remove(at));
        ended
    }))
}

async fn ended(ctx: &Ctx, n: usize, lost: Option<String>) -> WorkflowResult<FeatureEnd> {
    let input = ctx.state(|s| ChildInput { run: s.run.id().clone(), n, lost });
    Ok(ctx.execute_activity(Activities::child_ended, input, record_options(ctx)).await?)
}

/// Stops every child that nobody wants any more. One that ends meanwhile needs no stop.
async fn stop_called_off(ctx: &Ctx) -> WorkflowResult<()> {
    let run = ctx.state(|s| s.run.id().clone());
    let stops = ctx.execute_activity(Activities::stop_children, run, record_options(ctx)).await?;
    for SignedStop { run, decision } in stops {
        let child = ctx.external_workflow(run.to_string(), None);
        let _ = child.signal(Develop::decide, decision, SignalWorkflowOptions::default()).await;
    }
    Ok(())
}

/// Sees what merging these will be like. Where that cannot be known, they are merged in their own order.
pub(super) async fn preview_merge(
    ctx: &Ctx,
    features: Vec<(usize, RunId, Snapshot)>,
) -> WorkflowResult<()> {
    record_events(ctx).await?;
    let in_order = MergePreview::of(&features.iter().map(|(n, ..)| *n).collect::<Vec<_>>(), vec![]);
    let input = ctx.state(|s| PreviewInput { run: s.run.id().clone(), features });
    let scope = ctx.cancellation_token().child_token();
    let options = ActivityOptions::with_start_to_close_timeout(PREVIEW_TIMEOUT)
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .cancellation_token(scope.clone())
        .retry_policy(preview_policy())
        .summary("what merging will be like".to_owned())
        .build();
    let trying = ctx.execute_activity(Activities::preview_merge, input, options);
    let preview = match run_cancellable(ctx, trying, &scope, Run::was_stopped).await? {
        ActivityEnd::Completed(preview) => preview,
        ActivityEnd::Lost(_) | ActivityEnd::HandedBack(_) => in_order,
    };
    emit(ctx, Happened::Previewed(preview));
    Ok(())
}
