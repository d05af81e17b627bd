//! Tests of the archive: is everything of a run read on a machine that never saw it?

use std::path::Path;

use serde_json::json;

use super::{TestRepository, git, test_repository, write};
use crate::run::{
    Again, AttemptOutcome, KeptStage, PipelineText, Request, RollbackTo, Run, RunId, Snapshot,
    Tokens, Usd,
};
use crate::workspace::{
    Archive, ArtifactKeys, ArtifactStore, AttemptFile, Bundles, FetchedWork, Shadow, WorkspaceError,
};

const PIPELINE: &str = "name = \"tale\"\nagent = \"script\"\ncommand = \"true\"\n[[stage]]\nname = \"draft\"\nprompt = \"Go\"\nchecks = [\"true\"]\n";

/// A tale of this name, whose only attempt made that.
fn tale(name: &str, made: &Snapshot) -> Run {
    let mut run = Run::starting(Request {
        run: name.parse().expect("a run's name"),
        project: "tale".parse().expect("a project's name"),
        pipeline: PipelineText::parse("tale.toml", PIPELINE).expect("a pipeline").pipeline,
        brief: String::new(),
        budget_usd: None,
        starter: "cli:ana".parse().expect("a person"),
        approvers: Vec::new(),
        channel: None,
        repository: None,
        start_branch: None,
        rehearsal: false,
        money: None,
        estimate: None,
        again: None,
        push_attempts: false,
        waits_for_workers: false,
        batch: None,
        part_of: None,
        notes: Vec::new(),
        beyond_months: false,
        fix: None,
        queued: false,
    });
    let attempt = json!({
        "n": 1, "outcome": AttemptOutcome::Good, "snapshot": made, "tokens": Tokens::default(), "cost_usd": Usd::ZERO,
        "seconds": 1, "remarks": [], "started_at": "2026-11-22T10:00:00Z",
    });
    run.stages[0].attempts = vec![serde_json::from_value(attempt).expect("an attempt")];
    run
}

fn work(run: &Run) -> RollbackTo {
    let stage = run.stages[0].name().clone();
    RollbackTo::Attempt { stage, attempt: run.stages[0].attempts[0].n }
}

impl TestRepository {
    fn store(&self) -> ArtifactStore {
        ArtifactStore::open(&self.path("store").display().to_string()).expect("a store")
    }

    /// What a machine with this `SIGNOFF_HOME` can read.
    pub(super) fn archive(&self, home: &str) -> Archive {
        Archive::new(&self.path(home), Some(self.store()))
    }

    /// A worker of the machine `first` carried a run on that wrote these words.
    pub(super) async fn carried_on(&self, name: &str, words: &str) -> (Run, Snapshot, Snapshot) {
        let id: RunId = name.parse().expect("a run's name");
        let shadow = Shadow::open(&self.path("first/runs").join(name).join("shadow.git")).await;
        let shadow = shadow.expect("a repository");
        let base = shadow.import(None, None).await.expect("a beginning");
        let clone = self.path(&format!("{name}-clone"));
        shadow.checkout(&base, &clone).await.expect("a clone");
        write(&clone, &[("tale.txt", words)]);
        let run = tale(name, &base);
        let snapshot = work(&run).to_string();
        let made = shadow.snapshot(&clone, &base, &snapshot).await.expect("a snapshot");
        let bundles = Bundles { artifacts: &self.store(), run: &id };
        bundles.keep(&shadow, &snapshot, &made).await.expect("kept");
        (tale(name, &made), base, made)
    }
}

#[tokio::test]
async fn what_a_run_changed_is_read_where_it_never_was() {
    let repo = test_repository().await;
    let (first, base, from) = repo.carried_on("tale-k3f9qdz", "once\n").await;
    let (second, _, to) = repo.carried_on("tale-m2x8wtr", "twice\n").await;
    for home in ["first", "elsewhere"] {
        let archive = repo.archive(home);
        let own = archive.of(&first).patch(&base, &from).await.expect(home);
        assert_eq!(own.lines(), (1, 0), "{home}");
        let both = archive.of(&first).patch_to(&from, (archive.of(&second), &to)).await;
        assert_eq!(both.expect(home).files[0].text, "@@ -1 +1 @@\n-once\n+twice\n", "{home}");
    }
    assert!(!repo.path("elsewhere/runs").exists(), "no worker takes it for its own");
    assert!(!repo.path("first/fetched").exists(), "what is here is not fetched");
    for home in ["first", "elsewhere"] {
        let missing = repo.archive(home).of(&first).patch(&base, &to).await;
        assert!(missing.is_err_and(|e| !matches!(e, WorkspaceError::Git { .. })), "{home}");
    }
}

#[tokio::test]
async fn the_work_of_an_attempt_is_fetched_by_name_from_the_store() {
    let repo = test_repository().await;
    let (run, _, made) = repo.carried_on("tale-k3f9qdz", "once\n").await;
    let project = repo.project(&[("README.md", "a tale\n")]);
    let archive = repo.archive("elsewhere");
    let repository = archive.of(&run).repository_with(&work(&run)).await.expect("filled");
    let fetched = FetchedWork::new(repository, run.id(), &work(&run));
    fetched.into_repository_at(Path::new(&project)).await.expect("fetched");
    assert_eq!(git(Path::new(&project), &["rev-parse", fetched.branch()]).trim(), made.commit);
}

#[tokio::test]
async fn what_was_taken_over_is_found_with_the_run_that_made_it() {
    let repo = test_repository().await;
    let (first, base, made) = repo.carried_on("tale-k3f9qdz", "once\n").await;
    let mut again = tale("tale-m2x8wtr", &made);
    again.request.again = Some(Again {
        run: first.id().clone(),
        kept: vec![KeptStage {
            stage: first.stages[0].name().clone(),
            attempt: 1,
            snapshot: made.clone(),
            approvals: Vec::new(),
        }],
        origin: Some(base.clone()),
    });
    let archive = repo.archive("elsewhere");
    let patch = archive.of(&again).patch(&base, &made).await.expect("read");
    assert_eq!(patch.lines(), (1, 0));
}

#[tokio::test]
async fn what_is_nowhere_is_said_to_be() {
    let repo = test_repository().await;
    let snapshot = Snapshot { commit: "a".repeat(40), tree: "b".repeat(40) };
    let run = tale("tale-k3f9qdz", &snapshot);
    for archive in [repo.archive("home"), Archive::new(&repo.path("home"), None)] {
        let nowhere = archive.of(&run).patch(&snapshot, &snapshot).await;
        let Err(WorkspaceError::Elsewhere { path }) = nowhere else { panic!("{nowhere:?}") };
        assert!(path.ends_with("home/runs/tale-k3f9qdz/shadow.git"), "{path}");
        let (stage, attempt) = (run.stages[0].name(), &run.stages[0].attempts[0]);
        assert!(!archive.of(&run).attempt(stage, attempt).await.are_found());
        assert!(archive.of(&run).attempts_with_files().await.is_empty());
    }
}

#[tokio::test]
async fn logs_are_read_from_the_store() {
    let repo = test_repository().await;
    let run = tale("tale-k3f9qdz", &Snapshot { commit: String::new(), tree: String::new() });
    let (stage, attempt) = (run.stages[0].name(), &run.stages[0].attempts[0]);
    let key = ArtifactKeys(run.id()).attempt_file(stage, attempt.n, "checks.log");
    repo.store().put(&key, b"15 passed\n".to_vec()).await.expect("kept");
    let archive = repo.archive("elsewhere");
    let files = archive.of(&run).attempt(stage, attempt).await;
    let tail = files.tail(AttemptFile::Checks, 100).await.expect("read").expect("a log");
    assert_eq!((tail.text().as_str(), files.are_found()), ("15 passed\n", true));
    let found = archive.of(&run).attempts_with_files().await;
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(stage.clone(), attempt.n)]);
}
