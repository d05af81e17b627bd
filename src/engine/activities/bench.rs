//! What does a worker work with?

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::agent::ModelAccess;
use crate::sandbox::Sandbox;
use crate::store::Store;

/// What a worker works with.
pub struct Bench {
    pub store: Store,
    /// `$SIGNOFF_HOME/runs`.
    pub runs: PathBuf,
    pub sandbox: Sandbox,
    /// The operator said that a real model may run without a box.
    pub no_sandbox: bool,
    /// A real model or a scripted one; which of them decides what runs this worker takes.
    pub model: ModelAccess,
    /// The model a pipeline gets that names none: the scenario's, in a rehearsal. The CLI's prices follow the model it asks for.
    pub usual_model: Option<String>,
    /// The Claude Code program, where there is one.
    pub claude: Option<PathBuf>,
    /// The worker is ending: what is interrupted now goes on elsewhere.
    pub draining: CancellationToken,
}
