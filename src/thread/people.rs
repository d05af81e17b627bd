//! Mentions: how are people named, and who is called?
//! Only the messages that call somebody (gate, end, direct ones) and private answers may mention people where a first post shows it.

use super::Groups;
use crate::run::{Answerer, Approver, GateId, GateSpec, PersonId, Refusal, Run, Verdict};
use crate::slack::Mrkdwn;

/// Longest row of mentions.
const MOST: usize = 12;
/// Most people whom one question calls directly, even where a whole company is listed.
const MOST_CALLED: usize = 100;

/// How somebody is called: `<@U1>`, or `ana (command line)`.
#[must_use]
pub fn mention(person: &PersonId) -> Mrkdwn {
    match person {
        PersonId::Slack { user, .. } => Mrkdwn::mention(user),
        PersonId::Cli { user } => Mrkdwn::line(user, 40) + " (command line)",
    }
}

/// `<@U1>, …` to whom started a run; a feature of a batch calls nobody: its batch does. What does a stage has no thread but its run's.
pub(super) fn to_starter(run: &Run, said: Mrkdwn) -> Mrkdwn {
    match &run.request.part_of {
        Some(member) if !member.is_stage => said,
        _ => mention(&run.request.starter) + ", " + said,
    }
}

/// The same, or `<!subteam^S1>`.
pub(super) fn mention_of(approver: &Approver) -> Mrkdwn {
    match approver {
        Approver::Person(person) => mention(person),
        Approver::Group(group) => Mrkdwn::group(&group.group),
    }
}

/// Those who are known by name to be able to give this verdict: each once, the starter first. A group always counts, because its members
/// are not known here.
pub(super) fn who_can(
    run: &Run,
    (gate, spec): (&GateId, &GateSpec),
    verdict: Verdict,
) -> Vec<Approver> {
    let answer = Answering { run, gate, spec, verdict };
    let starter = Approver::Person(run.request.starter.clone());
    let asked = run.asked_people(gate, spec);
    let known = if asked.is_empty() { spec.only.iter().collect() } else { asked };
    let mut who: Vec<Approver> = Vec::new();
    for approver in [starter].into_iter().chain(known.into_iter().cloned()) {
        if !who.contains(&approver) && answer.may_come_from(&approver) {
            who.push(approver);
        }
    }
    who
}

/// A verdict on a gate that somebody would give.
struct Answering<'a> {
    run: &'a Run,
    gate: &'a GateId,
    spec: &'a GateSpec,
    verdict: Verdict,
}

impl Answering<'_> {
    fn may_come_from(&self, approver: &Approver) -> bool {
        let Approver::Person(person) = approver else { return true };
        match self.run.may_answer(self.gate, Answerer { person, groups: &[] }, self.verdict) {
            Ok(()) => true,
            Err(why) => why == Refusal::NotAllowed && self.allows_a_group(),
        }
    }

    fn allows_a_group(&self) -> bool {
        self.spec.only.iter().any(|approver| matches!(approver, Approver::Group(_)))
    }
}

/// Whom a question calls: who can approve; where nobody is listed, or nobody of them can, whoever started the run.
pub(super) fn called_by(run: &Run, gate: &GateId, spec: &GateSpec) -> Vec<Approver> {
    let who = if spec.listed().is_empty() {
        Vec::new()
    } else {
        who_can(run, (gate, spec), Verdict::Approve)
    };
    if who.is_empty() { vec![run.request.starter.clone().into()] } else { who }
}

/// Who can answer where those who are called cannot: nobody is listed, and whoever started the run may not approve it, or is not in Slack.
pub(super) fn anybody_else(run: &Run, spec: &GateSpec) -> Option<Mrkdwn> {
    let starter = &run.request.starter;
    let nobody_listed = !spec.approvers_required && spec.listed().is_empty();
    let but = match starter {
        PersonId::Slack { .. } if spec.self_approval => return None,
        PersonId::Slack { .. } => " but " + mention(starter),
        PersonId::Cli { .. } => Mrkdwn::default(),
    };
    nobody_listed.then(|| {
        "Nobody is listed to answer this: every full member of the workspace can" + but + "."
    })
}

/// The people among these, by their Slack user ids, each once: a direct conversation needs a person of this workspace.
pub(super) fn in_person<'a>(
    run: &Run,
    approvers: impl IntoIterator<Item = &'a Approver>,
    groups: &Groups,
) -> Vec<String> {
    let home = run.request.channel.as_ref().map(|channel| channel.team.as_str());
    let mut users: Vec<String> = Vec::new();
    for user in approvers.into_iter().flat_map(|approver| users_of(approver, home, groups)) {
        if users.len() < MOST_CALLED && !users.contains(user) {
            users.push(user.clone());
        }
    }
    users
}

fn users_of<'a>(approver: &'a Approver, home: Option<&str>, groups: &'a Groups) -> Vec<&'a String> {
    let here = |team: &str| home.is_none_or(|home| home == team);
    match approver {
        Approver::Person(PersonId::Slack { team, user }) if here(team) => vec![user],
        Approver::Group(group) if here(&group.team) => {
            groups.0.get(group).into_iter().flatten().collect()
        }
        Approver::Person(_) | Approver::Group(_) => Vec::new(),
    }
}

/// Mentions in a row; a long row is folded.
pub(super) fn row(people: &[Approver]) -> Mrkdwn {
    let mut names: Vec<Mrkdwn> = people.iter().take(MOST).map(mention_of).collect();
    if people.len() > MOST {
        names.push(format!("and {} more", people.len() - MOST).into());
    }
    Mrkdwn::join(names, " ")
}

/// `a`, `a or b`, `a, b or c`, with ` or ` as the last word.
pub(super) fn listed(mut names: Vec<Mrkdwn>, last_word: &'static str) -> Mrkdwn {
    match names.pop() {
        Some(last) if !names.is_empty() => Mrkdwn::join(names, ", ") + last_word + last,
        only => only.unwrap_or_default(),
    }
}
