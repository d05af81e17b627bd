//! The grammar: what does a line of words ask for?
//! One reader for what is typed after a slash, said after our name, written in a run's thread and typed at a shell; they differ in the
//! [`Place`] alone. Pure. What is not understood comes back with what was probably meant.

use super::again::AgainWords;
use super::command::{Command, LookAt};
use super::compare::CompareWords;
use super::features::FeatureWords;
use super::fix;
use super::look_back::LookBack;
use super::misunderstood::{Misunderstood, code_safe, first_word};
use super::said::{MARKS, Said, words_alone};
use super::start_run::{StartRun, project_named};
use super::thread_words::{self, AnswerAlone};
use super::typing;
use super::verbs::{Asks, VERBS, Verb};
use crate::config::Projects;
use crate::run::{Verdict, nearest};

/// What may stand around a word that somebody shows as it is typed.
const QUOTES: [char; 5] = ['`', '"', '“', '”', '\''];

/// Where something is said, and so how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// After `/develop`: a verb or a project first; nothing asks for the form.
    Slash,
    /// After `signoff develop`, at a shell: only a project. Its verbs are subcommands of their own.
    Shell,
    /// After our name, or to us alone: `develop` may stand in front.
    Mention,
    /// The same, in a run's thread: what is no command is a note.
    MentionInThread,
    /// In a run's thread, without our name: an answer alone, or a verb, a mark and why. All else is a note.
    Thread,
}

/// Reads a line. Projects are looked up, runs are not.
pub fn read(line: &str, place: Place, projects: &Projects) -> Result<Command, Misunderstood> {
    match place {
        Place::Slash => read_line(line, projects),
        Place::Shell => match read_at_a_shell(line, projects)? {
            start @ Command::Start(_) => Ok(start),
            _ => Err(Misunderstood::wrong(
                "That is a command, not a project: type it without `develop`.",
            )),
        },
        Place::Mention => read_line(without_develop(line), projects),
        Place::MentionInThread => match read_line(without_develop(line), projects) {
            Err(unknown) if !unknown.nearly => Ok(thread_words::note(line)),
            // Sentences begin with these, too.
            Ok(Command::Answer { verdict: Verdict::HandIn | Verdict::TakeOver, .. })
                if thread_words::answer_alone(without_develop(line), projects).is_none() =>
            {
                Ok(thread_words::note(line))
            }
            read => read,
        },
        Place::Thread => Ok(thread_words::answer_alone(line, projects)
            .map(AnswerAlone::command)
            .or_else(|| thread_words::look_alone(line, projects))
            .unwrap_or_else(|| thread_words::note(line))),
    }
}

/// A verb or a project, and what belongs to it.
fn read_line(line: &str, projects: &Projects) -> Result<Command, Misunderstood> {
    let (first, rest) = first_word(line);
    if first.is_empty() {
        return Ok(Command::Form);
    }
    if let Some((verb, rest)) = verb_and_rest(line.trim()) {
        return command(verb, rest, projects);
    }
    let Some(project) = project_named(first, projects) else {
        return Err(unknown(first, projects));
    };
    StartRun::read(project.clone(), rest).map(Command::Start)
}

/// The same behind `signoff develop`: commands are typed without it, so a project may be called like one.
fn read_at_a_shell(line: &str, projects: &Projects) -> Result<Command, Misunderstood> {
    let (first, rest) = first_word(line);
    match project_named(first, projects) {
        Some(project) => StartRun::read(project.clone(), rest).map(Command::Start),
        None => read_line(line, projects),
    }
}

/// The verb that a line begins with, and all behind it; the mark between them too.
fn verb_and_rest(line: &str) -> Option<(&'static Verb, &str)> {
    let line = line.trim_start_matches(QUOTES);
    let (verb, rest) = Verb::at_the_start(line)?;
    let rest = rest.trim_start_matches(QUOTES);
    let behind_mark =
        || rest.trim_start_matches(MARKS).is_empty() || words_alone(verb, rest).is_some();
    let apart = rest.starts_with(char::is_whitespace) || behind_mark();
    apart.then_some((verb, rest))
}

fn command(verb: &Verb, rest: &str, projects: &Projects) -> Result<Command, Misunderstood> {
    let behind_mark = rest.trim_start_matches(MARKS);
    let look_back = || LookBack::read(verb.name(), behind_mark);
    Ok(match verb.asks {
        Asks::Help => Command::Help,
        Asks::List => Command::Look(LookAt::List),
        Asks::Costs => Command::Look(LookAt::Costs(look_back()?)),
        Asks::Failures => Command::Look(LookAt::Failures(look_back()?)),
        Asks::Compare => Command::Look(LookAt::Compare(CompareWords::read(behind_mark)?)),
        Asks::Waiting => Command::Look(LookAt::Waiting),
        Asks::Queue => Command::Look(LookAt::Queue),
        Asks::Status => Command::Look(LookAt::Status(Said::named(behind_mark))),
        Asks::Snapshots => Command::Look(LookAt::Snapshots(Said::named(behind_mark))),
        Asks::Features => {
            let words = FeatureWords::read(behind_mark, projects)?;
            if words.features.is_empty() {
                Command::Features(words)
            } else {
                Command::Start(words.start())
            }
        }
        Asks::Fix => {
            let fix = fix::read(rest, projects)?;
            Command::Start(fix.ok_or_else(|| unknown(first_word(rest).0, projects))?)
        }
        Asks::Again => Command::Again(AgainWords::read(rest)?),
        Asks::Answer(verdict) => Command::Answer { verdict, said: Said::read(verb, rest) },
    })
}

/// `develop`, as after a slash, changes nothing.
fn without_develop(words: &str) -> &str {
    let (first, rest) = first_word(words);
    if first.trim_start_matches('/').eq_ignore_ascii_case("develop") { rest } else { words.trim() }
}

fn unknown(name: &str, projects: &Projects) -> Misunderstood {
    let names: Vec<String> = projects.names().map(ToString::to_string).collect();
    let verbs = VERBS.iter().map(|verb| -> &str { verb.name() });
    let meant = nearest(&typing::name(name), names.iter().map(String::as_str).chain(verbs));
    let guess = meant.map(|m| format!(" Did you mean `/develop {m}`?")).unwrap_or_default();
    let all = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "There is no project or command `{}`.{guess} Projects: {all}. `/develop help` shows what can be typed.",
        code_safe(name)
    );
    Misunderstood { text, nearly: meant.is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{NoteWords, SoundsLike};
    use crate::config::Config;

    fn read_at(line: &str, place: Place) -> Result<Command, Misunderstood> {
        read(line, place, &Projects::built_in().expect("the built-in pipelines are valid"))
    }

    fn typed(line: &str) -> Result<Command, Misunderstood> {
        read_at(line, Place::Slash)
    }

    fn told(line: &str) -> String {
        typed(line).expect_err("not understood").text
    }

    fn answer(verdict: Verdict, run: Option<&str>, words: &str) -> Command {
        let run = run.map(str::to_owned);
        Command::Answer { verdict, said: Said { run, words: words.to_owned() } }
    }

    fn note(words: &str) -> Command {
        Command::Note(NoteWords { words: words.to_owned(), sounds: SoundsLike::ANote })
    }

    #[test]
    fn a_project_takes_words_and_a_budget() {
        let want = StartRun {
            project: "llm-wrapper".parse().expect("a slug"),
            brief: "with x=1 retries".to_owned(),
            again: None,
            features: Vec::new(),
            fix: None,
            budget: Some("2.50".parse().expect("an amount")),
        };
        assert_eq!(typed("llm-wrapper with x=1 budget=$2.50 retries"), Ok(Command::Start(want)));
    }

    #[test]
    fn a_brief_keeps_its_lines() {
        for line in [
            "llm-wrapper Add this:\n    def f(x):\n        return x",
            "llm-wrapper budget=$2 Add this:\n    def f(x):\n        return x",
        ] {
            let read = typed(line);
            assert!(
                matches!(&read, Ok(Command::Start(it)) if it.brief == "Add this:\n    def f(x):\n        return x"),
                "{read:?}"
            );
        }
    }

    #[test]
    fn an_answer_keeps_what_is_said_as_it_was_typed() {
        assert_eq!(
            typed("changes k3f9qdz use\ttabs\n  here"),
            Ok(answer(Verdict::Changes, Some("k3f9qdz"), "use\ttabs\n  here"))
        );
        assert_eq!(
            typed("changes: use\ttabs\n  here"),
            Ok(answer(Verdict::Changes, None, "use\ttabs\n  here"))
        );
        assert_eq!(typed("Approve!"), Ok(answer(Verdict::Approve, None, "")));
        assert_eq!(typed("`approve`"), Ok(answer(Verdict::Approve, None, "")));
        assert_eq!(typed("extend tomorrow"), Ok(answer(Verdict::Extend, None, "tomorrow")));
        assert_eq!(typed("waiting"), Ok(Command::Look(LookAt::Waiting)));
    }

    #[test]
    fn the_word_behind_a_verb_is_a_name_wherever_it_is_said() {
        for place in [Place::Slash, Place::Mention, Place::MentionInThread] {
            for (line, verdict, run) in [
                ("approve llm-wrapper", Verdict::Approve, "llm-wrapper"),
                ("approve llm-wrapper-vh4wrv", Verdict::Approve, "llm-wrapper-vh4wrv"),
                ("stop llm-wrapper", Verdict::Stop, "llm-wrapper"),
                ("reject LLM-Wraper", Verdict::Reject, "LLM-Wraper"),
                ("snooze llm-wrapper", Verdict::Snooze, "llm-wrapper"),
            ] {
                assert_eq!(read_at(line, place), Ok(answer(verdict, Some(run), "")), "{line}");
            }
            let status = Command::Look(LookAt::Status(Said {
                run: Some("quikc".to_owned()),
                words: String::new(),
            }));
            assert_eq!(read_at("status quikc", place), Ok(status));
        }
    }

    #[test]
    fn a_project_is_known_however_a_phone_writes_it() {
        for line in [
            "LLM-wrapper keep it small",
            "`llm-wrapper` keep it small",
            "llm-wrapper, keep it small",
        ] {
            let read = typed(line);
            assert!(
                matches!(&read, Ok(Command::Start(it)) if it.brief == "keep it small"),
                "{line}: {read:?}"
            );
        }
    }

    #[test]
    fn nothing_typed_asks_by_a_form() {
        assert_eq!(typed("  "), Ok(Command::Form));
    }

    #[test]
    fn a_slip_is_told_what_was_meant() {
        assert!(told("llm-wraper").contains("Did you mean `/develop llm-wrapper`?"));
        assert!(told("aprove").contains("Did you mean `/develop approve`?"));
        assert!(told("llm-wrapper bugdet=5").contains("Did you mean `budget=$5`?"));
        assert!(!typed("please use tabs").expect_err("not understood").nearly);
    }

    #[test]
    fn an_amount_that_is_none_is_told_so() {
        assert!(told("llm-wrapper budget=lots").contains("`budget=lots` is no amount"));
    }

    #[test]
    fn hostile_words_are_told_back_harmless() {
        assert!(!told("<!channel>").contains('<'));
    }

    #[test]
    fn the_commands_own_name_may_be_said_or_not() {
        for words in ["approve  nice", "develop approve  nice", "/Develop approve  nice"] {
            assert_eq!(
                read_at(words, Place::Mention),
                Ok(answer(Verdict::Approve, Some("nice"), "")),
                "{words}"
            );
        }
        assert_eq!(read_at("develop", Place::Mention), Ok(Command::Form));
        assert!(read_at("developing is fun", Place::Mention).is_err());
    }

    #[test]
    fn words_to_us_in_a_thread_are_a_note_unless_they_come_near_a_command() {
        let said = |words| read_at(words, Place::MentionInThread);
        assert_eq!(said("please use tabs"), Ok(note("please use tabs")));
        assert_eq!(
            said("approve k3f9qdz nice"),
            Ok(answer(Verdict::Approve, Some("k3f9qdz"), "nice"))
        );
        assert!(said("aprove").is_err_and(|misunderstood| misunderstood.nearly));
    }

    #[test]
    fn in_a_thread_only_an_answer_alone_is_one() {
        let said = |words| read_at(words, Place::Thread);
        assert_eq!(said("approve, nice"), Ok(answer(Verdict::Approve, None, "nice")));
        assert_eq!(said("status of the tests?"), Ok(note("status of the tests?")));
        let llm = Said { run: Some("llm-wraper".to_owned()), words: String::new() };
        assert_eq!(said("Status llm-wraper"), Ok(Command::Look(LookAt::Status(llm))));
        assert_eq!(said("status?"), Ok(Command::Look(LookAt::Status(Said::default()))));
        assert_eq!(said(":tada:"), Ok(Command::Nothing));
        for (words, sounds) in [
            ("approve it?", SoundsLike::AnAnswer),
            ("approve if it is green", SoundsLike::AnAnswerAndMore),
            ("yes, but rename it", SoundsLike::AnAnswerAndMore),
            (":+1:", SoundsLike::AnAnswer),
            ("LGTM!", SoundsLike::AnAnswer),
        ] {
            let meant = NoteWords { words: words.to_owned(), sounds };
            assert_eq!(said(words), Ok(Command::Note(meant)));
        }
    }

    #[test]
    fn a_shells_develop_takes_a_project_and_no_verb() {
        assert!(matches!(read_at("llm-wrapper x", Place::Shell), Ok(Command::Start(_))));
        let told = read_at("status", Place::Shell).expect_err("a subcommand of its own").text;
        assert!(told.contains("without `develop`"), "{told}");
        let folder = tempfile::tempdir().expect("a folder");
        let costs = "[project.costs]\npipeline = \"llm-wrapper\"\n";
        std::fs::write(folder.path().join("signoff.toml"), costs).expect("written");
        let projects = Config::read(|_| None, folder.path()).expect("it is good").projects;
        let read = |place| read("costs 1w", place, &projects);
        assert!(matches!(read(Place::Shell), Ok(Command::Start(it)) if it.brief == "1w"));
        assert!(matches!(read(Place::Slash), Ok(Command::Look(LookAt::Costs(_)))));
    }
}
