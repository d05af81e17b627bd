//! Everything can be said at a shell too.

use serde_json::Value;

use crate::world::story;

#[tokio::test]
async fn a_run_is_started_approved_and_read_at_a_shell() {
    story(async |w| {
        let (code, said) = w.types(&["--json", "develop", "hasty"]).await?;
        assert_eq!(code, 0, "{said}");
        let started: Value = serde_json::from_str(&said)?;
        let run = started["run"].as_str().unwrap_or_default().to_owned();
        w.until_phase(&run, "waiting").await?;
        let (code, said) = w.types(&["--json", "approve", &run, "well", "done"]).await?;
        assert_eq!((code, serde_json::from_str::<Value>(&said)?["outcome"].as_str()), (0, Some("decided")), "{said}");
        w.until_phase(&run, "done").await?;
        let (_, said) = w.types(&["--json", "status", &run]).await?;
        let status: Value = serde_json::from_str(&said)?;
        assert_eq!((status["phase"].as_str(), status["spent_usd"].as_str()), (Some("done"), Some("0.043750000")));
        assert_eq!(status["decisions"][0]["by"], "cli:tester");
        let (_, events) = w.types(&["--json", "events", &run]).await?;
        let numbers: Vec<u64> =
            events.lines().map(|l| serde_json::from_str::<Value>(l).map(|e| e["seq"].as_u64().unwrap_or(0))).collect::<Result<_, _>>()?;
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn waiting_for_a_run_that_fails_exits_4() {
    story(async |w| {
        let (code, said) = w.types(&["develop", "stubborn", "--wait"]).await?;
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("2 attempts, the last: echo it cannot be; exit 3 exited 3"), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn unknown_names_exit_2_and_say_what_was_meant() {
    story(async |w| {
        let (code, said) = w.types(&["develop", "stuborn"]).await?;
        assert_eq!(code, 2);
        assert!(said.contains("Did you mean signoff develop stubborn?"), "{said}");
        assert_eq!(w.types(&["status", "nobody-k3f9qd"]).await?.0, 2);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_missing_server_exits_5_and_says_which() {
    story(async |w| {
        let (code, said) = w.types_with(&[("DATABASE_URL", "postgres://nobody:x@127.0.0.1:1/none")], &["list"]).await?;
        assert_eq!(code, 5, "{said}");
        assert!(said.contains("DATABASE_URL"), "{said}");
        Ok(())
    })
    .await;
}
