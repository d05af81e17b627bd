//! Access control: is this a full member of the workspace?
//! Slack alone knows guests, bots, people who left and other workspaces. What it does not say is not allowed.

use crate::run::{Broken, GroupId, PersonId, Run, Zone};
use crate::slack::Member;

/// Somebody whom Slack knows as a full member of a workspace. Made from what Slack says of them and from nothing else.
#[derive(Clone, Debug)]
pub struct FullMember {
    /// As they are known in this workspace.
    person: PersonId,
    /// As an organisation may know them besides: by the workspaces that requests and accounts name.
    others: Vec<PersonId>,
    workspace: String,
    zone: Zone,
}

impl FullMember {
    /// What Slack says of `person`, checked for the workspace `home`; without one, for their own.
    pub fn check(member: &Member, person: &PersonId, home: Option<&str>) -> Result<Self, Stranger> {
        let PersonId::Slack { team, user } = person else { return Err(Stranger::Elsewhere) };
        let home = home.unwrap_or(team);
        full_member(member, team, home)?;
        let known = |team: &String| PersonId::Slack { team: team.clone(), user: user.clone() };
        let others = [team, &member.team].into_iter().chain(&member.organisation);
        let others = others.filter(|team| !team.is_empty()).map(known).collect();
        let person = known(&home.to_owned());
        Ok(Self { person, others, workspace: home.to_owned(), zone: member.zone })
    }

    /// The same person, if `home` is the workspace that they were checked for.
    pub(super) fn of(self, home: Option<&str>) -> Result<Self, Stranger> {
        let there = home.is_none_or(|home| home == self.workspace);
        if there { Ok(self) } else { Err(Stranger::Elsewhere) }
    }

    /// Who they are where they were checked.
    #[must_use]
    pub const fn person(&self) -> &PersonId {
        &self.person
    }

    /// Who they are to this run: its starter or somebody whom it names, if they are that by any of their names.
    #[must_use]
    pub fn person_in(&self, run: &Run) -> &PersonId {
        let mut names = std::iter::once(&self.person).chain(&self.others);
        names.find(|person| run.names(person)).unwrap_or(&self.person)
    }

    /// Their clock.
    pub(super) const fn zone(&self) -> Zone {
        self.zone
    }
}

/// Somebody who never starts or decides anything, whatever a pipeline says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    Bot,
    Deactivated,
    Elsewhere,
    Guest,
}

impl Stranger {
    /// What they are told.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Bot => "Only people can decide.",
            Self::Deactivated => "This account is deactivated.",
            Self::Elsewhere => "Only people of this workspace can see or decide this.",
            Self::Guest => {
                "Guests of this workspace cannot start or decide anything; a full member can."
            }
        }
    }
}

/// What Slack says of the groups that a run names.
#[derive(Clone, Debug, Default)]
pub struct Memberships {
    /// Those that this person is in.
    pub of: Vec<GroupId>,
    /// One that Slack did not answer about.
    pub unknown: Option<GroupId>,
}

/// Whether somebody may decide in the workspace `home`, whose request says that they are at home in `team`.
fn full_member(member: &Member, team: &str, home: &str) -> Result<(), Stranger> {
    // In an organisation, a command, a click and the account may each name another of a person's workspaces: Slack says which are theirs.
    let same = team == home || member.is_of(team) && member.is_of(home);
    let unknown = member.team.is_empty() && member.organisation.is_empty();
    let elsewhere = !same || !(unknown || member.is_of(home));
    let marks = [
        (member.bot, Stranger::Bot),
        (member.deactivated, Stranger::Deactivated),
        (elsewhere, Stranger::Elsewhere),
        (member.guest, Stranger::Guest),
    ];
    marks.into_iter().find(|(marked, _)| *marked).map_or(Ok(()), |(_, stranger)| Err(stranger))
}

/// Asks the check above about people who must be refused, and about one who must not.
///
/// # Errors
/// The first one that came out wrong.
pub fn prove_members() -> Result<(), Broken> {
    prove(full_member)
}

type Check = fn(&Member, &str, &str) -> Result<(), Stranger>;

fn prove(check: Check) -> Result<(), Broken> {
    let full = Member {
        id: "UPROOF".to_owned(),
        name: "proof".to_owned(),
        display: "Proof".to_owned(),
        guest: false,
        bot: false,
        deactivated: false,
        team: "TPROOF".to_owned(),
        organisation: Vec::new(),
        zone: Zone::UTC,
    };
    let elsewhere_in_it = ["TELSEWHERE", "TTHIRD", "EPROOF"].map(ToOwned::to_owned).to_vec();
    let strangers = [
        ("a guest's answer", Member { guest: true, ..full.clone() }, "TPROOF"),
        ("a bot's answer", Member { bot: true, ..full.clone() }, "TPROOF"),
        ("the answer of somebody who left", Member { deactivated: true, ..full.clone() }, "TPROOF"),
        ("the answer of somebody who says to be of another workspace", full.clone(), "TELSEWHERE"),
        (
            "the answer of somebody whom Slack knows to be of another workspace",
            Member { team: "TELSEWHERE".to_owned(), ..full.clone() },
            "TPROOF",
        ),
        (
            "the answer of somebody of the same organisation who is not in the workspace",
            Member {
                team: "TELSEWHERE".to_owned(),
                organisation: elsewhere_in_it.clone(),
                ..full.clone()
            },
            "TELSEWHERE",
        ),
    ];
    if let Some((what, ..)) =
        strangers.iter().find(|(_, member, team)| check(member, team, "TPROOF").is_ok())
    {
        return Err(Broken(what));
    }
    let in_both = [elsewhere_in_it, vec!["TPROOF".to_owned()]].concat();
    let at_home_elsewhere =
        Member { team: "TELSEWHERE".to_owned(), organisation: in_both, ..full.clone() };
    check(&at_home_elsewhere, "TELSEWHERE", "TPROOF").map_err(|_| {
        Broken("nobody's answer whose account is of another workspace of the organisation")
    })?;
    check(&full, "TPROOF", "TPROOF")
        .map_err(|_| Broken("nobody's answer, not even a full member's"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_decide_is_refused() {
        assert!(prove_members().is_ok());
    }

    #[test]
    fn a_check_that_lets_a_stranger_in_is_found_out() {
        let broken: [(Check, &str); 4] = [
            (|_, _, _| Ok(()), "a guest's answer"),
            (|m, _, _| if m.guest { Err(Stranger::Guest) } else { Ok(()) }, "a bot's answer"),
            (
                |m, _, home| {
                    if m.guest || m.bot || m.deactivated || !m.is_of(home) {
                        Err(Stranger::Bot)
                    } else {
                        Ok(())
                    }
                },
                "says to be of another",
            ),
            (|_, _, _| Err(Stranger::Guest), "nobody's answer"),
        ];
        for (check, what) in broken {
            assert!(prove(check).is_err_and(|broken| broken.0.contains(what)), "{what}");
        }
    }
}
