//! Tests of pipeline files: what is taken, and how are problems told?

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{PipelineText, nearest, prompt};
use crate::run::{
    AgentKind, OnDeadline, OnReject, Remark, RemarkKind, Reports, ReviewSpec, Size, Trust,
};

const FILE: &str = "x.toml";

const GOOD: &str = r#"
name = "llm-wrapper"
agent = "claude"
model = "claude-opus-4-1"

[[stage]]
name = "streaming"
needs = ["scaffold"]
size = "L"
attempts = 2
timeout = "45m"
prompt = """
Build {{brief}}.
{{feedback}}"""
checks = ["npm test"]
reports = { junit = "reports/junit.xml", lcov = "reports/lcov.info" }
coverage = 90.5
[stage.gate]
deadline = "2h"

[[stage]]
name = "scaffold"
gate = true
prompt = "Start {{ brief }} with {{other.thing}}."
setup = ["npm ci"]
checks = ["npm test"]
"#;

fn stage(extra: &str) -> String {
    format!(
        "name = \"p\"\nagent = \"claude\"\n[[stage]]\nname = \"a\"\nprompt = \"Go\"\nchecks = [\"true\"]\n{extra}"
    )
}

fn problems(text: &str) -> String {
    PipelineText::parse(FILE, text).expect_err("it was taken").to_string()
}

#[test]
fn a_second_reader_may_be_wanted_and_may_send_the_work_back() {
    let read = |line: &str| {
        let text = format!(
            "name = \"x\"\nagent = \"claude\"\n[[stage]]\nname = \"a\"\nprompt = \"p\"\nchecks = [\"true\"]\n{line}\n"
        );
        PipelineText::parse("x.toml", &text).map(|it| it.pipeline.stages[0].review)
    };
    let spec = |send_back| Ok(Some(ReviewSpec { send_back, if_affordable: send_back }));
    assert_eq!(read("review = true").map_err(|e| e.to_string()), spec(false));
    assert_eq!(read("review = \"once\"").map_err(|e| e.to_string()), spec(true));
    assert_eq!(read("review = false").map_err(|e| e.to_string()), Ok(None));
    assert!(read("review = \"twice\"").is_err_and(|e| e.to_string().contains("is no review")));
    assert!(read("review = 2").is_err_and(|e| e.to_string().contains("true or false")));
}

#[test]
fn stages_run_after_what_they_need_and_defaults_fill_the_rest() {
    let pipeline = PipelineText::parse(FILE, GOOD).expect("it is good").pipeline;
    let [scaffold, streaming] = pipeline.stages.as_slice() else {
        panic!("two stages, not {:?}", pipeline.stages)
    };
    assert_eq!((scaffold.name.as_str(), streaming.name.as_str()), ("scaffold", "streaming"));
    assert_eq!((scaffold.size, scaffold.attempts, scaffold.timeout_seconds), (Size::M, 3, 1800));
    assert_eq!((streaming.size, streaming.attempts, streaming.timeout_seconds), (Size::L, 2, 2700));
    assert_eq!(scaffold.gate.as_ref().map(|g| g.deadline_seconds), Some(3600));
    assert_eq!(streaming.gate.as_ref().map(|g| g.deadline_seconds), Some(7200));
    assert_eq!(
        (streaming.reports.lcov.join(" ").as_str(), streaming.least_coverage_percent),
        ("reports/lcov.info", Some(90.5))
    );
    assert_eq!(
        (pipeline.agent.kind, pipeline.agent.model.as_deref()),
        (AgentKind::Claude, Some("claude-opus-4-1"))
    );
}

#[test]
fn reports_are_paths_or_patterns_one_or_many() {
    let read = |reports: &str| {
        let pipeline = PipelineText::parse(FILE, &stage(&format!("reports = {reports}")));
        pipeline.map(|text| text.pipeline.stages[0].reports.clone())
    };
    let all = read(r#"{ junit = ["out/**/TEST-*.xml", "b.xml"], tap = "t.tap", cobertura = "c.xml", trust = "exit" }"#).expect("good");
    assert_eq!((all.junit.len(), all.trust), (2, Trust::Exit));
    assert_eq!(all.all().collect::<Vec<_>>(), ["out/**/TEST-*.xml", "b.xml", "t.tap", "c.xml"]);
    let kept = serde_json::to_value(&all).expect("JSON");
    assert_eq!(serde_json::from_value::<Reports>(kept).expect("read"), all);
    let before = serde_json::json!({"junit": "junit.xml", "lcov": null});
    let one = serde_json::from_value::<Reports>(before.clone()).expect("of an earlier version");
    assert_eq!((serde_json::json!(one), one.junit.len()), (before, 1));
    for bad in [
        r#"{ junit = ["a", "../b"] }"#,
        r#"{ tap = [""] }"#,
        r#"{ trust = "nobody" }"#,
        "{ junit = 7 }",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_line() {
    let text = r#"name = "My Pipeline"
agent = "cluade"
modle = "x"
[[stage]]
name = "a"
needs = ["b", "nowhere"]
size = "XL"
attempts = 11
timeout = "25h"
gate = "yes"
checks = []
prompt = """
Do it.
{{breif}} {{whatever}}"""
[[stage]]
name = "b"
needs = ["c"]
prompt = " "
checks = ["true", ""]
coverage = 101
chekcs = 1
[[stage]]
name = "c"
needs = ["b"]
timeout = "soon"
reports = { junit = "/etc/passwd", lcov = "../x" }
[[stage]]
name = "a"
prompt = "p"
checks = "true"
coverage = 50
"#;
    assert_snapshot!(problems(text), @r#"
    x.toml:1: "My Pipeline" is no name. Use lower-case letters, digits, - and _ (up to 64), starting with a letter or digit
    x.toml:2: "cluade" is no agent. Did you mean "claude"?
    x.toml:3: unknown key "modle". Did you mean "model"?
    x.toml:4: checks is empty. Name at least one command that exits 0 when the work is good: checks = ["npm test"]
    x.toml:6: "a" needs "nowhere", which is no stage. The stages are a, b, c
    x.toml:7: "XL" is no size. Use "S", "M" or "L"
    x.toml:8: 11 is no number of attempts. Use 1 to 10
    x.toml:9: timeout = "25h" is out of bounds. Use 1s to 24h
    x.toml:10: gate cannot be a value of type string. Write true, false or a table
    x.toml:14: unknown placeholder {{breif}}. Did you mean "brief"?
    x.toml:14: unknown placeholder {{whatever}}. There are {{brief}} and {{feedback}}
    x.toml:16: stages need each other in a circle: b → c → b. Remove one of these needs
    x.toml:18: prompt is empty. Say what the agent is to do
    x.toml:19: checks holds an empty command. Fill it in or leave it out
    x.toml:20: 101 is no coverage. Use 0 to 100, in percent of lines
    x.toml:21: unknown key "chekcs". Did you mean "checks"?
    x.toml:22: checks is missing. Name at least one command that exits 0 when the work is good: checks = ["npm test"]
    x.toml:22: prompt is missing. Say what the agent is to do: prompt = """ … {{brief}} … """
    x.toml:25: "soon" is no length of time. Write it like "90s", "20m" or "2h"
    x.toml:26: junit = "/etc/passwd" leaves the checkout. Use a path relative to it, without ..
    x.toml:26: lcov = "../x" leaves the checkout. Use a path relative to it, without ..
    x.toml:28: there are two stages named "a". Rename one of them
    x.toml:30: checks cannot be a value of type string. Write a list of strings, ["…"]
    x.toml:31: coverage has nothing to be read from. Add reports = { lcov = "…" } or { cobertura = "…" }, or leave coverage out
    "#);
}

#[test]
fn new_tests_are_tried_on_the_code_before_where_reports_name_them() {
    let read = |extra: &str| {
        let text = PipelineText::parse(FILE, &stage(extra)).expect("it is good");
        text.pipeline.stages[0].red_green
    };
    assert!(read("reports = { junit = \"a.xml\" }") && read("reports = { tap = \"a.tap\" }"));
    assert!(!read("") && !read("reports = { junit = \"a.xml\" }\nred_green = false"));
    assert_snapshot!(problems(&stage("red_green = true")), @r#"x.toml:3: red_green has no names of tests to be read from. Add reports = { junit = "…" } or { tap = "…" }, or leave red_green out"#);
}

#[test]
fn a_stage_that_needs_itself_is_a_circle_too() {
    assert_snapshot!(problems(&stage("needs = [\"a\"]")), @"x.toml:4: stages need each other in a circle: a → a. Remove one of these needs");
}

#[test]
fn a_script_agent_needs_its_command_and_claude_takes_none() {
    let script = stage("").replace("\"claude\"", "\"script\"");
    let claude = format!("command = \"x\"\n{}", stage(""));
    assert_snapshot!(format!("{}\n{}\n{}", problems(&script), problems(&claude), problems("")), @r#"
    x.toml:1: agent = "script" has no command. Say command = "…", a shell command
    x.toml:1: a command belongs to agent = "script". Remove it, or change the agent
    x.toml:1: name is missing. Use lower-case letters, digits, - and _ (up to 64), starting with a letter or digit
    x.toml:1: agent is missing. Say agent = "claude", or agent = "script" with a command
    x.toml:1: there is no stage. Add one that starts with [[stage]]
    "#);
}

#[test]
fn broken_toml_is_told_without_guesses_about_the_rest() {
    assert_snapshot!(problems("name = \nagent = claude\n[[stage]"), @"
    x.toml:1: string values must be quoted, expected literal string. See toml.io for how TOML is written
    x.toml:2: string values must be quoted, expected literal string. See toml.io for how TOML is written
    x.toml:3: unclosed array table, expected `]`. See toml.io for how TOML is written
    ");
}

#[test]
fn a_missing_key_points_at_its_stage() {
    assert_snapshot!(problems(&format!("{}[[stage]]\nsize = \"S\"\n", stage(""))), @r#"
    x.toml:7: name is missing. Use lower-case letters, digits, - and _ (up to 64), starting with a letter or digit
    x.toml:7: checks is missing. Name at least one command that exits 0 when the work is good: checks = ["npm test"]
    x.toml:7: prompt is missing. Say what the agent is to do: prompt = """ … {{brief}} … """
    "#);
}

#[test]
fn a_gate_says_who_answers_how_and_until_when() {
    let gate = r#"[stage.gate]
deadline = "8h"
on_deadline = "wait"
on_reject = "skip"
approvers = ["slack:T1:U1", "slack:T1:S1"]
quorum = 2
self_approval = false
escalate = { after = "30m", to = ["slack:T1:S2"] }
hours = "Mon-Fri 09:00-17:00 Europe/Berlin"
"#;
    let pipeline = PipelineText::parse(FILE, &stage(gate)).expect("it is good").pipeline;
    let gate = pipeline.stages[0].gate.as_ref().expect("a gate");
    assert_eq!(
        (gate.on_deadline, gate.on_reject, gate.quorum, gate.self_approval),
        (OnDeadline::Wait, OnReject::Skip, 2, false)
    );
    assert_eq!(
        (gate.approvers.len(), gate.escalation.as_ref().map(|e| e.after_seconds)),
        (2, Some(1_800))
    );
    assert_eq!(
        gate.hours.as_ref().map(ToString::to_string).as_deref(),
        Some("Mon-Fri 09:00-17:00 Europe/Berlin")
    );
}

#[test]
fn what_is_wrong_with_a_gate_is_told_with_a_remedy() {
    let gate = "[stage.gate]\non_deadline = \"wiat\"\nquorum = 0\napprovers = [\"ana\"]\nself_approval = 1\nhours = \"nine to five\"\nescalate = {}\n";
    assert_snapshot!(problems(&stage(gate)), @r#"
    x.toml:8: on_deadline = "wiat" is not known. Did you mean "wait"?
    x.toml:9: 0 is no quorum. Use 1 to 20
    x.toml:10: "ana" is no person or user group. Write slack:<team>:<user or user group> (the ids) or cli:<user>
    x.toml:11: self_approval cannot be a value of type integer. Write true or false
    x.toml:12: "nine to five" is no description of working hours. Write them like "Mon-Fri 09:00-17:00 Europe/Berlin"
    x.toml:13: after is missing. Say after how long: after = "30m"
    x.toml:13: to is missing. Write slack:<team>:<user or user group> (the ids) or cli:<user>
    "#);
}

#[test]
fn an_escalation_that_could_never_be_is_told() {
    let told = |gate: &str| PipelineText::parse(FILE, &stage(&format!("gate = {{ {gate} }}\n")));
    let late = "deadline = \"1h\", escalate = { after = \"2h\", to = [\"cli:ben\"] }";
    assert_snapshot!(told(late).expect_err("the deadline comes first"), @r#"x.toml:7: nobody else would be asked: the deadline comes first, and the stage fails then. Use a shorter `after`, a longer `deadline`, or on_deadline = "wait""#);
    let alone = "escalate = { after = \"30m\", to = [] }";
    assert_snapshot!(told(alone).expect_err("nobody is asked"), @"x.toml:7: to is empty: nobody else would be asked. Write slack:<team>:<user or user group> (the ids) or cli:<user>");
    let began = stage(&format!("gate = {{ {late} }}"));
    assert!(PipelineText::stored(&began).is_ok(), "a run that has it goes on");
    assert!(told(&format!("on_deadline = \"wait\", {late}")).is_ok());
}

#[test]
fn a_stage_that_others_need_is_not_skipped() {
    let other = "gate = { on_reject = \"skip\" }\n[[stage]]\nname = \"b\"\nneeds = [\"a\"]\nprompt = \"Go\"\nchecks = [\"true\"]\n";
    assert_snapshot!(problems(&stage(other)), @r#"x.toml:4: a may be skipped (on_reject = "skip"), but b needs it. Leave on_reject out, or remove the need"#);
}

#[test]
fn what_people_said_is_marked_as_theirs_and_stands_word_for_word() {
    let text = PipelineText::parse(FILE, GOOD).expect("it is good");
    let said = |kind, words: &str| Remark {
        kind,
        by: "slack:T1:UANA".parse().expect("a person"),
        words: words.to_owned(),
    };
    let remarks = [
        said(RemarkKind::Changes, "Use retries.\nThree of them."),
        said(RemarkKind::Note, "{{brief}} & <b>"),
    ];
    let prompt = text
        .prompt_for(&"streaming".parse().expect("a slug"), "it", None, &remarks)
        .expect("a prompt");
    assert_snapshot!(prompt, @"
    Build it.


    People who look after this work said the following. Take it into account:

    slack:T1:UANA looked at the work that is here and asked for changes:

    > Use retries.
    > Three of them.

    slack:T1:UANA said in the run's thread:

    > {{brief}} & <b>
    ");
}

#[test]
fn values_are_put_in_once_and_feedback_without_a_place_goes_below() {
    let text = PipelineText::parse(FILE, GOOD).expect("it is good");
    let prompt = |stage: &str, feedback| {
        text.prompt_for(&stage.parse().expect("a slug"), "a {{feedback}} {{brief}}", feedback, &[])
    };
    assert_snapshot!(prompt("streaming", Some("{{brief}} is red")).expect("a prompt"), @"
    Build a {{feedback}} {{brief}}.
    {{brief}} is red
    ");
    assert_snapshot!(prompt("streaming", None).expect("a prompt"), @"Build a {{feedback}} {{brief}}.");
    assert_snapshot!(prompt("scaffold", Some("It was red.")).expect("a prompt"), @"
    Start a {{feedback}} {{brief}} with {{other.thing}}.

    The attempt before this one failed:

    It was red.
    ");
    assert_eq!(prompt("elsewhere", None), None);
}

#[test]
fn the_readme_shows_a_good_pipeline() {
    let readme = include_str!("../../../../README.md");
    let block = readme
        .split("```toml")
        .filter_map(|block| block.split("```").next())
        .find(|block| block.contains("[[stage]]"));
    let pipeline = PipelineText::parse("README.md", block.expect("a pipeline"))
        .map(|text| text.pipeline.stages.len());
    assert_eq!(pipeline, Ok(2));
}

#[test]
fn a_setup_has_hosts_and_variables() {
    let text =
        stage("hosts = [\"a.example\", \"*.b.example:8443\"]\nenv = { RUST_LOG = \"debug\" }\n");
    let stage = PipelineText::parse(FILE, &text).expect("it is good").pipeline.stages.remove(0);
    let hosts: Vec<String> = stage.hosts.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(hosts, ["a.example", "*.b.example:8443"]);
    assert_eq!(stage.env.get("RUST_LOG").map(String::as_str), Some("debug"));
}

#[test]
fn what_is_no_host_and_no_variable_is_told() {
    let text = stage(
        "hosts = [\"https://a.example\"]\nenv = { PATH = \"/x\", LD_PRELOAD = \"x\", \"a b\" = \"\", https_proxy = \"x\", A = 1 }\n",
    );
    let told = PipelineText::parse(FILE, &text).expect_err("it is wrong").to_string();
    for what in [
        "\"https://a.example\" is no host",
        "\"PATH\" is no variable",
        "\"LD_PRELOAD\" is no variable",
        "\"a b\" is no variable",
        "\"https_proxy\" is no variable",
        "env cannot be a value of type integer",
    ] {
        assert!(told.contains(what), "{what} in {told}");
    }
}

#[test]
fn a_near_miss_is_named_and_a_far_one_is_not() {
    assert_eq!(nearest("chekcs", ["checks", "coverage"]), Some("checks"));
    assert_eq!(nearest("Checks", ["checks"]), Some("checks"));
    assert_eq!(nearest("deploy", ["checks", "coverage"]), None);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}", extra in "[a-z]{1,8} = [\\[\\]{}\"a-z0-9.]{0,12}\n?") {
        let _ = PipelineText::parse(FILE, &text);
        let _ = PipelineText::parse(FILE, &stage(&extra));
    }

    #[test]
    fn pieces_make_up_the_prompt(text in "(\\{|\\}|brief| |x|ü){0,20}") {
        let joined: String = prompt::parts(&text).into_iter().map(|p| match p { prompt::PromptPart::Text(t) | prompt::PromptPart::Placeholder(t, _) => t }).collect();
        prop_assert_eq!(joined, text);
    }

    #[test]
    fn values_arrive_as_they_are(brief in "[ -~{}]{0,30}", feedback in "[ -~{}]{1,30}") {
        let filled = prompt::fill("<{{brief}}|{{feedback}}>", &brief, Some(&feedback));
        prop_assert_eq!(filled, format!("<{brief}|{feedback}>"));
    }

    #[test]
    fn any_order_in_the_file_ends_in_a_running_order(order in Just(vec![0_usize, 1, 2, 3, 4, 5]).prop_shuffle(), links in prop::collection::vec((0_usize..6, 0_usize..6), 0..12)) {
        let needs = |i: usize| links.iter().filter(|(a, b)| *a == i && b < a).map(|(_, b)| format!("\"s{b}\"")).collect::<Vec<_>>().join(",");
        let stage = |i: usize| format!("[[stage]]\nname = \"s{i}\"\nneeds = [{}]\nprompt = \"p\"\nchecks = [\"true\"]\n", needs(i));
        let stages = order.into_iter().map(stage).collect::<Vec<_>>().concat();
        let pipeline = PipelineText::parse(FILE, &format!("name = \"p\"\nagent = \"claude\"\n{stages}")).expect("no circle").pipeline;
        for (place, stage) in pipeline.stages.iter().enumerate() {
            prop_assert!(stage.needs.iter().all(|n| pipeline.stages[..place].iter().any(|s| &s.name == n)));
        }
    }
}
