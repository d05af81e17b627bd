//! How is a run started?
//! Asked twice with one key, it is one run; where nothing started, nothing is left behind.

use std::iter;

use super::again::StartAgain;
use super::features::{make_batch, save_texts};
use super::pruned::not_taken_over;
use super::{AdmittedStart, Asker, Reply, ReplyKind, Services, StartRun};
use crate::config::Project;
use crate::engine::EngineError;
use crate::run::{
    Again, AgentKind, Approver, Fix, GateSpec, NotFrom, Pipeline, PipelineText, Policy, Request,
    RunEstimate, RunId,
};
use crate::store::{AskedRun, Sender, StoreError};
use crate::thread;

/// Earlier runs that an estimate looks at.
const SIMILAR: i64 = 30;

/// Starts a run.
pub async fn start(services: &Services, admitted: AdmittedStart) -> Result<Reply, StoreError> {
    let (start, asker, key) = admitted.into_parts();
    let projects = services.projects.current();
    let Some(project) = projects.get(&start.project) else {
        return Ok(Reply::new(
            ReplyKind::Unknown,
            format!("There is no project `{}` any more.", start.project),
        ));
    };
    let said_at = asker.said.at;
    let pipeline = match pipeline_of(project, start.fix.as_ref()) {
        Ok(pipeline) => pipeline,
        Err(why) => return Ok(Reply::new(ReplyKind::Unknown, why)),
    };
    services.store.save_pipeline(&pipeline.pipeline.digest, &pipeline.text).await?;
    let (again, features) = (start.again.clone(), start.features.clone());
    let mut request = request(project, (start, pipeline.pipeline), asker);
    request.rehearsal &= services.rehearsal;
    if !features.is_empty()
        && let Err(why) = fan_out(services, &mut request, project, features).await?
    {
        return Ok(Reply::new(ReplyKind::Unknown, why));
    }
    tighten(&mut request.pipeline, &project.approvers, &projects.policy);
    if let Some(batch) = &mut request.batch {
        tighten(&mut batch.pipeline, &project.approvers, &projects.policy);
    }
    if let Some(again) = again
        && let Err(why) = take_up(services, &mut request, again).await?
    {
        return Ok(Reply::new(ReplyKind::Unknown, why));
    }
    estimate(services, &mut request).await?;
    request.money = Some(projects.policy.money_terms(&project.approvers));
    let reply = match services.store.ask_for_run(&key, &request, said_at).await? {
        AskedRun::Taken(request, sender) => send(services, &request, sender).await?,
        AskedRun::Pruned { of, at } => Reply::new(ReplyKind::Unknown, not_taken_over(&of, at)),
    };
    Ok(match services.projects.problem() {
        Some(problem) => reply.and(&problem),
        None => reply,
    })
}

/// Who says what becomes of a stage that has failed: whoever its own gate asks, where nobody is listed for it.
fn asking(recovery: &GateSpec, gate: Option<&GateSpec>) -> GateSpec {
    let Some(gate) = gate.filter(|_| recovery.approvers.is_empty()) else {
        return recovery.clone();
    };
    GateSpec {
        approvers: gate.approvers.clone(),
        only: gate.only.clone(),
        self_approval: gate.self_approval,
        ..recovery.clone()
    }
}

/// Takes over what is good of the run that is done once more; else why that cannot be, for people.
async fn take_up(
    services: &Services,
    request: &mut Request,
    StartAgain { run, from, model }: StartAgain,
) -> Result<Result<(), String>, StoreError> {
    if let Some(model) = model
        && let Err(why) = choose(request, &model)
    {
        return Ok(Err(why));
    }
    let Some(from) = from else {
        request.again = Some(Again::anew(run));
        return Ok(Ok(()));
    };
    let Some(other) = services.store.run(&run).await? else {
        return Ok(Err(format!("`{run}` is not known here any more. Nothing was started.")));
    };
    let pruned_at = services.store.pruned_at(&run).await?;
    Ok(match Again::from(&other, request, &from) {
        Ok(again)
            if !again.kept.is_empty()
                && let Some(at) = pruned_at =>
        {
            Err(not_taken_over(&run, at))
        }
        Ok(again) => {
            request.again = Some(again);
            Ok(())
        }
        Err(NotFrom::Elsewhere) => Err(format!(
            "`{run}` has another repository than {} has now, or only one of the two is a rehearsal: start it without `from`. Nothing was started.",
            request.project
        )),
        Err(NotFrom::Changed(stage)) => Err(format!(
            "{stage} is done otherwise now than in `{run}`: `again {run} from {stage}`. Nothing was started."
        )),
        Err(NotFrom::Unapproved(stage)) => Err(format!(
            "The approvals of {stage} in `{run}` do not count for a run of yours: `again {run} from {stage}`. Nothing was started."
        )),
        Err(NotFrom::NoSuchStage) => {
            Err(format!("{} has no stage `{from}`. Nothing was started.", request.project))
        }
        Err(NotFrom::Unfinished(stage)) => Err(format!(
            "{stage} comes before {from} and has no good work in `{run}`. Start from there: `again {run} from {stage}`. Nothing was started."
        )),
    })
}

/// With this model of those that its pipeline offers; else why not, for people.
fn choose(request: &mut Request, model: &str) -> Result<(), String> {
    let of_features = request.batch.as_mut().map(|batch| &mut batch.pipeline.agent);
    let mut agents = [Some(&mut request.pipeline.agent), of_features];
    if agents.iter().flatten().any(|agent| !agent.offers(model)) {
        return Err(format!(
            "The pipeline of {} does not offer `{model}`: list it in its file, `models = [\"…\"]`. Nothing was started.",
            request.project
        ));
    }
    for agent in agents.iter_mut().flatten() {
        let usual = agent.model.replace(model.to_owned());
        agent.models.retain(|offered| offered != model);
        agent.models.extend(usual.filter(|usual| usual != model));
    }
    Ok(())
}

/// Says what it will probably cost. That is also its budget, three times, where nobody named one.
async fn estimate(services: &Services, request: &mut Request) -> Result<(), StoreError> {
    let one = request.feature(1);
    let of = one.as_ref().unwrap_or(request);
    let earlier = services.store.ended_runs(Some(&of.pipeline.name), SIMILAR).await?;
    let estimate = RunEstimate::of_request(of, &earlier);
    if let Some(batch) = &request.batch {
        // Features are alike in nothing but how they are done: as many times what one of them would be given.
        let all = || Some(iter::repeat_n(estimate.budget()?, batch.features.len()).sum());
        request.budget_usd = request.budget_usd.or_else(|| all().filter(|_| !request.rehearsal));
        return Ok(());
    }
    if !request.rehearsal {
        request.budget_usd = request.budget_usd.or_else(|| estimate.budget());
    }
    request.estimate = Some(estimate);
    Ok(())
}

/// Makes it a batch of these features; else why that cannot be, for people.
async fn fan_out(
    services: &Services,
    request: &mut Request,
    project: &Project,
    features: Vec<String>,
) -> Result<Result<(), String>, StoreError> {
    let mint = || RunId::mint(&project.name, rand::random());
    Ok(match make_batch(request, project, features, mint) {
        Ok(texts) => Ok(save_texts(&services.store, &texts).await?),
        Err(problems) => Err(format!(
            "The pipeline of this project cannot be made one for features: {problems}. Nothing was started."
        )),
    })
}

/// The pipeline as it is written down; to fix something, one that is made of it. Else why there is none, for people.
fn pipeline_of(project: &Project, fix: Option<&Fix>) -> Result<PipelineText, String> {
    let Some(fix) = fix else { return Ok(project.pipeline.clone()) };
    project.pipeline.fixing(fix).map_err(|e| format!("{e}. Nothing was started."))
}

fn request(project: &Project, (start, pipeline): (StartRun, Pipeline), asker: Asker) -> Request {
    Request {
        run: RunId::mint(&project.name, rand::random()),
        project: project.name.clone(),
        rehearsal: pipeline.agent.kind == AgentKind::Claude,
        pipeline,
        brief: start.brief,
        budget_usd: start.budget.or(project.budget),
        starter: asker.person,
        approvers: project.approvers.clone(),
        channel: asker.channel.or_else(|| project.channel.clone()),
        repository: project.repository.clone(),
        start_branch: project.branch.clone(),
        money: None,
        estimate: None,
        again: None,
        push_attempts: project.push_attempts && project.repository.is_some(),
        waits_for_workers: true,
        batch: None,
        part_of: None,
        notes: Vec::new(),
        beyond_months: false,
        fix: start.fix,
        queued: true,
    }
}

/// Its gates as they hold for this run: the policy and the project's approvers are settled when it starts.
fn tighten(pipeline: &mut Pipeline, approvers: &[Approver], policy: &Policy) {
    for stage in &mut pipeline.stages {
        if let Some(gate) = &mut stage.gate {
            *gate = policy.tightened(gate, approvers);
        }
        if let Some(recovery) = &mut stage.recovery {
            // What becomes of a failure is decided by one; its work is approved by as many as ever.
            let tightened = policy.tightened(&asking(recovery, stage.gate.as_ref()), approvers);
            *recovery = GateSpec { quorum: 1, ..tightened };
        }
        // A question that nobody could answer is none.
        stage.recovery =
            stage.recovery.take().filter(|it| !it.approvers_required || !it.approvers.is_empty());
    }
}

/// Sends a run on that was asked for before, and whose start was never confirmed.
pub async fn retry_start(services: &Services, run: &RunId) -> Result<Option<Reply>, StoreError> {
    match services.store.run(run).await? {
        Some(run) => send(services, &run.request, Sender::Another).await.map(Some),
        None => Ok(None),
    }
}

async fn send(services: &Services, request: &Request, sender: Sender) -> Result<Reply, StoreError> {
    let run = &request.run;
    let reply = match services.engine.start(request).await {
        Ok(()) => {
            services.store.run_was_sent(request).await?;
            tracing::info!(run.id = %run, "run {run} was started by {}", request.starter);
            let again = request.again.as_ref().map(thread::figures::again);
            let again = again.map(|again| format!(": {again}")).unwrap_or_default();
            let reply = Reply::new(ReplyKind::Done, format!("Started `{run}`{again}."));
            let reply = match request.fix.as_ref().map(thread::figures::fix) {
                Some(fix) => reply.and(&fix),
                None => reply,
            };
            let budget = request.budget_usd.map(|budget| format!(" Its budget is {budget}."));
            let estimate = request.estimate.as_ref().map(|it| thread::estimated(&it.whole));
            match estimate {
                Some(estimate) => reply.and(&(estimate + &budget.unwrap_or_default())),
                None => reply,
            }
        }
        Err(EngineError::Unsure(why)) => {
            tracing::warn!(run.id = %run, error = %why, "the start of {run} is not confirmed yet");
            unsure(run)
        }
        Err(why) => {
            tracing::error!(run.id = %run, error = %why, "could not start {run}");
            // Only where nobody else sent it is it sure that nothing came of it.
            if sender == Sender::Only && services.store.forget_run(run).await? {
                return Ok(Reply::new(ReplyKind::Away, nothing_was_started(&why)));
            }
            unsure(run)
        }
    };
    Ok(reply.about(run))
}

fn unsure(run: &RunId) -> Reply {
    Reply::new(
        ReplyKind::Unsure,
        format!(
            "`{run}` was asked for, but Temporal has not confirmed it yet. It is sent again until it has."
        ),
    )
}

const fn nothing_was_started(why: &EngineError) -> &'static str {
    match why {
        EngineError::NotSent(_) => {
            "Temporal cannot be reached, so nothing was started. Please try again in a minute."
        }
        _ => "Temporal refused to start this run; the log says why. Nothing was started.",
    }
}
