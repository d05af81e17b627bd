//! The activity `review`: what does a second reader find in good work?
//! A fresh session in a clone that is thrown away: nothing that it does changes the work, and whatever becomes of it is told and fails nothing.
//! May be repeated by another worker; what was paid stays counted, and counts as the review's.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use uuid::Uuid;

use super::WriteInput;
use super::agent_choice::NoAgent;
use super::agent_watch::AgentRan;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::failure::AttemptId;
use super::handover::Handover;
use super::heartbeat::with_heartbeat_to_the_end;
use super::prepare::{prompt, variables};
use super::write_attempt::{Spent, WriteAttempt};
use crate::agent::{Assignment, Session, Tools};
use crate::engine::retry_policy::review_timeout;
use crate::files;
use crate::run::{
    AgentEnd, ClaimedFinding, Finding, Review, ReviewPlan, Run, Snapshot, Tokens, Usd, WorkFiles,
    findings_in, review_prompt,
};
use crate::workspace::Shadow;

/// Beside what the attempt's own agent left.
const FOLDER: &str = "review";
const PROMPT: &str = "review.txt";
const LOG: &str = "review.jsonl";
/// What a worker had that died before it could say so.
const DONE: &str = "reviewed.json";
/// Longest part of the changes that is shown, in bytes: the rest is in the code.
const CHANGES: usize = 60_000;
/// Tells a script that nobody wants it to write.
const VARIABLE: (&str, &str) = ("SIGNOFF_REVIEW", "1");

/// What is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReviewInput {
    /// As the attempt's own agent was told it; its base is the work.
    pub write: WriteInput,
    /// What the stage began with.
    pub began: Snapshot,
    /// What the attempt had spent before.
    pub tokens: Tokens,
    pub cost_usd: Usd,
}

impl ReviewInput {
    pub(in crate::engine) fn new(run: &Run, plan: &ReviewPlan) -> Self {
        let write = WriteInput::reading(&run.request, plan);
        let (tokens, cost_usd) = plan.paid;
        Self { write, began: plan.began.clone(), tokens, cost_usd }
    }

    /// The work.
    fn snapshot(&self) -> Result<&Snapshot> {
        self.write.base.as_ref().context("nothing is there to be read")
    }

    /// Of all that was spent on the attempt, what its review did.
    fn own(&self, spent: &Handover) -> (Tokens, Usd) {
        (spent.tokens.minus(self.tokens), spent.cost_usd.minus(self.cost_usd))
    }

    /// What nobody could read, and what was spent on that.
    pub(in crate::engine) fn failed(&self, why: &str, spent: &Handover) -> Review {
        let (tokens, cost_usd) = self.own(spent);
        Review { tokens, cost_usd, ..Review::none(why) }
    }
}

impl Bench {
    pub(super) async fn review(
        &self,
        ctx: &ActivityContext,
        input: &ReviewInput,
    ) -> Result<Review, ActivityError> {
        let (spent, write) = (Spent::default(), &input.write);
        let _slot = self.slots.hold(write);
        spent.is(&Handover {
            tokens: input.tokens,
            cost_usd: input.cost_usd,
            ..Handover::default()
        });
        let error = match Box::pin(self.read_work(ctx, input, &spent)).await {
            Ok(review) => return Ok(review),
            Err(error) => error,
        };
        Err(self
            .hand_back_or_fail(ctx, (write.into(), write.may_hand_back), error, spent.known())
            .await)
    }

    async fn read_work(
        &self,
        ctx: &ActivityContext,
        input: &ReviewInput,
        spent: &Spent,
    ) -> Result<Review, ActivityError> {
        let write = &input.write;
        let of = AttemptId::from(write);
        let folder = AttemptFolder::take_within(&self.runs, of, FOLDER)?;
        if let Some(review) =
            fs::read(folder.at(DONE)).ok().and_then(|it| serde_json::from_slice(&it).ok())
        {
            return Ok(review);
        }
        let heartbeat: Option<Handover> = ctx.heartbeat_details().deserialize()?;
        let known = Handover::newest(heartbeat.or_else(|| Some(spent.known())), &folder.folder);
        let before = self.with_ledger(of, known).await?;
        // A reader that died is not resumed: it had only begun to look.
        let before = Handover { session: None, done: None, ..before };
        spent.is(&before);
        let token = self.store.take_attempt(&of.into()).await;
        let token = token.context("taking the attempt")?;
        let reading = WriteAttempt { bench: self, input: write, folder, token, before, spent };
        let review = reading.read(ctx, input).await?;
        let text = serde_json::to_vec(&review).context("saving what was found")?;
        files::write(&reading.folder.at(DONE), text).context("saving what was found")?;
        let keeping = self.keep_files(of, &reading.folder, &[PROMPT, LOG]);
        with_heartbeat_to_the_end(ctx, &spent.known(), keeping).await?;
        Ok(review)
    }
}

/// In all that a reader said; where that is nothing, in its last words, which are cut.
fn claims(said: &str, words: Option<&str>, work: &WorkFiles) -> Vec<ClaimedFinding> {
    let found = findings_in(said, work);
    if found.is_empty() { findings_in(words.unwrap_or_default(), work) } else { found }
}

/// Looks in the work itself: an agent says many things.
async fn places_found(
    shadow: &Shadow,
    work: &Snapshot,
    claims: Vec<ClaimedFinding>,
) -> Result<Vec<Finding>> {
    let files: BTreeSet<&str> = claims.iter().filter_map(ClaimedFinding::file).collect();
    let lines = shadow.line_counts(work, &files).await.context("counting lines of the work")?;
    let found = claims.into_iter().map(|claim| {
        let lines = claim.file().and_then(|file| lines.get(file)).copied();
        claim.found_in(lines)
    });
    Ok(found.collect())
}

impl WriteAttempt<'_> {
    async fn read(
        &self,
        ctx: &ActivityContext,
        input: &ReviewInput,
    ) -> Result<Review, ActivityError> {
        let snapshot = input.snapshot()?;
        let door =
            self.bench.open_meter(self.input.into(), &self.before, self.input.budget_left_usd)?;
        let agent = match self.bench.agent_for(self.input, door) {
            Ok(agent) => agent,
            Err(NoAgent::Unfit(unfit)) if self.input.may_hand_back => {
                return Err(unfit.error().into());
            }
            Err(NoAgent::Unfit(unfit)) => return Ok(input.failed(&unfit.to_string(), &self.before)),
            Err(NoAgent::Wrong(why)) => return Ok(input.failed(&why, &self.before)),
        };
        let preparing = Box::pin(self.prepare_reading(input, snapshot));
        let prepared = with_heartbeat_to_the_end(ctx, &self.before, preparing).await?;
        let (shadow, assignment) = prepared?;
        let AgentRan { report, after, said, .. } = self.run_agent(ctx, agent, &assignment).await?;
        self.folder.clear().await;
        self.hand_over(ctx, after.clone()).await?;
        match &report.end {
            AgentEnd::Stopped => Err(ActivityError::cancelled_with_details(after)),
            AgentEnd::Failed { why, .. } => {
                self.bench.refuse_when_asked_to_end().await?;
                Ok(input.failed(why, &after))
            }
            AgentEnd::Finished => {
                let names =
                    shadow.files(snapshot).await.context("listing the files of the work")?;
                let work = WorkFiles { names, folder: assignment.worktree.display().to_string() };
                let claims = claims(&said, report.words.as_deref(), &work);
                let findings = places_found(&shadow, snapshot, claims).await?;
                let (tokens, cost_usd) = input.own(&after);
                Ok(Review { findings, agent: report.info, tokens, cost_usd, ..Review::default() })
            }
        }
    }

    /// What a second reader begins with: the work, and nothing of whoever wrote it.
    async fn prepare_reading(
        &self,
        input: &ReviewInput,
        snapshot: &Snapshot,
    ) -> Result<(Shadow, Assignment)> {
        let shadow = self.bench.shadow_with(&self.input.run, &[snapshot, &input.began]).await;
        let shadow = shadow.context("opening the shadow repository")?;
        self.folder.clear().await;
        let (work, home) = (self.folder.at("work"), self.folder.at("home"));
        shadow.checkout(snapshot, &work).await.context("cloning the work")?;
        fs::create_dir_all(&home).context("making the reader's home")?;
        let prompt = self.reading_prompt(&shadow, (input, snapshot)).await?;
        fs::write(self.folder.at(PROMPT), &prompt).context("keeping the prompt")?;
        let mut env = variables(self.input.into(), &shadow).await?;
        env.push((VARIABLE.0.to_owned(), VARIABLE.1.to_owned()));
        let (log, timeout) = (self.folder.at(LOG), review_timeout(&self.input.stage));
        let as_written = self.assignment(prompt, Session::New(Uuid::new_v4()));
        Ok((shadow, Assignment { log, timeout, env, tools: Tools::ReadOnly, ..as_written }))
    }

    async fn reading_prompt(
        &self,
        shadow: &Shadow,
        (input, snapshot): (&ReviewInput, &Snapshot),
    ) -> Result<String> {
        let task = prompt(self.input, self.pipeline_text().await?.as_deref())?;
        let patch = shadow.patch(&input.began, snapshot, CHANGES).await;
        let changes = patch.context("reading what changed")?.unified();
        Ok(review_prompt(&self.input.stage.name, &task, &changes))
    }
}
