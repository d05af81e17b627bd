//! The project whose workers are killed: two stages, a question after the first, and a repository that is told of each attempt.

use std::fs;

use anyhow::Result;

use super::script;
use crate::world::World;
use crate::world::projects::{AGENT, ASKS};

/// Its name, and its repository's.
pub(super) const RELAY: &str = "relay";

const SETTINGS: &str =
    "[project.relay]\npipeline = \"relay.toml\"\nrepository = \"relay\"\npush_attempts = true\n";
/// Its agents ask a model, write half of a file, and ask it again. A command that does nothing is made to wait by `script.rs`.
const STAGE: &str = r#"
[[stage]]
name = "NAME"
MORE
timeout = "2m"
recovery = false
red_green = false
setup = ["true # setup of NAME"]
checks = [
    "true # checks of NAME",
    """mkdir -p reports && printf '<testsuite><testcase name="NAME"/></testsuite>' > reports/junit.xml; grep whole NAME.txt""",
]
reports = { junit = "reports/junit.xml" }
prompt = '''
do: asks() { ASKS > /tmp/answer; grep -q 'HTTP/1.1 200' /tmp/answer; }
do: asks || exit 1
do: echo half > NAME.txt
do: true # agent of NAME
do: asks || exit 1
do: echo whole >> NAME.txt
'''
"#;

/// The project is there from now on; in one stage, one kind of script waits.
pub(super) fn begin(world: &World, waits: Option<(&str, &str)>) -> Result<()> {
    let stage =
        |name, more| STAGE.replace("ASKS", ASKS).replace("NAME", name).replace("MORE", more);
    let stages = stage("one", "gate = true") + &stage("two", "needs = [\"one\"]");
    let stages = waits.map_or(stages.clone(), |waits| script::waits(&stages, waits));
    fs::write(
        world.folder.path().join("relay.toml"),
        format!("name = \"relay\"\n{AGENT}{stages}"),
    )?;
    world.has_repository(RELAY, [("README.md", "# A relay\n")])?;
    world.has_settings(SETTINGS)
}
