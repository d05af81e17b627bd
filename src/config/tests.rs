//! Tests of the configuration: what does a start look like, with and without any?

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::built_in::{BuiltInPipeline, built_in_names};
use super::{Config, LISTEN, UpAddresses};
use crate::run::{Problems, ProjectName, Usd};

const PIPELINE: &str = "name = \"p\"\nagent = \"claude\"\n[[stage]]\nname = \"a\"\nprompt = \"Go\"\nchecks = [\"true\"]\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn read(folder: &TempDir, variables: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::read(
        |name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()),
        folder.path(),
    )
    .and_then(Config::with_projects)
}

fn problems(folder: &TempDir, variables: &[(&str, &str)]) -> String {
    let told = read(folder, variables).expect_err("it was taken").to_string();
    told.replace(&folder.path().display().to_string(), "<folder>")
}

fn name(text: &str) -> ProjectName {
    text.parse().expect("a slug")
}

#[test]
fn a_branch_to_start_from_is_a_name_of_a_branch() {
    let told = |branch: &str| {
        let project = format!("[project.p]\npipeline = \"p.toml\"\nbranch = \"{branch}\"\n");
        let folder = folder(&[("p.toml", PIPELINE), ("signoff.toml", &project)]);
        let config = read(&folder, &[("USER", "ana")]);
        config.map(|config| config.projects.get(&name("p")).and_then(|p| p.branch.clone()))
    };
    assert_eq!(told("release/2.x").expect("good").as_deref(), Some("release/2.x"));
    assert_eq!(told("refs/heads/main").expect("good").as_deref(), Some("main"));
    for odd in ["--upload-pack=x", "a..b", "a b", "main:evil", ""] {
        assert!(told(odd).is_err(), "{odd}");
    }
}

#[test]
fn nothing_configured_is_a_working_configuration() {
    let folder = folder(&[]);
    let config =
        read(&folder, &[("XDG_CACHE_HOME", "/c"), ("USER", "ana"), ("SLACK_BOT_TOKEN", " ")])
            .expect("defaults");
    assert_eq!(
        (config.home, config.cache.as_path()),
        (folder.path().join(".signoff"), Path::new("/c/signoff"))
    );
    assert_eq!(
        (config.listen, config.task_queue.as_str(), config.temporal_namespace.as_deref()),
        (LISTEN, "signoff", None)
    );
    assert_eq!(
        config.projects.names().map(ToString::to_string).collect::<Vec<_>>(),
        ["llm-wrapper"]
    );
    assert_eq!(config.os_user, "ana");
    assert!(config.slack.is_none() && config.database_url.is_none() && config.rehearsal.is_none());
}

#[test]
fn every_built_in_pipeline_is_good() {
    assert!(built_in_names().contains(&"llm-wrapper"));
    let bad: Vec<String> = built_in_names()
        .into_iter()
        .filter_map(BuiltInPipeline::find)
        .filter_map(|built_in| built_in.parse().err().map(|e| e.to_string()))
        .collect();
    assert_eq!(bad, Vec::<String>::new());
}

#[test]
fn projects_stand_beside_the_built_in_one_and_paths_are_relative_to_their_file() {
    let file = "[project.own]\npipeline = \"own.toml\"\nrepository = \"repo\"\nchannel = \"slack:T1:C1\"\nbudget = 2.50\napprovers = [\"cli:ana\"]\n";
    let folder = folder(&[("own.toml", PIPELINE), ("signoff.toml", file)]);
    fs::create_dir(folder.path().join("repo")).expect("a folder");
    let config = read(&folder, &[]).expect("good");
    assert_eq!(config.projects.names().count(), 2);
    let own = config.projects.get(&name("own")).expect("it is there");
    let repository =
        folder.path().join("repo").canonicalize().expect("it is there").display().to_string();
    assert_eq!(
        (own.repository.as_deref(), own.budget),
        (Some(repository.as_str()), Some(Usd::from_nanos(2_500_000_000)))
    );
    assert_eq!(own.channel.as_ref().map(|c| c.channel.as_str()), Some("C1"));
}

#[test]
fn a_project_may_take_the_built_in_name_and_pipeline() {
    let folder = folder(&[(
        "x.toml",
        "[project.llm-wrapper]\npipeline = \"llm-wrapper\"\nbudget = \"$5\"\nrepository = \"git@forge.example:a/b.git\"\n",
    )]);
    let config = read(&folder, &[("SIGNOFF_CONFIG", "x.toml")]).expect("good");
    let project = config.projects.get(&name("llm-wrapper")).expect("it is there");
    assert_eq!(
        (project.budget.map(|b| b.to_string()).as_deref(), project.repository.as_deref()),
        (Some("$5.00"), Some("git@forge.example:a/b.git"))
    );
}

#[test]
fn the_readme_shows_good_projects() {
    let block = include_str!("../../README.md")
        .split("```toml")
        .filter_map(|block| block.split("```").next())
        .find(|block| block.contains("[project."));
    let config = read(&folder(&[("signoff.toml", block.expect("projects"))]), &[]).expect("good");
    assert_eq!(config.projects.get(&name("my-service")).map(|p| p.approvers.len()), Some(2));
}

#[test]
fn every_problem_is_told_at_once() {
    let file = r#"[project.Own]
pipelin = "x"
[project.a]
pipeline = "lm-wrapper"
repository = "https://ghp_secret@forge.example/a.git"
channel = "general"
budget = "$0"
approvers = ["ana", "cli:ben"]
[project.b]
pipeline = "bad.toml"
repository = "ext::sh -c id"
budget = true
[project.c]
pipeline = "gone.toml"
repository = "~/src"
[defaults]
budget = 1
"#;
    let folder = folder(&[("signoff.toml", file), ("bad.toml", "name = \"bad\"\nagent = \"x\"\n")]);
    let variables = [
        ("SLACK_BOT_TOKEN", "xoxb-secret"),
        ("SLACK_API_URL", "http://127.0.0.1:1/"),
        ("DATABASE_URL", "mysql://a:secret@b/c"),
        ("SIGNOFF_LISTEN", "localhost"),
        ("SIGNOFF_PUBLIC_URL", "secret"),
        ("SIGNOFF_REHEARSAL", "gone.toml"),
    ];
    let told = problems(&folder, &variables);
    assert!(!told.contains("secret"), "{told}");
    assert_snapshot!(told, @r#"
    environment: DATABASE_URL is no address of a Postgres database. Write it like postgres://user:password@host:5432/name
    environment: SLACK_API_URL = "http://127.0.0.1:1/" does not end in /api. Write it like http://127.0.0.1:7811/api
    environment: SLACK_BOT_TOKEN is set, and neither SLACK_SIGNING_SECRET nor SLACK_APP_TOKEN is. Copy one of them from your app's page at Slack: the first where Slack can call you, the second where it cannot
    environment: SIGNOFF_REHEARSAL names <folder>/gone.toml, which is no file. Correct the path or unset it
    environment: SIGNOFF_LISTEN = "localhost" is no address to listen on. Write it like 127.0.0.1:8480
    environment: SIGNOFF_PUBLIC_URL is no web address. Write it with http:// or https://
    <folder>/signoff.toml:1: pipeline is missing. Name a built-in one, such as "llm-wrapper", or a file, "x.toml"
    <folder>/signoff.toml:1: "Own" is no name. Use lower-case letters, digits, - and _ (up to 64), starting with a letter or digit
    <folder>/signoff.toml:2: unknown key "pipelin". Did you mean "pipeline"?
    <folder>/signoff.toml:4: no pipeline "lm-wrapper" is built in. Did you mean "llm-wrapper"?
    <folder>/signoff.toml:5: the repository's address carries a password or token. Leave it out: git asks its own credential helper, or use ssh
    <folder>/signoff.toml:6: "general" is no channel. Write slack:<team>:<channel>, both as ids
    <folder>/signoff.toml:7: a budget of nothing lets nothing start. Leave it out for no limit
    <folder>/signoff.toml:8: "ana" is no person or user group. Write slack:<team>:<user or user group> (the ids) or cli:<user>
    <folder>/bad.toml:1: there is no stage. Add one that starts with [[stage]]
    <folder>/bad.toml:2: "x" is no agent. Use "claude" or "script"
    <folder>/signoff.toml:11: that is no repository. Write a whole path, a path relative to this file, or a URL
    <folder>/signoff.toml:12: budget cannot be a value of type boolean. Write a number
    <folder>/signoff.toml:14: pipeline <folder>/gone.toml cannot be read: No such file or directory (os error 2). Correct the path; it is relative to this file
    <folder>/signoff.toml:15: that is no repository. Write a whole path, a path relative to this file, or a URL
    <folder>/signoff.toml:16: unknown key "defaults". Here go box, breakers, budgets, model, policy, prices, project, queue, retention, setup
    "#);
}

#[test]
fn a_configuration_that_was_named_must_be_there() {
    assert_snapshot!(problems(&folder(&[]), &[("SIGNOFF_CONFIG", "gone.toml")]), @"<folder>/gone.toml: cannot be read: No such file or directory (os error 2). Correct SIGNOFF_CONFIG, or make the file readable");
}

#[test]
fn slack_speaks_by_http_or_by_sockets() {
    let both = |name, value| {
        read(&folder(&[]), &[("SLACK_BOT_TOKEN", "xoxb-1"), (name, value)])
            .expect("good")
            .slack
            .expect("Slack")
    };
    let (http, socket) = (both("SLACK_SIGNING_SECRET", "x"), both("SLACK_APP_TOKEN", "xapp-1"));
    assert!(http.signing_secret.is_some() && http.app_token.is_none());
    assert!(socket.signing_secret.is_none() && socket.app_token.is_some());
    assert!(
        problems(&folder(&[]), &[("SLACK_APP_TOKEN", "xapp-1")])
            .contains("SLACK_BOT_TOKEN is missing")
    );
}

#[test]
fn no_secret_is_ever_printed() {
    let secrets = [
        "DATABASE_URL",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
        "ANTHROPIC_API_KEY",
    ];
    let variables: Vec<(&str, &str)> =
        secrets.iter().map(|n| (*n, "postgres://u:hunter2@localhost/d")).collect();
    let config = read(&folder(&[]), &variables).expect("good");
    assert!(config.slack.as_ref().is_some_and(|s| s.app_token.is_some()));
    assert!(!format!("{config:#?}").contains("hunter2"));
}

#[test]
fn the_servers_of_up_fill_in_what_the_environment_leaves_open() {
    let up = UpAddresses {
        database_url: "postgres://up".to_owned(),
        temporal: "127.0.0.1:7233".to_owned(),
        web: Some("http://127.0.0.1:8480".to_owned()),
    };
    let variables = [
        ("TEMPORAL_ADDRESS", "elsewhere:7233"),
        ("SIGNOFF_PUBLIC_URL", "https://signoff.example/x"),
    ];
    let own = read(&folder(&[]), &variables).expect("good").with_up(&up);
    assert_eq!(
        (own.temporal_address.as_deref(), own.database_url.is_some()),
        (Some("elsewhere:7233"), true)
    );
    assert_eq!(own.public_url.map(String::from).as_deref(), Some("https://signoff.example/x/"));
    let local = read(&folder(&[]), &[]).expect("good").with_up(&up);
    assert_eq!(local.up_url.map(String::from).as_deref(), Some("http://127.0.0.1:8480/"));
    assert_eq!(local.temporal_namespace.as_deref(), Some("default"));
    assert_eq!(local.public_url, None, "that is this machine's alone");
}

#[test]
fn a_servers_setup_policy_bounds_what_stages_may_name() {
    let pipeline = PIPELINE.to_owned() + "hosts = [\"a.example\", \"b.example\"]\n";
    let file = "[project.own]\npipeline = \"own.toml\"\n[setup]\nhosts = [\"*.example\", \"a.example\"]\nprivate = [\"mirror.example:8081\"]\n";
    let setup = |file: &str| {
        let folder = folder(&[("own.toml", &pipeline), ("signoff.toml", file)]);
        read(&folder, &[]).map(|config| config.projects.setup).map_err(|e| e.to_string())
    };
    assert_eq!(setup(file).expect("all of it is allowed").private.len(), 1);
    let told = setup(&file.replace("*.example", "*.other")).expect_err("b.example is beyond it");
    assert!(
        told.contains("the stage a wants to reach b.example, which [setup] hosts does not allow"),
        "{told}"
    );
    let features = file.replace("pipeline =", "pipeline = \"llm-wrapper\"\nfeatures =");
    let told = setup(&features.replace("*.example", "*.other")).expect_err("features neither");
    assert!(told.contains("the stage a wants to reach b.example"), "{told}");
    let told = setup(&file.replace(":8081", "")).expect_err("that is two ports");
    assert!(told.contains("is more than one place"), "{told}");
}

#[test]
fn a_policy_is_read_beside_the_projects() {
    let file = "[policy]\napprovers_required = true\nquorum = 2\nself_approval = false\napprovers = [\"slack:T1:S0LEADS\"]\n";
    let folder = folder(&[("signoff.toml", file)]);
    let policy = read(&folder, &[]).expect("it is good").projects.policy;
    assert_eq!(
        (policy.approvers_required, policy.quorum, policy.self_approval, policy.approvers.len()),
        (true, 2, false, 1)
    );
}
