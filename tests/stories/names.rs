//! A name that is not exactly that of a run answers no other run, by whichever door it comes.

use anyhow::Result;

use crate::world::{RunOf, World, story};

/// A run of `quick` that is done, and one of `tale` that waits.
async fn one_done_and_one_waits(w: &World) -> Result<(RunOf<'_>, RunOf<'_>)> {
    let ana = w.person("ana");
    let quick = ana.develops("quick").await?;
    quick.shows("quick is done").await?;
    let tale = ana.develops("tale").await?;
    tale.asks().await?;
    Ok((quick, tale))
}

#[tokio::test]
async fn a_command_with_a_name_that_is_no_run_answers_no_other_run() {
    story(async |w| {
        let ana = w.person("ana");
        let (quick, tale) = one_done_and_one_waits(w).await?;
        let one_letter_short = &quick.id.as_str()[..quick.id.as_str().len() - 1];
        ana.says("/develop approve quick").await?;
        ana.is_told("No run of `quick` waits for anybody").await?;
        ana.says(&format!("/develop approve {one_letter_short}")).await?;
        ana.is_told(&format!("Did you mean `{}`?", quick.id)).await?;
        ana.says("/develop stop quick").await?;
        ana.is_told("No run of `quick` is at work").await?;
        ana.says("/develop status quikc").await?;
        ana.is_told("There is no run `quikc` here. Did you mean `quick`?").await?;
        ana.says("/develop reject: quick").await?;
        ana.is_told("`quick` is not the run that this would go to").await?;
        let asked = tale.run().await?;
        assert!(asked.decisions.is_empty() && asked.gate.is_some());
        ana.says("/develop approve Tale, well done").await?;
        tale.shows("well done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_word_in_a_thread_with_a_name_that_is_no_run_answers_no_run() {
    story(async |w| {
        let ana = w.person("ana");
        let (quick, tale) = one_done_and_one_waits(w).await?;
        let one_letter_short = &quick.id.as_str()[..quick.id.as_str().len() - 1];
        ana.says_in(&tale, "approve quick").await?;
        ana.is_told("not of a run of `quick`").await?;
        ana.says_in(&tale, &format!("approve {one_letter_short}")).await?;
        ana.is_told(&format!("Did you mean `{}`?", quick.id)).await?;
        ana.says_in(&tale, &format!("stop {}", quick.id)).await?;
        ana.is_told("is over").await?;
        ana.says_in(&tale, "status quikc").await?;
        ana.is_told("There is no run `quikc` here. Did you mean `quick`?").await?;
        ana.says_in(&tale, "snooze: quikc").await?;
        ana.is_told("`quikc` is not the run that this would go to").await?;
        let asked = tale.run().await?;
        assert!(asked.decisions.is_empty() && asked.notes.is_empty() && asked.gate.is_some());
        ana.says_in(&tale, "approve tale well done").await?;
        tale.shows("well done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_mention_with_a_name_that_is_no_run_answers_no_other_run() {
    story(async |w| {
        let ana = w.person("ana");
        let (quick, tale) = one_done_and_one_waits(w).await?;
        let one_letter_short = &quick.id.as_str()[..quick.id.as_str().len() - 1];
        ana.says("@signoff approve quick").await?;
        ana.is_told("No run of `quick` waits for anybody").await?;
        ana.says_in(&tale, &format!("@signoff approve {one_letter_short}")).await?;
        ana.is_told(&format!("Did you mean `{}`?", quick.id)).await?;
        ana.says_in(&tale, "@signoff stop quick").await?;
        ana.is_told("not of a run of `quick`").await?;
        ana.says("@signoff status quikc").await?;
        ana.is_told("There is no run `quikc` here. Did you mean `quick`?").await?;
        ana.says("@signoff extend quick").await?;
        ana.says_directly("changes quick shorter").await?;
        ana.is_sent_directly("No run of `quick` waits for anybody").await?;
        let asked = tale.run().await?;
        assert!(asked.decisions.is_empty() && asked.notes.is_empty() && asked.gate.is_some());
        ana.says("@signoff approve tale").await?;
        tale.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_shell_command_with_a_name_that_is_no_run_answers_no_other_run() {
    story(async |w| {
        let (quick, tale) = one_done_and_one_waits(w).await?;
        let one_letter_short = &quick.id.as_str()[..quick.id.as_str().len() - 1];
        assert_eq!(w.types(&["approve", "quick"]).await?.0, 2);
        let (code, said) = w.types(&["approve", one_letter_short]).await?;
        assert!(code == 2 && said.contains(&format!("Did you mean {}?", quick.id)), "{said}");
        assert_eq!(w.types(&["stop", "quick"]).await?.0, 2);
        assert_eq!(w.types(&["status", "quikc"]).await?.0, 2);
        assert_eq!(w.types(&["changes", "quik", "shorter"]).await?.0, 2);
        assert!(tale.run().await?.decisions.is_empty());
        let (code, said) = w.types(&["approve"]).await?;
        assert_eq!(code, 0, "{said}");
        tale.shows("tale is done").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn no_run_starts_without_the_limit_that_was_asked_for() {
    story(async |w| {
        let ana = w.person("ana");
        ana.says("/develop tale at most $5").await?;
        ana.is_told("sounds like a limit, so nothing was started").await?;
        ana.says("@signoff develop tale budget=lots").await?;
        ana.is_told("is no amount").await?;
        assert!(w.store.newest_runs(10).await?.is_empty());
        let run = ana.develops("`Tale`, keep it small — budget: $5").await?;
        let request = run.run().await?.request;
        assert_eq!(request.budget_usd, Some("5".parse()?));
        assert_eq!(request.brief, "keep it small —");
        let (code, said) = w.types(&["develop", "tale", "max $5"]).await?;
        assert_eq!(code, 2, "{said}");
        run.asks().await?;
        Ok(())
    })
    .await;
}
