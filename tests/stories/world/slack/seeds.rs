//! Who and what is there when a story begins?

use super::state::{Account, BOT_USER, Channel, Group, OTHER_TEAM, TEAM};

const HOUR: i32 = 3_600;

/// Everybody lives in Berlin who does not live elsewhere.
pub(super) fn person(id: &str, name: &str) -> Account {
    Account {
        id: id.to_owned(),
        name: name.to_owned(),
        team: TEAM.to_owned(),
        guest: false,
        bot: false,
        deactivated: false,
        zone: "Europe/Berlin",
        zone_offset: HOUR,
    }
}

pub(super) fn people() -> Vec<Account> {
    vec![
        Account { bot: true, ..person(BOT_USER, "signoff") },
        person("U01ANA", "ana"),
        Account { zone: "America/New_York", zone_offset: -5 * HOUR, ..person("U02BEN", "ben") },
        Account {
            zone: "Asia/Kolkata",
            zone_offset: 5 * HOUR + HOUR / 2,
            ..person("U03CLEO", "cleo")
        },
        Account { guest: true, ..person("U04GUS", "gus") },
        Account { bot: true, ..person("U05ROBO", "robo") },
        Account { deactivated: true, ..person("U06DORA", "dora") },
        Account { team: OTHER_TEAM.to_owned(), ..person("U07EVE", "eve") },
        Account { zone: "America/Los_Angeles", zone_offset: -8 * HOUR, ..person("U08DAN", "dan") },
    ]
}

pub(super) fn groups() -> Vec<Group> {
    let group = |id: &str, handle: &str, members: &[&str]| Group {
        id: id.to_owned(),
        handle: handle.to_owned(),
        members: members.iter().map(|&it| it.to_owned()).collect(),
    };
    vec![
        group("S0LEADS", "leads", &["U02BEN", "U03CLEO"]),
        group("S0ONCALL", "oncall", &["U08DAN"]),
        group("S0NOBODY", "nobody", &[]),
    ]
}

pub(super) fn channel(id: &str, name: &str) -> Channel {
    Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        private: false,
        direct_with: None,
        has_us: true,
        archived: false,
        refuses: None,
    }
}

pub(super) fn channels() -> Vec<Channel> {
    vec![
        channel("C01DEV", "dev"),
        Channel { private: true, ..channel("G02SECRET", "secret") },
        Channel { has_us: false, ..channel("C03LONELY", "lonely") },
        Channel { archived: true, ..channel("C04ATTIC", "attic") },
    ]
}
