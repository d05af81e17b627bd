//! What may somebody look at?
//! Runs of the channels they are in, and of public ones if they are no guest. Whoever is at a shell reaches the database, and sees all.

use std::collections::BTreeSet;

use super::Asker;
use crate::run::Run;

/// What somebody may look at besides the channel they speak in, the runs they started and those that name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The channels whose runs are theirs to see.
    pub channels: BTreeSet<String>,
    /// Runs that were started at a shell, and stand in no channel.
    pub without_channel: bool,
    /// Slack did not say all: there may be more.
    pub doubt: bool,
}

impl Sight {
    pub(super) const DOUBT: &str =
        " Slack did not say which channels you are in, so those of other channels are left out.";
}

/// Whether this run is any business of whoever asks. What happens in one workspace is not told in another.
#[must_use]
pub fn is_visible_to(run: &Run, asker: &Asker) -> bool {
    let Some(here) = &asker.channel else { return true };
    let Some(there) = &run.request.channel else {
        return asker.sight.without_channel || run.names(&asker.person);
    };
    let seen = asker.sight.channels.contains(&there.channel) || run.names(&asker.person);
    here.channel == there.channel || here.team == there.team && seen
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::commands::Moment;
    use crate::run::{Channel, PersonId, Via};
    use crate::thread::samples::Tale;

    fn asker(channel: Option<(&str, &str)>, user: &str) -> Asker {
        let channel = channel
            .map(|(team, channel)| Channel { team: team.to_owned(), channel: channel.to_owned() });
        let person = PersonId::Slack { team: "T1".to_owned(), user: user.to_owned() };
        Asker { channel, ..Asker::new(person, Via::Command, Moment::now(DateTime::UNIX_EPOCH)) }
    }

    #[test]
    fn a_run_is_seen_where_it_is_and_by_whom_it_concerns() {
        let run = Tale::waiting().run;
        let home = run.request.channel.clone().expect("a run with a thread");
        let elsewhere = |user| asker(Some((&home.team, "CELSEWHERE")), user);
        assert!(is_visible_to(&run, &asker(Some((&home.team, &home.channel)), "UGUS")));
        assert!(!is_visible_to(&run, &elsewhere("UGUS")), "not there, and Slack said nothing");
        assert!(is_visible_to(&run, &elsewhere("UANA")), "she started it");
        let sight = Sight { channels: [home.channel.clone()].into(), ..Sight::default() };
        assert!(is_visible_to(&run, &Asker { sight: sight.clone(), ..elsewhere("UGUS") }));
        assert!(!is_visible_to(
            &run,
            &Asker { sight, ..asker(Some(("T0ELSEWHERE", "C9")), "UGUS") }
        ));
        assert!(is_visible_to(&run, &asker(None, "UGUS")), "the command line sees all");
    }
}
