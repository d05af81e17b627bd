//! What can be developed in stories.
//! Their agent is a script that does what the prompt's `do:` lines say, in the box, on a real repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

const SIGNOFF: &str = r#"
[project.tale]
repository = "repository"
pipeline = "tale.toml"

[project.slow]
repository = "repository"
pipeline = "slow.toml"

[project.stubborn]
repository = "repository"
pipeline = "stubborn.toml"

[project.hasty]
pipeline = "hasty.toml"

[project.guarded]
pipeline = "guarded.toml"
approvers = ["slack:T01ACME:U02BEN"]

[project.patient]
repository = "repository"
pipeline = "patient.toml"

[project.urgent]
pipeline = "urgent.toml"

[project.grouped]
pipeline = "grouped.toml"

[project.paired]
pipeline = "paired.toml"

[project.wide]
repository = "repository"
pipeline = "wide.toml"

[project.led]
pipeline = "led.toml"

[project.fickle]
pipeline = "fickle.toml"

[project.twice]
pipeline = "twice.toml"

[project.sly]
repository = "repository"
pipeline = "sly.toml"

[project.quick]
pipeline = "quick.toml"
"#;

/// The agent: `do:` lines of the prompt are its instructions, then it tells what it used.
const AGENT: &str = r#"
agent = "script"
command = '''
cat > /tmp/prompt
grep '^do: ' /tmp/prompt | cut -c5- > /tmp/do
. /tmp/do
echo '{"type":"usage","tokens":{"input":2000,"output":300,"cache_read":40,"cache_write":0},"cost_usd":"0.043750000"}'
echo '{"type":"finished","end":"finished","tokens":{"input":2000,"output":300,"cache_read":40,"cache_write":0},"cost_usd":"0.043750000","words":"I wrote it."}'
'''
"#;

/// Two stages, a gate after the first; the second fails once, 3 of 50 tests.
const TALE: &str = r#"
[[stage]]
name = "draft"
size = "S"
timeout = "1m"
gate = true
checks = ["test -s draft.txt", "mkdir -p reports && printf '<testsuites><testcase name=\"reads well\"/></testsuites>' > reports/junit.xml"]
reports = { junit = "reports/junit.xml" }
prompt = """
Stage: draft. {{brief}}
do: echo once upon a time > draft.txt
do: printf 'reports/\\n' > .gitignore
"""

[[stage]]
name = "polish"
needs = ["draft"]
attempts = 2
timeout = "1m"
checks = ["mkdir -p reports && sh check.sh"]
reports = { junit = "reports/junit.xml", lcov = "reports/lcov.info" }
coverage = 90
prompt = """
Stage: polish.
{{feedback}}
do: if grep -q '[0-9] of 50 tests failed' /tmp/prompt; then bad=0; echo the end >> draft.txt; else bad=3; echo scribble > scribble.txt; fi
do: cat > check.sh <<'END'
do: { echo '<testsuites>'; i=0; while [ $i -lt 50 ]; do i=$((i+1)); if [ $i -le BAD ]; then echo "<testcase name=\\"line $i\\"><failure message=\\"crooked\\"/></testcase>"; else echo "<testcase name=\\"line $i\\"/>"; fi; done; echo '</testsuites>'; } > reports/junit.xml
do: printf 'SF:draft.txt\\nLF:100\\nLH:92\\nend_of_record\\n' > reports/lcov.info
do: test BAD -eq 0
do: END
do: sed -i "s/BAD/$bad/g" check.sh
"""
"#;

/// One stage that works until a file `go` appears in its clone, then waits at a gate.
const SLOW: &str = r#"
[[stage]]
name = "wait"
timeout = "2m"
gate = true
checks = ["test -s done.txt"]
prompt = """
do: echo '{"type":"tool_started","id":"1","name":"Bash","title":"Waiting for a sign"}'
do: while ! test -e go; do sleep 0.1; done
do: rm go; echo done > done.txt
"""

[[stage]]
name = "close"
needs = ["wait"]
timeout = "1m"
checks = ["test -s closed.txt"]
prompt = """
do: echo closed > closed.txt
"""
"#;

/// Every attempt fails.
const STUBBORN: &str = r#"
[[stage]]
name = "good"
timeout = "1m"
checks = ["true"]
prompt = "do: echo fine > fine.txt"

[[stage]]
name = "never"
needs = ["good"]
attempts = 2
timeout = "1m"
checks = ["echo it cannot be; exit 3"]
prompt = "do: echo again >> never.txt"
"#;

/// One stage and its gate, by project: what the agent does, and the gate's settings.
const GATES: [(&str, &str, &str); 9] = [
    // Nobody has time for it.
    ("hasty", WRITES, "deadline = \"6s\""),
    // For those whom the project names.
    ("guarded", WRITES, ""),
    // It reminds after six seconds and still waits after twelve.
    ("patient", "echo x >> x.txt", "deadline = \"12s\"\non_deadline = \"wait\""),
    // It asks somebody else when its approver is silent.
    (
        "urgent",
        WRITES,
        "approvers = [\"slack:T01ACME:U02BEN\"]\nescalate = { after = \"2s\", to = [\"slack:T01ACME:U03CLEO\"] }",
    ),
    // For whoever is in a user group.
    ("grouped", WRITES, "approvers = [\"slack:T01ACME:S0LEADS\"]"),
    // The same, and they are reminded.
    (
        "led",
        WRITES,
        "approvers = [\"slack:T01ACME:S0LEADS\"]\ndeadline = \"20s\"\non_deadline = \"wait\"",
    ),
    // Two people must approve.
    ("paired", WRITES, "quorum = 2"),
    // Whatever changes it is asked for, its checks fail.
    (
        "fickle",
        "if grep -q '^> ' /tmp/prompt; then echo x > spoiled.txt; else echo x > x.txt; fi",
        "",
    ),
    // More changed than one screen shows.
    ("wide", "for i in $(seq 10 29); do seq 1 60 > file-$i.txt; done", ""),
];
const WRITES: &str = "echo x > x.txt";

/// No gate at all.
const QUICK: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
attempts = 1
checks = ["true"]
prompt = "do: echo {{brief}} > brief.txt"

[[stage]]
name = "more"
needs = ["only"]
timeout = "1m"
checks = ["true"]
prompt = "do: echo more > more.txt"
"#;

fn asking((name, does, gate): (&'static str, &str, &str)) -> (&'static str, String) {
    let stage =
        "[[stage]]\nname = \"only\"\ntimeout = \"1m\"\nchecks = [\"test ! -e spoiled.txt\"]";
    (name, format!("\n{stage}\nprompt = \"do: {does}\"\n[stage.gate]\n{gate}\n"))
}

/// Two stages, and a gate after each.
const TWICE: &str = r#"
[[stage]]
name = "first"
timeout = "1m"
gate = true
checks = ["true"]
prompt = "do: printf 'a\\nb\\n' > first.txt"

[[stage]]
name = "second"
needs = ["first"]
timeout = "1m"
gate = true
checks = ["true"]
prompt = "do: echo c >> first.txt"
"#;

/// Its agent leaves a pipeline of this name in the repository, without a gate.
const SLY: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
gate = true
checks = ["test -s sly.toml"]
prompt = """
do: echo x >> x.txt
do: printf '[policy]\\nself_approval = true\\n[project.sly]\\npipeline = "sly.toml"\\n' > signoff.toml
do: printf 'name = "sly"\\nagent = "script"\\ncommand = "true"\\n[[stage]]\\nname = "only"\\nprompt = "x"\\nchecks = ["true"]\\n' > sly.toml
do: git add -A && git commit -qm "Ask nobody"
"""
"#;

/// Writes `signoff.toml`, its pipelines and a repository with one commit.
pub fn write(folder: &Path) -> Result<()> {
    fs::write(folder.join("signoff.toml"), SIGNOFF)?;
    let usual = [
        ("tale", TALE),
        ("slow", SLOW),
        ("stubborn", STUBBORN),
        ("quick", QUICK),
        ("twice", TWICE),
        ("sly", SLY),
    ]
    .map(|(name, stages)| (name, stages.to_owned()));
    for (name, stages) in usual.into_iter().chain(GATES.map(asking)) {
        fs::write(
            folder.join(format!("{name}.toml")),
            format!("name = \"{name}\"\n{AGENT}{stages}"),
        )?;
    }
    let repository = folder.join("repository");
    fs::create_dir(&repository)?;
    fs::write(repository.join("README.md"), "# A tale\n")?;
    for words in [
        vec!["init", "-q", "-b", "main"],
        vec!["add", "-A"],
        vec![
            "-c",
            "user.name=ana",
            "-c",
            "user.email=ana@example.com",
            "commit",
            "-q",
            "-m",
            "Begin",
        ],
    ] {
        let status = Command::new("git").args(words).current_dir(&repository).status()?;
        ensure!(status.success(), "git could not make the story's repository");
    }
    Ok(())
}
