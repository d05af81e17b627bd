//! What can be developed in stories.
//! Their agent is a script that does what the prompt's `do:` lines say, in the box, on a real repository.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// Something that can be developed: its pipeline, and what `signoff.toml` says of it besides.
struct Project {
    name: &'static str,
    stages: String,
    settings: &'static str,
}

/// It has code already.
const BEGUN: &str = "repository = \"repository\"";
const NEW: &str = "";
/// A story puts it there: see `canaries.rs`.
const HAUNTED: &str = "repository = \"haunted\"";
/// The same, and each attempt is pushed there.
const SPREAD_OUT: &str = "repository = \"spread\"\npush_attempts = true";

/// The agent: `do:` lines of the prompt are its instructions, then it tells what it used.
pub const AGENT: &str = r#"
agent = "script"
command = '''
cat > /tmp/prompt
grep '^do: ' /tmp/prompt | cut -c5- > /tmp/do
. /tmp/do
test ! -e feature.sh || . ./feature.sh
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

/// It looks around for a while before it writes.
const WANDERING: &str = r#"
[[stage]]
name = "only"
timeout = "2m"
checks = ["test -s x.txt"]
prompt = """
do: for n in 1 2 3 4 5 6; do echo '{"type":"tool_started","id":"'$n'","name":"Read","title":"Read README.md"}'; done
do: sleep 5; echo x > x.txt
"""
"#;

/// It says nothing any more, until it is told that it did.
const STALLING: &str = r#"
[[stage]]
name = "only"
attempts = 2
timeout = "1m"
checks = ["test -s x.txt"]
prompt = """
{{feedback}}
do: if grep -q 'said[ ]nothing' /tmp/prompt; then echo x > x.txt; else echo half > half.txt; echo I start the server; sleep 50; fi
"""
"#;

/// Three stages; the second and the third ask.
const STEPS: &str = r#"
[[stage]]
name = "one"
timeout = "1m"
checks = ["test -s one.txt"]
prompt = "do: echo 1 >> one.txt"

[[stage]]
name = "two"
needs = ["one"]
timeout = "1m"
gate = true
checks = ["test -s two.txt"]
prompt = """
{{feedback}}
do: echo 2 >> two.txt; if grep -q 'use[ ]axum' /tmp/prompt; then echo axum > two.txt; fi
"""

[[stage]]
name = "three"
needs = ["two"]
timeout = "1m"
gate = true
checks = ["test -s three.txt"]
prompt = "do: echo 3 >> three.txt"
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

/// Its first stage fails until it is told a word, or has more time; its last, which nothing needs, always fails.
const FALLING: &str = r#"
[[stage]]
name = "draft"
attempts = 2
timeout = "6s"
recovery = true
checks = ["test -s draft.txt"]
prompt = """
{{feedback}}
do: if grep -q 'try[ ]harder' /tmp/prompt; then echo x > draft.txt; elif grep -q 'not[ ]finish' /tmp/prompt; then sleep 7; echo x > draft.txt; elif grep -q 'exited[ ]1' /tmp/prompt; then sleep 60; fi
"""

[[stage]]
name = "extra"
needs = ["draft"]
attempts = 1
timeout = "1m"
recovery = { deadline = "1h" }
checks = ["test -e never.txt"]
prompt = "do: echo y > extra.txt"
"#;

/// Its agent does it right only when it is told how; a person can do it, too.
const CLUMSY: &str = r#"
[[stage]]
name = "draft"
attempts = 1
timeout = "1m"
recovery = true
checks = ["grep 'by hand' draft.txt"]
prompt = """
{{feedback}}
do: echo scribble > draft.txt; if grep -q 'mind[ ]it' /tmp/prompt; then echo by hand > draft.txt; fi
"""
"#;

/// It is done only in parts, as its agent splits it when it is asked to.
const BIG: &str = r#"
[[stage]]
name = "whole"
attempts = 1
timeout = "1m"
recovery = true
checks = ["test -s one.txt && test -s two.txt"]
prompt = """
do: if grep -q 'Do part[ ]2 now' /tmp/prompt; then echo 2 > two.txt; elif grep -q 'too big for one[ ]go' /tmp/prompt; then printf '1. write one\\n2. write two\\n' > .signoff-parts; echo 1 > one.txt; fi
"""
"#;

/// It fails in the way that its brief names, until it is told that all is well.
const TROUBLED: &str = r#"
[[stage]]
name = "only"
attempts = 1
timeout = "6s"
recovery = true
checks = ["test -s x.txt"]
prompt = """
Trouble: {{brief}}
{{feedback}}
do: fails() { echo '{"type":"finished","end":"failed","trouble":"'$1'","why":"it is so"}'; exit; }
do: grep -q 'all is [w]ell' /tmp/prompt && echo x > x.txt || case $(sed -n 's/^Trouble: //p' /tmp/prompt) in slow) sleep 60 ;; lazy) ;; *) fails $(sed -n 's/^Trouble: //p' /tmp/prompt) ;; esac
"""
"#;

/// One stage and its gate, by project: what the agent does, the gate's settings, the project's.
const GATES: [(&str, &str, &str, &str); 9] = [
    // Nobody has time for it.
    ("hasty", WRITES, "deadline = \"6s\"", NEW),
    // For those whom the project names.
    ("guarded", WRITES, "", "approvers = [\"slack:T01ACME:U02BEN\"]"),
    // It reminds at half time, as no shorter deadline does, and still waits when its time is over.
    ("patient", "echo x >> x.txt", "deadline = \"10s\"\non_deadline = \"wait\"", BEGUN),
    // It asks somebody else when its approver is silent.
    (
        "urgent",
        WRITES,
        "approvers = [\"slack:T01ACME:U02BEN\"]\nescalate = { after = \"2s\", to = [\"slack:T01ACME:U03CLEO\"] }",
        NEW,
    ),
    // For whoever is in a user group.
    ("grouped", WRITES, "approvers = [\"slack:T01ACME:S0LEADS\"]", NEW),
    // The same, and they are reminded.
    (
        "led",
        WRITES,
        "approvers = [\"slack:T01ACME:S0LEADS\"]\ndeadline = \"10s\"\non_deadline = \"wait\"",
        NEW,
    ),
    // Two people must approve.
    ("paired", WRITES, "quorum = 2", NEW),
    // Whatever changes it is asked for, its checks fail.
    (
        "fickle",
        "if grep -q '^> ' /tmp/prompt; then echo x > spoiled.txt; else echo x > x.txt; fi",
        "",
        NEW,
    ),
    // More changed than one screen shows.
    ("wide", "for i in $(seq 10 29); do seq 1 60 > file-$i.txt; done", "", BEGUN),
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

/// Its repository keeps some files in UTF-16; its agent writes one in UTF-8, until it is told.
const ENCODED: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
attempts = 2
checks = ["true"]
prompt = '''
{{feedback}}
do: printf '*.rc text working-tree-encoding=UTF-16\n' > .gitattributes
do: if grep -q 'cannot be [k]ept' /tmp/prompt; then printf '\377\376a\000\n\000' > app.rc; else echo hello > app.rc; fi
'''
"#;

/// Its setup fails, whatever anybody writes.
const UNREADY: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
attempts = 2
setup = ["echo fetching; echo no such package >&2; exit 7"]
checks = ["true"]
prompt = "do: echo x > x.txt"
"#;

/// Its agent breaks the setup, until it is told.
const BREAKING: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
attempts = 2
setup = ["if test -e lock; then cat lock; exit 1; fi"]
checks = ["test -s x.txt"]
prompt = """
{{feedback}}
do: echo x > x.txt
do: grep -q 'which goes [w]ell' /tmp/prompt || echo another version > lock
"""
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

/// Its agent and its checks write what nobody should: NULs, half an emoji, money that falls, a pipe in the place of a report.
const STRANGE: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
attempts = 1
gate = true
checks = ["""mkdir out && mkfifo out/TEST-C.xml && printf '<testsuite><testcase name="a1"/><testcase name="a2"/></testsuite>' > out/TEST-A.xml && printf '<testsuite><testcase name="b1"/></testsuite>' > out/TEST-B.xml"""]
reports = { junit = "out/TEST-*.xml" }
prompt = """
{{brief}}
do: echo x > x.txt
do: printf '%s\\n' '{"type":"started","agent":{"name":"mi\\u0000ne"},"session":"\\u0000"}'
do: printf '%s\\n' '{"type":"tool_started","id":1,"name":"Read","title":"Read \\u0000.bin"}' '{"type":"usage","cost_usd":9,"tokens":{"output":"18446744073709551615"}}'
do: printf '%s\\n' '{"type":"finished","end":"finished","cost_usd":"0.05","words":"It is \\ud83d \\u0000PNG, kept.",}'
"""
"#;

/// Asks a model by the socket in the box.
pub const ASKS: &str = r#"perl -MIO::Socket::UNIX -e '$to = IO::Socket::UNIX->new($ENV{ANTHROPIC_UNIX_SOCKET}) or die; $body = q({"model":"claude-sonnet-4-5","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}); print $to "POST /v1/messages HTTP/1.1\r\nhost: model\r\nconnection: close\r\nx-api-key: $ENV{ANTHROPIC_API_KEY}\r\ncontent-type: application/json\r\ncontent-length: ".length($body)."\r\n\r\n$body"; print <$to>'"#;

/// Its agent asks a model by the socket in its box until it is answered, and says of its money what it likes.
const ASKING: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["grep -q 'has no scene' answer.txt"]
prompt = '''
do: while ! grep -qs 'HTTP/1.1 200' answer.txt; do
do: sleep 0.1
do: ASKS > answer.txt
do: echo '{"type":"tool_started","id":"1","name":"Bash","title":"Asked a model"}'
do: done
'''
"#;

/// Its agent hunts for what is the operator's, in its box and in those of its setup and its checks. Its repository is a story's own.
const SPY: &str = r#"
[[stage]]
name = "hunt"
timeout = "2m"
attempts = 1
hosts = []
setup = ["test ! -e agent || perl hunt.pl setup $(cat words.txt)"]
checks = ["perl hunt.pl checks $(cat words.txt)", "grep . */bait.txt */hunted.txt; ! grep . */found.txt"]
prompt = "do: perl hunt.pl agent $(cat words.txt)"
"#;

/// Its agent leaves links and traps for whoever handles its work. Its repository is a story's own.
const TRAPPER: &str = r#"
[[stage]]
name = "leave"
timeout = "1m"
attempts = 1
gate = true
checks = [
    "grep springs trap.txt",
    """mkdir out && printf '<testsuite><testcase name="a"/></testsuite>' > out/TEST-A.xml && ln -s ${PWD%/runs/*}/canary.xml out/TEST-B.xml""",
]
reports = { junit = "out/TEST-*.xml" }
prompt = "do: sh traps.sh {{brief}}"
"#;

/// Its agent leaves what git holds otherwise, or not at all. Its repository is a story's own.
const SPREAD: &str = r#"
[[stage]]
name = "only"
timeout = "1m"
gate = true
checks = ["true"]
prompt = """
do: mkdir inside hollow && git init -q inside && echo x > inside/x.txt
do: echo bytes > a.bin
do: echo bytes > b.bin
"""
"#;

/// Runs what is in `test/`, one test for each file.
const RUNS_TESTS: &str = r#"
checks = ['''
mkdir -p reports; bad=0; echo '<testsuite>' > reports/junit.xml
for test in test/*.sh; do
  test -e "$test" || continue
  if sh "$test"; then end=''; else end='<failure message="no"/>'; bad=1; fi
  echo "<testcase name=\"$(basename "$test" .sh)\">$end</testcase>" >> reports/junit.xml
done
echo '</testsuite>' >> reports/junit.xml; exit $bad
''']
reports = { junit = "reports/junit.xml" }
gate = true
"#;

/// Its first stage adds a test that can fail and one that cannot; its second adds one, takes one away and weakens one.
const PROVING: &str = r#"
[[stage]]
name = "greet"
timeout = "1m"
RUNS TESTS
prompt = '''
do: mkdir test && echo echo hello > greet.sh
do: echo 'sh greet.sh | grep -q hello' > test/greets.sh
do: echo true > test/is-there.sh
do: printf 'def test_sum():\n    assert 1 + 1 == 2\n    assert 2 + 2 == 4\n' > test/test_sum.py
'''

[[stage]]
name = "shout"
needs = ["greet"]
timeout = "1m"
RUNS TESTS
prompt = '''
do: echo echo HELLO > shout.sh
do: echo 'sh shout.sh | grep -q HELLO' > test/shouts.sh
do: rm test/is-there.sh
do: printf 'def test_sum():\n    assert 1 + 1 == 2\n' > test/test_sum.py
'''
"#;

/// Without its work, its test takes longer than anybody waits.
const LINGERING: &str = r#"
[[stage]]
name = "only"
TIME
RUNS TESTS
prompt = "do: mkdir test && echo true > x.sh && echo 'test -e x.sh || sleep 61.5' > test/lingers.sh"
"#;

/// Its features are flowers and waters. Its agent is `feature.sh` of its repository: it knows which feature it is by the prompt.
const GARDEN: &str = r#"
[[stage]]
name = "dig"
timeout = "1m"
recovery = true
RUNS TESTS
prompt = "Dig"
"#;

/// Roses and tulips stand in the same line of a file; a bridge has to be told that there is a pond; weeds never are good.
const FEATURE: &str = r#"
adds() { mkdir -p test; echo $1 > $1.txt; echo "test -s $1.txt" > test/$1.sh; }
wants() { grep -q "You add one feature.*$1" /tmp/prompt; }
merges() { grep -q "The feature .$1. is to become [p]art" /tmp/prompt; }
if wants Roses; then adds roses; echo roses >> beds.txt; fi
if wants Tulips; then adds tulips; echo tulips >> beds.txt; fi
if wants Pond; then adds pond; fi
if wants Bridge; then adds bridge; echo '! test -e pond.txt || grep -q bridge pond.txt' > test/crosses.sh; fi
if wants 'Bed [0-9]'; then adds bed-$(sed -n 's/^You add one feature.*Bed \([0-9]*\).*/\1/p' /tmp/prompt); fi
if wants Weeds; then mkdir -p test; echo false > test/weeds.sh; fi
if wants Slow; then while ! test -e go; do sleep 0.1; done; rm go; adds slow; fi
if merges roses || merges tulips; then sed -i '/^[<=>|]\{7\}/d' beds.txt; fi
if merges pond || merges bridge; then echo bridge >> pond.txt; fi
"#;

/// Writes `signoff.toml`, its pipelines and a repository with one commit.
pub fn write(folder: &Path) -> Result<()> {
    let mut signoff = String::new();
    for Project { name, stages, settings } in projects() {
        writeln!(signoff, "[project.{name}]\npipeline = \"{name}.toml\"\n{settings}")?;
        // Where nothing else is said, failing ends a run: so a story about something else waits for nobody.
        let stages = if stages.contains("recovery") {
            stages
        } else {
            stages.replace("\n[[stage]]\n", "\n[[stage]]\nrecovery = false\n")
        };
        let pipeline = format!("name = \"{name}\"\n{AGENT}{stages}");
        fs::write(folder.join(format!("{name}.toml")), pipeline)?;
    }
    fs::write(folder.join("signoff.toml"), signoff)?;
    begin(&folder.join("garden"), [("beds.txt", "beds\n"), ("feature.sh", FEATURE)])?;
    begin(&folder.join("repository"), [("README.md", "# A tale\n")])
}

/// Makes a repository with one commit.
pub fn begin<'a>(
    repository: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<()> {
    fs::create_dir(repository)?;
    for (name, text) in files {
        fs::write(repository.join(name), text)?;
    }
    for words in ["init -q -b main", "add -A", "commit -q -m Begin"] {
        let ana = ["-c", "user.name=ana", "-c", "user.email=ana@example.com"];
        let mut git = Command::new("git");
        let status = git.args(ana).args(words.split(' ')).current_dir(repository).status()?;
        ensure!(status.success(), "git could not make the story's repository");
    }
    Ok(())
}

fn projects() -> impl Iterator<Item = Project> {
    let told = [
        ("tale", TALE, BEGUN),
        ("slow", SLOW, BEGUN),
        ("steps", STEPS, BEGUN),
        ("stubborn", STUBBORN, BEGUN),
        ("quick", QUICK, NEW),
        ("wandering", WANDERING, BEGUN),
        ("stalling", STALLING, BEGUN),
        ("falling", FALLING, BEGUN),
        ("clumsy", CLUMSY, BEGUN),
        ("big", BIG, BEGUN),
        ("troubled", TROUBLED, NEW),
        ("twice", TWICE, NEW),
        ("encoded", ENCODED, BEGUN),
        ("unready", UNREADY, BEGUN),
        ("breaking", BREAKING, BEGUN),
        ("sly", SLY, BEGUN),
        ("strange", STRANGE, NEW),
        ("spy", SPY, HAUNTED),
        ("trapper", TRAPPER, HAUNTED),
        ("spread", SPREAD, SPREAD_OUT),
    ]
    .map(|(name, stages, settings)| Project { name, stages: stages.to_owned(), settings });
    let metered = Project { name: "asking", stages: ASKING.replace("ASKS", ASKS), settings: NEW };
    let asking = GATES.map(|(name, does, gate, settings)| {
        let stages = format!(
            r#"
[[stage]]
name = "only"
timeout = "1m"
checks = ["test ! -e spoiled.txt"]
prompt = "do: {does}"
[stage.gate]
{gate}
"#
        );
        Project { name, stages, settings }
    });
    let garden = Project {
        name: "garden",
        stages: GARDEN.replace("RUNS TESTS", RUNS_TESTS),
        settings: "repository = \"garden\"",
    };
    let wordy = Project { name: "wordy", stages: wordy(), settings: NEW };
    told.into_iter().chain([metered, wordy, garden]).chain(asking).chain(proving())
}

/// Their new tests are run on the code before as well.
fn proving() -> impl Iterator<Item = Project> {
    let lingers = |time| LINGERING.replace("TIME", time);
    [
        ("proving", PROVING.to_owned()),
        ("lingering", lingers("timeout = \"15s\"")),
        // A story looks for its process by these words.
        ("held-up", lingers("timeout = \"2m\"").replace("61.5", "62.5")),
        ("trusting", lingers("timeout = \"2m\"\nred_green = false")),
    ]
    .map(|(name, stages)| (name, stages.replace("RUNS TESTS", RUNS_TESTS)))
    .map(|(name, stages)| Project { name, stages, settings: BEGUN })
    .into_iter()
}

/// A pipeline that is longer than what the database takes into an index, however it is packed.
fn wordy() -> String {
    let mut prose = String::new();
    for n in 1..2_000_u64 {
        let _ = write!(prose, "{:x} ", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
    format!(
        "[[stage]]\nname = \"only\"\ntimeout = \"1m\"\nprompt = \"do: echo x > x.txt\"\nchecks = [\"true # {prose}\"]\n"
    )
}
