//! Built-in pipelines: which ones are in the binary?

use std::collections::BTreeSet;

use include_dir::{Dir, include_dir};

use crate::run::{Digest, Fix, PipelineText, Problems};

static PIPELINES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/deploy/pipelines");

/// Names of the pipelines in the binary.
pub fn built_in_names() -> Vec<&'static str> {
    PIPELINES
        .files()
        .filter(|f| f.path().extension().is_some_and(|e| e == "toml"))
        .filter_map(|f| f.path().file_stem()?.to_str())
        .collect()
}

/// What tells the pipelines of the binary from others.
pub fn built_in_pipelines() -> BTreeSet<Digest> {
    let read = |name| BuiltInPipeline::find(name)?.parse().ok();
    let all: Vec<PipelineText> = built_in_names().into_iter().filter_map(read).collect();
    // Those that fix something run nothing else, as long as nobody adds a command.
    let fixing = |text: &PipelineText| text.fixing(&Fix::default()).ok();
    let fixes: Vec<PipelineText> = all.iter().filter_map(fixing).collect();
    all.into_iter().chain(fixes).map(|text| text.pipeline.digest).collect()
}

/// A pipeline of the binary, as it is written.
#[derive(Clone, Debug)]
pub struct BuiltInPipeline {
    /// What problems call its file.
    pub file: String,
    pub text: &'static str,
}

impl BuiltInPipeline {
    /// None where there is no such name.
    pub fn find(name: &str) -> Option<Self> {
        let text = PIPELINES.get_file(format!("{name}.toml"))?.contents_utf8()?;
        Some(Self { file: format!("deploy/pipelines/{name}.toml"), text })
    }

    /// # Errors
    /// Everything wrong with it.
    pub fn parse(&self) -> Result<PipelineText, Problems> {
        PipelineText::parse(&self.file, self.text)
    }
}
