//! The stages of a pipeline file: how is one written down?

use std::ops::RangeInclusive;

use toml::Spanned;

use super::duration::seconds;
use super::fields::Fields;
use super::{did_you_mean, gate, prompt};
use crate::run::{HostPattern, Reports, ReviewSpec, Size, Stage, StageName, Trust};

const ATTEMPTS: u32 = 3;
const MOST_ATTEMPTS: u32 = 10;
const TIMEOUT_SECONDS: u64 = 30 * 60;
const TIMEOUTS_SECONDS: RangeInclusive<u64> = 1..=24 * 3600;

/// A stage as it stands in the file; `needs` are looked up once all stages are read.
pub struct StageText {
    pub stage: Stage,
    pub prompt: String,
    pub name: Spanned<String>,
    pub needs: Vec<Spanned<String>>,
}

/// Reads one `[[stage]]`. Nothing only where it has no name at all.
pub fn read(fields: &Fields<'_, '_>) -> Option<StageText> {
    let parsed = fields.name("name").and_then(|n| n.parse::<StageName>().ok());
    let name = fields.text("name");
    // The stand-in name is never used: a problem was just reported, so the result is dropped.
    let stage = stage(fields, parsed.or_else(|| "unnamed".parse().ok())?);
    let (prompt, needs) = (prompt(fields), fields.texts("needs").unwrap_or_default());
    Some(StageText { stage, prompt, needs, name: name? })
}

fn stage(fields: &Fields<'_, '_>, name: StageName) -> Stage {
    let reports = fields.within("reports", reports).unwrap_or_default();
    let until = until(fields);
    let mut checks = checks(fields);
    checks.extend(until.clone().filter(|until| !checks.contains(until)));
    Stage {
        name,
        needs: Vec::new(),
        size: size(fields),
        attempts: attempts(fields),
        timeout_seconds: seconds(fields, "timeout", TIMEOUTS_SECONDS).unwrap_or(TIMEOUT_SECONDS),
        budget_usd: fields.budget("budget"),
        gate: gate::read(fields),
        recovery: gate::recovery(fields),
        setup: commands(fields, "setup").unwrap_or_default(),
        hosts: hosts(fields, "hosts"),
        env: fields.variables("env"),
        checks,
        least_coverage_percent: coverage(fields, &reports),
        red_green: red_green(fields, &reports),
        iterates: fields.boolean("iterate").unwrap_or_default(),
        until,
        review: review(fields),
        parallel: fields.boolean("parallel").unwrap_or_default(),
        reports,
    }
}

fn size(fields: &Fields<'_, '_>) -> Size {
    let Some(text) = fields.text("size") else { return Size::M };
    match text.get_ref().as_str() {
        "S" => Size::S,
        "M" => Size::M,
        "L" => Size::L,
        other => {
            fields.problem_at(&text, format!("{other:?} is no size"), "Use \"S\", \"M\" or \"L\"");
            Size::M
        }
    }
}

fn attempts(fields: &Fields<'_, '_>) -> u32 {
    let Some(text) = fields.number("attempts") else { return ATTEMPTS };
    match text.get_ref().parse() {
        Ok(n) if (1..=MOST_ATTEMPTS).contains(&n) => n,
        _ => {
            fields.problem_at(
                &text,
                format!("{} is no number of attempts", text.get_ref()),
                format!("Use 1 to {MOST_ATTEMPTS}"),
            );
            ATTEMPTS
        }
    }
}

/// In bytes; the kernel starts no program with a longer word (`MAX_ARG_STRLEN`, 128 KiB).
pub(super) const LONGEST_COMMAND: usize = 100_000;
pub(super) const SHORTER: &str = "Put it into a file of the repository, and run that";

/// A command that fails on what the stage begins with, and is one of its checks.
fn until(fields: &Fields<'_, '_>) -> Option<String> {
    let command = fields.text("until")?;
    report_misused(fields, "until", std::slice::from_ref(&command));
    Some(command.into_inner())
}

fn commands(fields: &Fields<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    let commands = fields.texts(key)?;
    report_misused(fields, key, &commands);
    Some(commands.into_iter().map(Spanned::into_inner).collect())
}

fn report_misused(fields: &Fields<'_, '_>, key: &'static str, commands: &[Spanned<String>]) {
    for empty in commands.iter().filter(|c| c.get_ref().trim().is_empty()) {
        fields.problem_at(
            empty,
            format!("{key} holds an empty command"),
            "Fill it in or leave it out",
        );
    }
    for long in commands.iter().filter(|c| c.get_ref().len() > LONGEST_COMMAND) {
        fields.problem_at(
            long,
            format!("{key} holds a command of more than {} KB", LONGEST_COMMAND / 1_000),
            SHORTER,
        );
    }
}

/// Reads a list of hosts.
pub fn hosts(fields: &Fields<'_, '_>, key: &'static str) -> Option<Vec<HostPattern>> {
    let texts = fields.texts(key)?;
    let hosts = texts.iter().filter_map(|text| fields.parse(text, "host", HostPattern::REMEDY));
    Some(hosts.collect())
}

fn checks(fields: &Fields<'_, '_>) -> Vec<String> {
    const REMEDY: &str =
        "Name at least one command that exits 0 when the work is good: checks = [\"npm test\"]";
    fields.required("checks", REMEDY);
    let checks = commands(fields, "checks");
    if checks.as_ref().is_some_and(Vec::is_empty) {
        fields.problem("checks is empty", REMEDY);
    }
    checks.unwrap_or_default()
}

fn reports(fields: &Fields<'_, '_>) -> Reports {
    let of = |key| report(fields, key).unwrap_or_default();
    Reports {
        junit: of("junit"),
        tap: of("tap"),
        lcov: of("lcov"),
        cobertura: of("cobertura"),
        trust: trust(fields),
    }
}

/// Paths that stay in the checkout: we read the reports ourselves, outside the box.
fn report(fields: &Fields<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    let paths = fields.text_or_texts(key)?;
    for path in paths.iter().filter(|path| !stays_inside(path.get_ref())) {
        fields.problem_at(
            path,
            format!("{key} = {:?} leaves the checkout", path.get_ref()),
            "Use a path relative to it, without ..",
        );
    }
    Some(paths.into_iter().map(Spanned::into_inner).collect())
}

fn stays_inside(path: &str) -> bool {
    !path.starts_with('/') && path.split('/').all(|part| part != "..") && !path.contains('\0')
}

fn trust(fields: &Fields<'_, '_>) -> Trust {
    let Some(text) = fields.text("trust") else { return Trust::default() };
    match text.get_ref().as_str() {
        "report" => Trust::Report,
        "exit" => Trust::Exit,
        other => {
            let what = format!("{other:?} is nothing to trust");
            fields.problem_at(&text, what, "Use \"report\" or \"exit\"");
            Trust::default()
        }
    }
}

fn coverage(fields: &Fields<'_, '_>, reports: &Reports) -> Option<f64> {
    let text = fields.number("coverage")?;
    let Some(percent) = text.get_ref().parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p))
    else {
        fields.problem_at(
            &text,
            format!("{} is no coverage", text.get_ref()),
            "Use 0 to 100, in percent of lines",
        );
        return None;
    };
    if reports.lcov.is_empty() && reports.cobertura.is_empty() {
        fields.problem_at(
            &text,
            "coverage has nothing to be read from",
            "Add reports = { lcov = \"…\" } or { cobertura = \"…\" }, or leave coverage out",
        );
    }
    Some(percent)
}

/// Tests are known by the names that their reports give them, so it is usual where there are such reports.
fn red_green(fields: &Fields<'_, '_>, reports: &Reports) -> bool {
    let names_tests = !reports.junit.is_empty() || !reports.tap.is_empty();
    let wanted = fields.boolean("red_green");
    if wanted == Some(true) && !names_tests {
        fields.problem(
            "red_green has no names of tests to be read from",
            "Add reports = { junit = \"…\" } or { tap = \"…\" }, or leave red_green out",
        );
    }
    wanted.unwrap_or(names_tests)
}

/// Reads `review`: `true`, or `"once"`, which also sends the work back.
fn review(fields: &Fields<'_, '_>) -> Option<ReviewSpec> {
    if fields.has_text("review") {
        let text = fields.text("review")?;
        if text.get_ref() != "once" {
            let what = format!("{:?} is no review", text.get_ref());
            fields.problem_at(
                &text,
                what,
                "Use true, or \"once\" to let it send the work back once",
            );
        }
        return Some(ReviewSpec { send_back: true, if_affordable: true });
    }
    fields.boolean("review").filter(|wanted| *wanted).map(|_| ReviewSpec::default())
}

fn prompt(fields: &Fields<'_, '_>) -> String {
    fields.required("prompt", "Say what the agent is to do: prompt = \"\"\" … {{brief}} … \"\"\"");
    let Some(text) = fields.text("prompt") else { return String::new() };
    if text.get_ref().trim().is_empty() {
        fields.problem_at(&text, "prompt is empty", "Say what the agent is to do");
    }
    report_unknown_placeholders(fields, &text);
    text.into_inner()
}

fn report_unknown_placeholders(fields: &Fields<'_, '_>, text: &Spanned<String>) {
    for part in prompt::parts(text.get_ref()) {
        if let prompt::PromptPart::Placeholder(whole, word) = part
            && !prompt::KNOWN.contains(&word)
        {
            let remedy = did_you_mean(word, prompt::KNOWN, "There are {{brief}} and {{feedback}}");
            fields.problem_in(text, whole, format!("unknown placeholder {whole}"), remedy);
        }
    }
}
