//! Which tests went away?
//! By their names alone: a test that was renamed is one that went away, for nobody can tell whether it still tests the same.

use crate::run::{TestNames, TestsChanged};

/// What `now` lacks of what was there `before`.
#[must_use]
pub fn changed(before: &TestNames, now: &TestNames) -> TestsChanged {
    let removed: Vec<&str> = before
        .ran
        .iter()
        .chain(&before.skipped)
        .map(String::as_str)
        .filter(|name| !now.has(name))
        .collect();
    let silenced = |name: &&str| now.skipped.contains(*name) && !now.ran.contains(*name);
    let skipped: Vec<&str> = before.ran.iter().map(String::as_str).filter(silenced).collect();
    let names = removed
        .iter()
        .chain(&skipped)
        .take(TestsChanged::NAMES)
        .map(|name| name.chars().take(TestsChanged::NAME).collect());
    TestsChanged { removed: count(&removed), skipped: count(&skipped), names: names.collect() }
}

fn count(names: &[&str]) -> u32 {
    u32::try_from(names.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;
    use proptest::prelude::Strategy;

    use super::*;

    fn names(ran: &[&str], skipped: &[&str]) -> TestNames {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        TestNames { ran: set(ran), skipped: set(skipped) }
    }

    fn any_names() -> impl Strategy<Value = TestNames> {
        (btree_set("[a-h]", 0..8), btree_set("[a-h]", 0..8)).prop_map(|(ran, skipped)| {
            let skipped = skipped.difference(&ran).cloned().collect();
            TestNames { ran, skipped }
        })
    }

    #[test]
    fn removed_tests_are_named_first() {
        let told =
            changed(&names(&["a", "b", "c", "d"], &["e", "f"]), &names(&["a", "new"], &["b", "f"]));
        assert_eq!(
            (told.removed, told.skipped, told.names),
            (3, 1, vec!["c".to_owned(), "d".to_owned(), "e".to_owned()])
        );
    }

    #[test]
    fn a_renamed_test_went_away() {
        assert_eq!(changed(&names(&["adds"], &[]), &names(&["adds up"], &[])).removed, 1);
    }

    #[test]
    fn a_skipped_test_that_runs_now_is_no_loss() {
        assert_eq!(changed(&names(&[], &["a"]), &names(&["a"], &[])), TestsChanged::default());
    }

    #[test]
    fn names_are_cut() {
        let told = changed(&names(&[&"ü".repeat(300)], &[]), &TestNames::default());
        assert_eq!(told.names[0].chars().count(), TestsChanged::NAME);
    }

    proptest::proptest! {
        #[test]
        fn nothing_goes_away_where_nothing_changed(before in any_names(), more in any_names()) {
            proptest::prop_assert_eq!(changed(&before, &before), TestsChanged::default());
            let ran = before.ran.union(&more.ran).cloned().collect();
            let grown = TestNames { ran, skipped: before.skipped.clone() };
            proptest::prop_assert_eq!(changed(&before, &grown), TestsChanged::default());
        }

        #[test]
        fn every_test_is_there_skipped_or_removed(before in any_names(), now in any_names()) {
            let told = changed(&before, &now);
            let there = before.ran.iter().filter(|name| now.ran.contains(*name)).count() + before.skipped.iter().filter(|name| now.has(name)).count();
            proptest::prop_assert_eq!(there + told.removed as usize + told.skipped as usize, before.ran.len() + before.skipped.len());
            proptest::prop_assert_eq!(told.names.len(), TestsChanged::NAMES.min((told.removed + told.skipped) as usize));
            proptest::prop_assert!(told.names.iter().all(|name| before.has(name) && !now.ran.contains(name)));
        }

        #[test]
        fn what_one_way_removes_the_other_adds(before in any_names(), now in any_names()) {
            let sum = |names: &TestNames| names.ran.len() + names.skipped.len();
            let (there, back) = (changed(&before, &now).removed as usize, changed(&now, &before).removed as usize);
            proptest::prop_assert_eq!(sum(&before) - there, sum(&now) - back);
        }
    }
}
