//! What the database keeps for publishers: who may write, what is claimed, what is found without reading everything, what is thrown away.

use std::time::Instant;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use serde_json::json;
use signoff::run::RequestId;
use signoff::store::{Claim, Failed, GivenUp, Posted, Shown};

use super::desk::Desk;
use crate::world::now;

#[tokio::test]
async fn who_was_overtaken_takes_no_claim_of_its_successor_away() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    desk.works().await?;
    let claim = Claim { key: "card", channel: None };
    let slow = desk.store.lease_threads(1).await?.pop().context("a thread")?;
    assert!(desk.store.claim_message(&slow, claim).await?);
    desk.sql("update threads set lease_until = now() - interval '1 second'").await?;
    let quick = desk.store.lease_threads(1).await?.pop().context("its lease is over")?;
    assert!(desk.store.claim_message(&quick, claim).await?);
    let claimed = desk.store.messages(desk.run()).await?[0].claimed_at;
    desk.store.unclaim_message(&slow, "card").await?;
    desk.store.forget_message(&slow, "card").await?;
    let late = GivenUp { key: "card", shown: &Shown::Unknown, why: "late", again_at: None };
    desk.store.give_up_message(&slow, late).await?;
    assert!(!desk.store.claim_message(&slow, claim).await?);
    let known = desk.store.messages(desk.run()).await?;
    assert!(
        matches!(known.as_slice(), [it] if it.given_up.is_none() && it.ts.is_none() && it.claimed_at == claimed)
    );
    desk.store.unclaim_message(&quick, "card").await?;
    assert!(desk.store.messages(desk.run()).await?.is_empty());
    Ok(())
}

/// The clocks of replicas differ; what the database keeps counts by its own.
#[tokio::test]
async fn a_lease_that_holds_is_nobody_elses_and_one_that_ended_leaves_a_doubt() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    desk.works().await?;
    let dead = desk.store.lease_threads(1).await?.pop().context("a thread")?;
    assert!(desk.store.lease_threads(1).await?.is_empty(), "it is leased");
    assert!(desk.store.claim_message(&dead, Claim { key: "card", channel: None }).await?);
    let shown = &Shown::Drawing("d1".to_owned());
    let posted =
        Posted { key: "card", ts: "1.1", shown, doubtful_until: None, step: None, is_root: true };
    desk.store.message_posted(desk.run(), posted).await?;
    desk.store.message_posted(desk.run(), Posted { ts: "1.2", ..posted }).await?;
    desk.sql("update threads set lease_until = now() - interval '1 second'").await?;
    let heir = desk.store.lease_threads(1).await?.pop().context("its lease is over")?;
    let known = &desk.store.messages(desk.run()).await?[0];
    assert_eq!((known.ts.as_deref(), heir.root_ts.as_deref()), (Some("1.1"), Some("1.1")));
    assert!(known.doubtful_until.is_some_and(|until| until > heir.now()));
    desk.store.thread_drawn(&heir, 9, None).await?;
    assert_eq!(desk.count("threads where redraw_at > now()").await?, 1);
    Ok(())
}

#[tokio::test]
async fn whatever_happens_to_a_run_ends_the_pause_of_its_thread() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    desk.works().await?;
    let lease = async || Ok::<_, anyhow::Error>(desk.store.lease_threads(1).await?.pop());
    let thread = lease().await?.context("a thread")?;
    let failed = Failed { trouble: "closed", again_at: now() + TimeDelta::minutes(5) };
    desk.store.thread_failed(&thread, failed).await?;
    assert!(lease().await?.is_none());
    desk.event(json!({ "kind": "escalated", "gate": desk.gate() })).await?;
    let thread = lease().await?.context("something happened")?;
    assert!(thread.behind && thread.failing_since.is_some() && thread.failures == 1);
    // It happens while the thread is drawn in vain: no pause either.
    desk.event(json!({ "kind": "escalated", "gate": desk.gate() })).await?;
    desk.store.thread_failed(&thread, failed).await?;
    assert!(lease().await?.is_some());
    Ok(())
}

/// It shows them too, and may be over itself.
#[tokio::test]
async fn whatever_happens_to_a_part_of_a_run_has_its_thread_looked_at_again() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    desk.works().await?;
    let lease = async || Ok::<_, anyhow::Error>(desk.store.lease_threads(1).await?.pop());
    let mut part = desk.request.clone();
    part.run = "tale-3456789".parse()?;
    part.channel = None;
    let member = json!({ "batch": desk.run(), "is_stage": true, "n": 1, "of": 1, "slug": "draft" });
    part.part_of = Some(serde_json::from_value(member)?);
    desk.asks_for(&part).await?;
    let ended = [json!({ "seq": 1, "at": now(), "kind": "ended", "outcome": "stopped" })];
    let thread = lease().await?.context("a thread")?;
    desk.store.thread_drawn(&thread, 9, None).await?;
    assert!(lease().await?.is_none());
    desk.store.record(&part.run, &ended).await?;
    let thread = lease().await?.context("it shows that")?;
    // It happens while the thread is drawn, from what was read before.
    desk.store.record(&part.run, &ended).await?;
    desk.store.thread_drawn(&thread, 9, None).await?;
    let thread = lease().await?.context("it shows that too")?;
    desk.store.thread_drawn(&thread, 9, None).await?;
    assert!(lease().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn requests_are_forgotten_two_weeks_after_they_were_acted_on() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let long_ago = now() - TimeDelta::days(15);
    desk.sql(&format!(
        "insert into inbox (key, kind, payload, received_at, state, try_at)
         select 'old-' || n, 'click', '{{}}', '{long_ago}', 'done', now() from generate_series(1, 1500) n"
    ))
    .await?;
    for (key, at, done) in [("open", long_ago, false), ("young", now() - TimeDelta::days(13), true)]
    {
        let key = RequestId(key.to_owned());
        desk.store.receive(&key, "click", &json!({}), at).await?;
        if done {
            desk.store.done(&key, None).await?;
        }
    }
    assert_eq!(
        [
            desk.store.forget_done(now()).await?,
            desk.store.forget_done(now()).await?,
            desk.store.forget_done(now()).await?
        ],
        [1_000, 500, 0]
    );
    assert_eq!(desk.count("inbox").await?, 2);
    Ok(())
}

/// Ten thousand questions wait, and a hundred thousand runs are over: a look reads what is to be drawn, and what happened comes first.
#[tokio::test]
async fn a_look_at_ten_thousand_waiting_threads_reads_a_few_rows() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    desk.sql(
        "insert into runs (run_id, request_key, project, request, requested_at, sent, try_at)
         select 'r-' || n, 'r-' || n, 'p', '{}', now(), true, now() from generate_series(1, 110000) n;
         insert into threads (run_id, team, channel, root_ts, wanted_seq, drawn_seq, redraw_at)
         select 'r-' || n, 'T', 'C', '1.' || n, 9, 9, case when n <= 10000 then now() + interval '1 minute' end from generate_series(1, 110000) n;
         update threads set redraw_at = now() - interval '1 hour' where run_id in (select 'r-' || n from generate_series(1, 500) n)",
    )
    .await?;
    desk.sql("vacuum analyze threads").await?;
    desk.works().await?;
    let before = Instant::now();
    let leased = desk.store.lease_threads(8).await?;
    let took = before.elapsed();
    let behind: Vec<_> = leased.iter().filter(|it| it.behind).map(|it| it.run.clone()).collect();
    assert_eq!((leased.len(), behind), (8, vec![desk.run().clone()]));
    let plan = desk.explain(
        "select run_id from threads where (drawn_seq < wanted_seq or redraw_at <= now())
           and (lease_until is null or lease_until < now()) and (retry_at is null or retry_at <= now())
         order by drawn_seq < wanted_seq desc, redraw_at nulls first limit 8 for update skip locked",
    );
    let plan = plan.await?;
    assert!(
        plan.contains("threads_due")
            && plan.contains("threads_behind")
            && !plan.contains("Seq Scan"),
        "{plan}"
    );
    assert!(took.as_millis() < 250, "a look took {took:?}:\n{plan}");
    Ok(())
}

#[tokio::test]
async fn what_is_refused_for_its_content_is_kept_without_that() -> Result<()> {
    let desk = Desk::asking(&[]).await?;
    let ended = json!({ "kind": "ended", "outcome": "failed", "why": "a\u{0}b" });
    desk.event(ended.clone()).await?;
    let kept = desk.store.raw_events(desk.run()).await?;
    assert_eq!(kept.last().map(|event| event["why"].clone()), Some("ab".into()));
    let key = RequestId("strange".to_owned());
    desk.store.receive(&key, "other", &ended, now()).await?;
    desk.store.done(&key, Some("so\u{0} it is")).await?;
    let stage = "draft".parse()?;
    desk.store.save_diff(desk.run(), &stage, 1, &ended).await?;
    let diff: Option<serde_json::Value> = desk.store.diff(desk.run(), &stage, 1).await?;
    assert_eq!(diff.map(|diff| diff["why"].clone()), Some("ab".into()));
    Ok(())
}
