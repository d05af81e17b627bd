//! Good work is read once more by an agent that did not write it: what it says stands on the card, costs what it costs, and decides nothing.

use std::fs;

use anyhow::Result;
use signoff::run::{Outcome, Usd};

use crate::world::{World, story};

/// Its agent forgets the dragon, and its second reader sees that; whatever the reader does to its clone is no work.
const READ: &str = r#"
name = "read"
agent = "script"
command = '''
cat > /tmp/prompt
if [ "$SIGNOFF_REVIEW" ]; then
  grep -q 'be[ ]slow' /tmp/prompt && sleep 3.21
  grep -q 'be[ ]lazy' /tmp/prompt && { echo '{"type":"finished","end":"failed","trouble":"agent","why":"it is Friday"}'; exit; }
  echo FINDINGS
  grep -q dragon draft.txt || echo '- draft.txt:1: it says nothing of the dragon
- nowhere.txt:3: this file is bad
- draft.txt:4000: it ends too soon'
  grep -q 'also[ ]a[ ]knight' /tmp/prompt && echo '- draft.txt:1: ana asked for a knight'
  echo tampered > draft.txt; echo x > new.txt; git add -A; git -c user.name=x -c user.email=x@x commit -qm x
  echo '{"type":"finished","end":"finished","cost_usd":"0.01"}'
  exit
fi
echo once > draft.txt; grep -q 'of the[ ]dragon' /tmp/prompt && echo dragon >> draft.txt
echo '{"type":"finished","end":"finished","cost_usd":"0.02","words":"I wrote it."}'
'''

[[stage]]
name = "draft"
prompt = "Write it: {{brief}}"
timeout = "1m"
checks = ["test -s draft.txt"]
gate = true
review = WANTED
"#;

async fn is_read(w: &World, review: &str) -> Result<()> {
    fs::write(w.folder.path().join("read.toml"), READ.replace("WANTED", review))?;
    w.has_settings(
        "[queue]\n[project.read]\npipeline = \"read.toml\"\nrepository = \"repository\"",
    )?;
    w.serve_dies_and_comes_back().await
}

const CENT: Usd = Usd::from_nanos(10_000_000);

#[tokio::test]
async fn what_a_second_reader_says_stands_on_the_card_and_its_clone_is_nobodys_work() {
    story(async |w| {
        is_read(w, "true").await?;
        let ana = w.person("ana");
        let run = ana.develops("read").await?;
        run.asks().await?.shows("_A second reader, an agent too, objects ($0.01):_").await?;
        run.asks().await?.shows("> draft.txt:1: it says nothing of the dragon").await?;
        run.shows("○ draft · second reader of attempt 1: 3 findings · $0.01").await?;
        run.shows("> nowhere.txt (file not found): this file is bad").await?;
        run.shows("> draft.txt (line not found): it ends too soon").await?;
        assert_eq!(run.run().await?.spent(), CENT + CENT + CENT);
        ana.presses("Approve", &run).await?;
        run.shows("*read is done.*").await?;
        assert_eq!(run.result().await?, ["README.md", "draft.txt"]);
        let branch = format!("signoff/{}:draft.txt", run.id);
        assert_eq!(run.git(&["show", &branch]).await?, "once\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_it_says_sends_the_work_back_once() {
    story(async |w| {
        is_read(w, "\"once\"").await?;
        let ana = w.person("ana");
        let run = ana.develops("read").await?;
        run.shows("second reader of attempt 1: 3 findings → sent back").await?;
        run.shows("second reader of attempt 2: 0 findings").await?;
        run.asks().await?.shows("_A second reader, an agent too, found nothing ($0.01)._").await?;
        let prompt = run.prompt("draft-2")?;
        assert!(prompt.contains("- draft.txt:1: it says nothing of the dragon"), "{prompt}");
        ana.presses("Approve", &run).await?;
        run.shows("*read is done.*").await?;
        let branch = format!("signoff/{}:draft.txt", run.id);
        assert_eq!(run.git(&["show", &branch]).await?, "once\ndragon\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn work_is_read_against_the_changes_that_somebody_asked_for() {
    story(async |w| {
        is_read(w, "true").await?;
        let ana = w.person("ana");
        let run = ana.develops("read").await?;
        run.asks().await?;
        ana.says_in(&run, "changes: also a knight").await?;
        run.shows("> draft.txt:1: ana asked for a knight").await?;
        ana.presses("Approve", &run).await?;
        run.shows("*read is done.*").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn where_nobody_can_read_it_that_is_told_and_the_work_is_as_good() {
    story(async |w| {
        is_read(w, "\"once\"").await?;
        let ana = w.person("ana");
        let lazy = ana.develops("read and be lazy").await?;
        lazy.shows("_No second reader has read it ($0.00):_ it is Friday").await?;
        ana.presses("Approve", &lazy).await?;
        lazy.shows("*read is done.*").await?;
        let poor = ana.develops("read budget=0.02").await?;
        poor.shows("_No second reader has read it ($0.00):_ no money is left for it").await?;
        ana.presses("Approve", &poor).await?;
        poor.shows("*read is done.*").await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_dies_while_it_is_read_is_replaced() {
    story(async |w| {
        is_read(w, "true").await?;
        let ana = w.person("ana");
        let run = ana.develops("read and be slow").await?;
        run.shows("◐ draft · a second reader reads it").await?;
        w.until_alive("3.21").await?;
        w.worker.crashes().await?;
        w.worker.comes_back()?;
        run.asks().await?.shows("> draft.txt:1: it says nothing of the dragon").await?;
        ana.presses("Approve", &run).await?;
        run.shows("*read is done.*").await?;
        let over = run.run().await?;
        assert_eq!((over.outcome, over.spent()), (Some(Outcome::Done), CENT + CENT + CENT));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn work_that_is_read_keeps_its_slot_until_then() {
    story(async |w| {
        is_read(w, "true").await?;
        w.has_settings_with(("[queue]", "[queue]\nat_once = 1"))?;
        let ana = w.person("ana");
        let slow = ana.develops("read and be slow").await?;
        slow.shows("◐ draft · a second reader reads it").await?;
        let other = ana.develops("read").await?;
        other.card().shows("1st of 1, because the only slot is busy").await?;
        w.until_alive("3.21").await?;
        slow.asks().await?;
        other.asks().await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn where_it_could_not_be_paid_work_is_shown_instead_of_sent_back() {
    story(async |w| {
        is_read(w, "\"once\"").await?;
        let ana = w.person("ana");
        let run = ana.develops("read budget=0.05").await?;
        run.asks().await?.shows("> draft.txt:1: it says nothing of the dragon").await?;
        assert_eq!(run.run().await?.stages[0].attempts.len(), 1);
        ana.presses("Approve", &run).await?;
        run.shows("*read is done.*").await?;
        Ok(())
    })
    .await;
}
