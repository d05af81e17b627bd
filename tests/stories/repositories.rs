//! Repositories as they are: what git cannot keep is said, and whatever an agent wrote can be fetched.

use crate::world::story;

#[tokio::test]
async fn what_is_not_as_it_was_left_is_said_and_each_attempt_is_pushed_where_that_is_wanted() {
    story(async |w| {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:5891\nsize 6\n";
        let lfs = (".gitattributes", "*.bin filter=lfs -text\n");
        w.has_repository("spread", [lfs, ("a.bin", pointer)])?;
        let ana = w.person("ana");
        let run = ana.develops("spread").await?;
        let gate = run.asks().await?;
        gate.shows("1 repository inside became plain files").await?;
        gate.shows("2 files are in git itself, though their attributes say LFS").await?;
        gate.shows("1 thing is not kept").await?;
        run.shows("1 file of LFS is a pointer here").await?;
        ana.rejects(&run, "").await?;
        run.shows("signoff/").await?;
        let branch = format!("signoff/{}/only-1", run.id);
        run.shows(&format!("{branch} && git switch --detach FETCH_HEAD")).await?;
        let files = run.git_in("spread", &["ls-tree", "-r", "--name-only", &branch]).await?;
        assert_eq!(files, ".gitattributes\na.bin\nb.bin\ninside/x.txt\n");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn rejected_work_is_fetched_as_a_branch_by_one_command() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        ana.rejects(&run, "").await?;
        run.shows(&format!("signoff fetch {} draft-1", run.id)).await?;
        let (code, said) = w.types_in("repository", &["fetch", run.id.as_str(), "draft"]).await?;
        assert_eq!(code, 0, "{said}");
        let work = format!("signoff/{}/draft-1:draft.txt", run.id);
        assert_eq!(run.git_in("repository", &["show", &work]).await?, "once upon a time\n");
        let (code, said) = w.types(&["fetch", run.id.as_str(), "daft"]).await?;
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(&format!("signoff snapshots {}", run.id)), "{said}");
        let (code, said) = w.types(&["fetch", run.id.as_str()]).await?;
        assert!(code == 3 && said.contains("go to a clone of the project"), "{said}");
        Ok(())
    })
    .await;
}
