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
        assert_eq!(
            (code, serde_json::from_str::<Value>(&said)?["outcome"].as_str()),
            (0, Some("decided")),
            "{said}"
        );
        w.until_phase(&run, "done").await?;
        let (_, said) = w.types(&["--json", "status", &run]).await?;
        let status: Value = serde_json::from_str(&said)?;
        assert_eq!(
            (status["phase"].as_str(), status["spent_usd"].as_str()),
            (Some("done"), Some("0.043750000"))
        );
        assert_eq!(status["decisions"][0]["by"], "cli:tester");
        let (_, events) = w.types(&["--json", "events", &run]).await?;
        let numbers: Vec<u64> = events
            .lines()
            .map(|l| serde_json::from_str::<Value>(l).map(|e| e["seq"].as_u64().unwrap_or(0)))
            .collect::<Result<_, _>>()?;
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
        assert!(
            said.contains("2 attempts, the last: `echo it cannot be; exit 3` exited 3"),
            "{said}"
        );
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
        let (code, said) = w
            .types_with(&[("DATABASE_URL", "postgres://nobody:x@127.0.0.1:1/none")], &["list"])
            .await?;
        assert_eq!(code, 5, "{said}");
        assert!(said.contains("DATABASE_URL"), "{said}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_mistyped_signoff_toml_keeps_nobody_from_a_run_that_there_is() {
    story(async |w| {
        let run = w.person("ana").develops("hasty").await?;
        run.asks().await?;
        let broken = w.folder.path().join("broken.toml");
        std::fs::write(&broken, "[project.shop]\npipeline = 5 and more\n")?;
        let env = [("SIGNOFF_CONFIG", broken.to_str().unwrap_or_default())];
        let (code, said) = w.types_with(&env, &["doctor"]).await?;
        assert!(
            code == 5 && said.contains("✗ projects") && said.contains("broken.toml:2"),
            "{said}"
        );
        let (code, said) = w.types_with(&env, &["--json", "develop", "shop"]).await?;
        assert!(code == 2 && said.starts_with("{\"outcome\":\"usage\""), "{said}");
        let (code, said) = w.types_with(&env, &["stop", run.id.as_str()]).await?;
        assert!(code == 0 && said.contains("going on without projects"), "{said}");
        w.until_phase(run.id.as_str(), "stopped").await
    })
    .await;
}

#[tokio::test]
async fn what_is_printed_as_json_has_the_fields_that_scripts_rely_on() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("tale").await?;
        run.asks().await?;
        let id = run.id.as_str();
        let status: Value = serde_json::from_str(&w.types(&["--json", "status", id]).await?.1)?;
        for (pointer, fields) in [
            ("", "run project brief phase rehearsal agent spent_usd budget_usd started_at ended_at stages gate decisions thread repository branch"),
            ("/stages/0", "name state snapshot files added removed attempts"),
            ("/stages/0/attempts/0", "n outcome why tests coverage_percent tokens cost_usd seconds"),
            ("/stages/0/attempts/0/tests", "passed failed skipped"),
            ("/stages/0/attempts/0/tokens", "input output cache_read cache_write"),
            ("/gate", "kind stage round digest deadline diff_url"),
            ("/thread", "team channel ts"),
        ] {
            let part = status.pointer(pointer).and_then(Value::as_object);
            let missing: Vec<&str> = fields.split(' ').filter(|f| !part.is_some_and(|p| p.contains_key(*f))).collect();
            assert!(missing.is_empty(), "{pointer}: no {missing:?} in {status}");
        }
        let line: Value = serde_json::from_str(&w.types(&["--json", "list"]).await?.1)?;
        assert_eq!((line["run"].as_str(), line["phase"].as_str()), (Some(id), Some("waiting")));
        let thread: Value = serde_json::from_str(&w.types(&["--json", "thread", id]).await?.1)?;
        let keys: Vec<&str> = thread.as_array().into_iter().flatten().filter_map(|m| m["key"].as_str()).collect();
        assert_eq!(keys, ["card", "ledger", "gate:draft:1"]);
        let (_, stopped) = w.types(&["--json", "stop", id]).await?;
        assert_eq!(serde_json::from_str::<Value>(&stopped)?["outcome"], "decided");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_empty_variable_of_the_log_is_one_that_is_not_set() {
    story(async |w| {
        let none = [("SIGNOFF_LOG", ""), ("SIGNOFF_LOG_JSON", "")];
        assert_eq!(w.types_with(&none, &["list"]).await?.0, 0);
        let (code, said) = w.types_with(&[("SIGNOFF_LOG_JSON", "yes")], &["list"]).await?;
        assert_eq!(code, 0, "{said}");
        Ok(())
    })
    .await;
}
