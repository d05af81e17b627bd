//! One project of `signoff.toml`: how is it written down?

use std::fs;
use std::path::{Path, PathBuf};

use toml::Spanned;
use url::Url;

use super::built_in::{BuiltInPipeline, built_in_names};
use super::queue::attempts;
use crate::run::{
    Approver, Channel, Fields, NAME, PipelineText, ProjectName, Stage, Usd, approvers, did_you_mean,
};

const PASSWORD: &str = "Leave it out: git asks its own credential helper, or use ssh";

/// What can be developed.
#[derive(Clone, Debug)]
pub struct Project {
    pub name: ProjectName,
    /// An absolute path or a URL; none = a fresh repository for every run.
    pub repository: Option<String>,
    /// Where runs start; none = the repository's default branch.
    pub branch: Option<String>,
    pub pipeline: PipelineText,
    /// What is done for each of several features; none = one stage, judged like the pipeline's.
    pub features: Option<PipelineText>,
    /// Where its pipelines are written down, those that are not in this program.
    pub pipeline_files: Vec<PathBuf>,
    pub channel: Option<Channel>,
    /// Of one run.
    pub budget: Option<Usd>,
    /// Of all its runs in a calendar month.
    pub month: Option<Usd>,
    pub approvers: Vec<Approver>,
    /// Whether the work of each attempt is pushed, whatever becomes of it.
    pub push_attempts: bool,
    /// How many of its attempts may be at work at once.
    pub at_once: Option<u32>,
}

impl Project {
    /// A project with nothing but a pipeline.
    #[must_use]
    pub fn fresh(name: ProjectName, pipeline: PipelineText) -> Self {
        Self {
            name,
            repository: None,
            branch: None,
            pipeline,
            features: None,
            pipeline_files: Vec::new(),
            channel: None,
            budget: None,
            month: None,
            approvers: Vec::new(),
            push_attempts: false,
            at_once: None,
        }
    }

    /// The stages of all its pipelines.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        let pipelines = std::iter::once(&self.pipeline).chain(&self.features);
        pipelines.flat_map(|text| &text.pipeline.stages)
    }
}

/// Reads one `[project.<name>]`; paths in it are relative to `folder`.
pub fn read(name: &Spanned<String>, fields: &Fields<'_, '_>, folder: &Path) -> Option<Project> {
    let parsed = fields.parse(name, "name", NAME);
    let repository =
        fields.full_text("repository").and_then(|text| repository(fields, &text, folder));
    let branch = branch(fields);
    fields.required(
        "pipeline",
        "Name a built-in one, such as \"llm-wrapper\", or a file, \"x.toml\"",
    );
    let features = pipeline(fields, "features", folder);
    let pipeline = pipeline(fields, "pipeline", folder);
    let channel = fields.text("channel").and_then(|text| {
        fields.parse(&text, "channel", "Write slack:<team>:<channel>, both as ids")
    });
    let approvers = approvers(fields, "approvers");
    let push_attempts = fields.boolean("push_attempts").unwrap_or_default();
    let (budget, month) = (fields.budget("budget"), fields.budget("month"));
    let at_once = attempts(fields, "at_once");
    let (pipeline, pipeline_file) = pipeline?;
    let (features, features_file) = features.unzip();
    Some(Project {
        name: parsed?,
        repository,
        branch,
        pipeline,
        features,
        pipeline_files: pipeline_file.into_iter().chain(features_file.flatten()).collect(),
        channel,
        budget,
        month,
        approvers,
        push_attempts,
        at_once,
    })
}

/// The branch that runs start from, by git's own rules for names.
fn branch(fields: &Fields<'_, '_>) -> Option<String> {
    let text = fields.text("branch")?;
    let name = text.get_ref().strip_prefix("refs/heads/").unwrap_or(text.get_ref());
    let misused = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let odd = name.starts_with(['-', '/', '.']) || name.ends_with(['/', '.']);
    if name.is_empty() || odd || name.contains("..") || name.contains(misused) {
        fields.problem_at(&text, "that is no name of a branch", "Write it like \"main\"");
        return None;
    }
    Some(name.to_owned())
}

/// The pipeline, and the file it is in.
fn pipeline(
    fields: &Fields<'_, '_>,
    key: &'static str,
    folder: &Path,
) -> Option<(PipelineText, Option<PathBuf>)> {
    let named = fields.full_text(key)?;
    let is_file = Path::new(named.get_ref()).extension().is_some_and(|e| e == "toml");
    if !is_file {
        return from_binary(fields, &named).map(|pipeline| (pipeline, None));
    }
    let file = folder.join(named.get_ref());
    from_file(fields, &named, &file).map(|pipeline| (pipeline, Some(file)))
}

fn from_file(
    fields: &Fields<'_, '_>,
    named: &Spanned<String>,
    file: &Path,
) -> Option<PipelineText> {
    let text = fs::read_to_string(file).map_err(|e| {
        let what = format!("pipeline {} cannot be read: {e}", file.display());
        fields.problem_at(named, what, "Correct the path; it is relative to this file");
    });
    let parsed = PipelineText::parse(&file.display().to_string(), &text.ok()?);
    parsed.map_err(|problems| fields.problems_behind(named, problems)).ok()
}

fn from_binary(fields: &Fields<'_, '_>, named: &Spanned<String>) -> Option<PipelineText> {
    let name = named.get_ref();
    let Some(built_in) = BuiltInPipeline::find(name) else {
        let otherwise = "A pipeline of your own is a file that ends in .toml";
        let remedy = did_you_mean(name, built_in_names(), otherwise);
        fields.problem_at(named, format!("no pipeline {name:?} is built in"), remedy);
        return None;
    };
    built_in.parse().map_err(|problems| fields.problems_behind(named, problems)).ok()
}

/// Where the code is: a URL as it stands, a path made absolute.
fn repository(fields: &Fields<'_, '_>, text: &Spanned<String>, folder: &Path) -> Option<String> {
    let written = text.get_ref().trim();
    if written.contains("://") {
        return url(fields, text, written);
    }
    // git takes a text with a colon before any slash for a host, or for a helper program.
    let head = written.split('/').next().unwrap_or_default();
    if written.starts_with('-') || written.starts_with('~') || written.contains("::") {
        fields.problem_at(
            text,
            "that is no repository",
            "Write a whole path, a path relative to this file, or a URL",
        );
        return None;
    }
    if head.contains(':') {
        return Some(written.to_owned());
    }
    let path = folder.join(written);
    Some(path.canonicalize().unwrap_or(path).display().to_string())
}

fn url(fields: &Fields<'_, '_>, text: &Spanned<String>, written: &str) -> Option<String> {
    let Some(url) = Url::parse(written)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http" | "ssh" | "git" | "file"))
    else {
        fields.problem_at(
            text,
            "that is no address of a repository",
            "Use https://, ssh://, git://, file:// or a path",
        );
        return None;
    };
    // A user without a password is often a token; only ssh needs a user.
    let user = !url.username().is_empty() && url.scheme() != "ssh";
    if user || url.password().is_some() {
        fields.problem_at(text, "the repository's address carries a password or token", PASSWORD);
        return None;
    }
    Some(written.to_owned())
}
