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

/// A gate that nobody has time for.
const HASTY: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["true"]
prompt = "do: echo x > x.txt"
[stage.gate]
deadline = "6s"
"#;

/// A gate for those who are named.
const GUARDED: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
gate = true
checks = ["true"]
prompt = "do: echo x > x.txt"
"#;

/// A gate that reminds after six seconds and still waits after twelve.
const PATIENT: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["true"]
prompt = "do: echo x >> x.txt"
[stage.gate]
deadline = "12s"
on_deadline = "wait"
"#;

/// A gate that asks somebody else when its approver is silent.
const URGENT: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["true"]
prompt = "do: echo x > x.txt"
[stage.gate]
approvers = ["slack:T01ACME:U02BEN"]
escalate = { after = "2s", to = ["slack:T01ACME:U03CLEO"] }
"#;

/// A gate for whoever is in a user group.
const GROUPED: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["true"]
prompt = "do: echo x > x.txt"
[stage.gate]
approvers = ["slack:T01ACME:S0LEADS"]
"#;

/// A gate that two people must approve.
const PAIRED: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["true"]
prompt = "do: echo x > x.txt"
[stage.gate]
quorum = 2
"#;

/// More changed than one screen shows.
const WIDE: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
gate = true
checks = ["true"]
prompt = "do: for i in $(seq 10 29); do seq 1 60 > file-$i.txt; done"
"#;

/// The same, and they are reminded.
const LED: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["true"]
prompt = "do: echo x > x.txt"
[stage.gate]
approvers = ["slack:T01ACME:S0LEADS"]
deadline = "20s"
on_deadline = "wait"
"#;

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

/// Writes `signoff.toml`, its pipelines and a repository with one commit.
pub fn write(folder: &Path) -> Result<()> {
    fs::write(folder.join("signoff.toml"), SIGNOFF)?;
    let usual = [("tale", TALE), ("slow", SLOW), ("stubborn", STUBBORN), ("hasty", HASTY), ("guarded", GUARDED), ("quick", QUICK)];
    let gates = [("patient", PATIENT), ("urgent", URGENT), ("grouped", GROUPED), ("paired", PAIRED), ("wide", WIDE), ("led", LED)];
    for (name, stages) in usual.into_iter().chain(gates) {
        fs::write(folder.join(format!("{name}.toml")), format!("name = \"{name}\"\n{AGENT}{stages}"))?;
    }
    let repository = folder.join("repository");
    fs::create_dir(&repository)?;
    fs::write(repository.join("README.md"), "# A tale\n")?;
    for words in [
        vec!["init", "-q", "-b", "main"],
        vec!["add", "-A"],
        vec!["-c", "user.name=ana", "-c", "user.email=ana@example.com", "commit", "-q", "-m", "Begin"],
    ] {
        let status = Command::new("git").args(words).current_dir(&repository).status()?;
        ensure!(status.success(), "git could not make the story's repository");
    }
    Ok(())
}
