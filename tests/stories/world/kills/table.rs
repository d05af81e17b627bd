//! The table of kills: what came of each?

use super::{Afterwards, Came, Kill};

pub const HEAD: &str = "\
| point | seed | killed in | afterwards it | same tree | cost = ledger | same messages | same attempts | cost | seconds |
|---|---|---|---|---|---|---|---|---|---|";

impl Kill {
    /// What came of it, beside a run that nobody was killed in.
    pub fn row(self, came: &Came, unkilled: &Came) -> String {
        let same = [
            came.has_tree_of(unkilled),
            came.costs_what_it_should(unkilled),
            came.has_messages_of(unkilled),
            came.has_attempts_of(unkilled),
        ];
        let killed = came.killed.unwrap_or("nobody");
        let (begin, same) = (self.begin(killed), same.map(|so| if so { "yes" } else { "NO" }));
        let cost = came.spent.nine_places();
        format!("{begin} | {} | ${cost} | {:.1} |", same.join(" | "), came.seconds)
    }

    /// Where nothing came of it.
    pub fn row_without_an_end(self) -> String {
        format!("{} | NO END | | | | | |", self.begin("somebody"))
    }

    fn begin(self, killed: &str) -> String {
        let afterwards = match self.afterwards() {
            Afterwards::StaysAway => "stays away",
            Afterwards::ComesBack => "comes back",
            Afterwards::ComesBackEmpty => "comes back, disk empty",
        };
        let (point, seed, stage) = (self.point.name(), self.seed, self.stage());
        format!("| {point} | {seed} | {stage}, the {killed} | {afterwards}")
    }
}
