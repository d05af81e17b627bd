//! The order of merges: which feature goes first, so that the fewest have to be merged by somebody?
//! Those that conflict with nobody go first, for they cannot fail by it; of the others, those with the fewest conflicts.

use std::cmp::Reverse;

use super::Overlap;

/// These features in the order in which they merge best; among equals in their own.
pub(super) fn merge_order(features: &[usize], overlaps: &[Overlap]) -> Vec<usize> {
    let weight = |n: &usize| {
        let of_it = || overlaps.iter().filter(|it| it.pair.0 == *n || it.pair.1 == *n);
        let conflicts = of_it().filter(|it| !it.conflicts.is_empty()).count();
        let shared: usize = of_it().map(|it| it.count).sum();
        // Of those that conflict, whoever shares the most files is the most work to merge later.
        (conflicts, if conflicts == 0 { Ok(shared) } else { Err(Reverse(shared)) }, *n)
    };
    let mut order = features.to_vec();
    order.sort_by_key(weight);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(pair: (usize, usize), count: usize, conflict: bool) -> Overlap {
        let files = vec!["src/index.js".to_owned()];
        let conflicts = if conflict { files.clone() } else { Vec::new() };
        Overlap { pair, files, count, conflicts }
    }

    #[test]
    fn those_without_conflicts_go_first() {
        assert_eq!(merge_order(&[1, 2, 3], &[]), [1, 2, 3]);
        let one_conflict = [overlap((1, 2), 1, true), overlap((2, 3), 1, false)];
        assert_eq!(merge_order(&[1, 2, 3], &one_conflict), [3, 2, 1]);
        let in_the_middle = [overlap((1, 2), 1, true), overlap((2, 3), 1, true)];
        assert_eq!(merge_order(&[1, 2, 3, 4], &in_the_middle), [4, 1, 3, 2]);
    }

    #[test]
    fn all_are_merged_once_and_only_those_that_are_there() {
        let overlaps = [overlap((1, 2), 1, true), overlap((1, 4), 3, false)];
        let mut order = merge_order(&[1, 3, 4], &overlaps);
        order.sort_unstable();
        assert_eq!(order, [1, 3, 4]);
    }
}
