//! A stage that has failed can be done by a person, with git, and is then checked like an agent's.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use signoff::run::{Outcome, Via};

use crate::world::{RunOf, World, story};

/// Somebody's own clone of the story's repository.
async fn clone(w: &World, run: &RunOf<'_>) -> Result<PathBuf> {
    run.git_in("repository", &["clone", "-q", ".", "../anas"]).await?;
    Ok(w.folder.path().join("anas"))
}

/// The commands that the card says, in order: to fetch, to switch, to push.
async fn commands(run: &RunOf<'_>) -> Result<Vec<Vec<String>>> {
    run.shows("git push").await?;
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let said = run.transcript();
    let lines =
        said.lines().filter_map(|line| line.trim_start_matches(['`', ' ']).strip_prefix("git "));
    let commands: Vec<Vec<String>> = lines.map(|line| words(line.trim_end_matches('`'))).collect();
    ensure!(commands.len() == 3, "{said}");
    Ok(commands)
}

async fn git(run: &RunOf<'_>, words: &[String]) -> Result<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run.git_in("anas", &words).await
}

async fn commits(run: &RunOf<'_>, words: &str) -> Result<()> {
    let author = ["-c", "user.name=ana", "-c", "user.email=ana@example.com"];
    let commit = ["commit", "-q", "-a", "-m", words];
    run.git_in("anas", &[author.as_slice(), commit.as_slice()].concat()).await.map(drop)
}

#[tokio::test]
async fn a_stage_is_taken_over_by_a_tap_and_a_push_hands_it_in() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("clumsy").await?;
        run.shows("*draft of clumsy has failed. What now?*").await?;
        ana.presses("Take over by hand", &run).await?;
        run.shows("*draft of clumsy is done by hand. Is it ready?*").await?;
        let commands = commands(&run).await?;
        w.worker.crashes().await?;
        let clone = clone(w, &run).await?;
        for words in &commands[..2] {
            git(&run, words).await?;
        }
        assert_eq!(fs::read_to_string(clone.join("draft.txt"))?, "scribble\n", "what was tried");
        fs::write(clone.join("draft.txt"), "by hand\n")?;
        commits(&run, "Write it").await?;
        git(&run, &commands[2]).await?;
        w.worker.comes_back()?;
        run.shows("*draft of clumsy* · handed in with a push to the branch of @ana").await?;
        run.shows("*clumsy is done.*").await?;
        let over = run.run().await?;
        let attempts = &over.stages[0].attempts;
        assert_eq!((attempts.len(), attempts[1].cost_usd), (2, "0".parse()?));
        assert_eq!(over.decisions.last().context("a decision")?.via, Via::Push);
        let written = format!("signoff/{}:draft.txt", run.id);
        assert_eq!(run.git(&["show", &written]).await?, "by hand\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_is_handed_in_and_is_not_good_is_asked_about_again_and_given_back() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("clumsy").await?;
        run.shows("*draft of clumsy has failed. What now?*").await?;
        ana.says_in(&run, "I'm done").await?;
        ana.is_told("Nobody does this stage by hand").await?;
        ana.says_in(&run, "take over").await?;
        let commands = commands(&run).await?;
        w.person("ben").says_in(&run, "takeover").await?;
        w.person("ben").is_told("@ana already took this over by hand").await?;
        let (code, said) = w.types(&["status", run.id.as_str()]).await?;
        ensure!(code == 0 && said.contains("by hand by @") && said.contains("git fetch"), "{said}");
        clone(w, &run).await?;
        for words in &commands[..2] {
            git(&run, words).await?;
        }
        ana.says_in(&run, "I’m done").await?;
        run.shows("✗ draft · attempt 2 · by hand · `grep 'by hand' draft.txt` exited 1").await?;
        run.gate_is("asked again", |open| open.id.round == 2 && open.by_hand.is_none()).await?;
        w.types(&["retry", run.id.as_str(), ": mind it"]).await?;
        run.shows("*clumsy is done.*").await?;
        assert_eq!(run.run().await?.outcome, Some(Outcome::Done));
        Ok(())
    })
    .await;
}
