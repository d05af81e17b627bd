//! The comparison of test inventories: which tests went away?
//! By their names alone: a test that was renamed is one that went away, for nobody can tell whether it still tests the same.

use crate::run::{TestNames, TestsChanged};

/// What `now` lacks of what was there `before`.
#[must_use]
pub fn compare_tests(before: &TestNames, now: &TestNames) -> TestsChanged {
    let all = before.ran.iter().chain(&before.skipped).map(String::as_str);
    let removed: Vec<&str> = all.filter(|name| !now.has(name)).collect();
    let is_skipped_now = |name: &&str| now.skipped.contains(*name) && !now.ran.contains(*name);
    let skipped: Vec<&str> = before.ran.iter().map(String::as_str).filter(is_skipped_now).collect();
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
        let changed = compare_tests(
            &names(&["a", "b", "c", "d"], &["e", "f"]),
            &names(&["a", "new"], &["b", "f"]),
        );
        assert_eq!(
            (changed.removed, changed.skipped, changed.names),
            (3, 1, vec!["c".to_owned(), "d".to_owned(), "e".to_owned()])
        );
    }

    #[test]
    fn a_renamed_test_went_away() {
        assert_eq!(compare_tests(&names(&["adds"], &[]), &names(&["adds up"], &[])).removed, 1);
    }

    #[test]
    fn a_skipped_test_that_runs_now_is_no_loss() {
        assert_eq!(
            compare_tests(&names(&[], &["a"]), &names(&["a"], &[])),
            TestsChanged::default()
        );
    }

    #[test]
    fn names_are_cut() {
        let changed = compare_tests(&names(&[&"ü".repeat(300)], &[]), &TestNames::default());
        assert_eq!(changed.names[0].chars().count(), TestsChanged::NAME);
    }

    proptest::proptest! {
        #[test]
        fn nothing_goes_away_where_nothing_changed(before in any_names(), more in any_names()) {
            proptest::prop_assert_eq!(compare_tests(&before, &before), TestsChanged::default());
            let ran = before.ran.union(&more.ran).cloned().collect();
            let grown = TestNames { ran, skipped: before.skipped.clone() };
            proptest::prop_assert_eq!(compare_tests(&before, &grown), TestsChanged::default());
        }

        #[test]
        fn every_test_is_there_skipped_or_removed(before in any_names(), now in any_names()) {
            let changed = compare_tests(&before, &now);
            let there = before.ran.iter().filter(|name| now.ran.contains(*name)).count() + before.skipped.iter().filter(|name| now.has(name)).count();
            proptest::prop_assert_eq!(there + changed.removed as usize + changed.skipped as usize, before.ran.len() + before.skipped.len());
            proptest::prop_assert_eq!(changed.names.len(), TestsChanged::NAMES.min((changed.removed + changed.skipped) as usize));
            proptest::prop_assert!(changed.names.iter().all(|name| before.has(name) && !now.ran.contains(name)));
        }

        #[test]
        fn what_one_way_removes_the_other_adds(before in any_names(), now in any_names()) {
            let sum = |names: &TestNames| names.ran.len() + names.skipped.len();
            let (there, back) = (compare_tests(&before, &now).removed as usize, compare_tests(&now, &before).removed as usize);
            proptest::prop_assert_eq!(sum(&before) - there, sum(&now) - back);
        }
    }
}
