//! Which pipelines are in the binary?

use include_dir::{Dir, include_dir};

use crate::run::{PipelineText, Problems};

static PIPELINES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/deploy/pipelines");

/// Names of the pipelines in the binary.
pub fn built_in_names() -> Vec<&'static str> {
    PIPELINES
        .files()
        .filter(|f| f.path().extension().is_some_and(|e| e == "toml"))
        .filter_map(|f| f.path().file_stem()?.to_str())
        .collect()
}

/// A pipeline of the binary; none where there is no such name.
pub fn built_in_pipeline(name: &str) -> Option<Result<PipelineText, Problems>> {
    let file = PIPELINES.get_file(format!("{name}.toml"))?;
    Some(PipelineText::parse(&format!("deploy/pipelines/{name}.toml"), file.contents_utf8()?))
}
