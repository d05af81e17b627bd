//! The topological order of stages: in which order do they run?
//! Each after what it needs; otherwise as they stand in the file.

use std::collections::BTreeSet;
use std::mem::take;

use toml::Spanned;

use super::did_you_mean;
use super::fields::Fields;
use super::stage::StageText;

/// The stages in running order. Stages of one name, unknown needs and cycles are reported; what is wrong is left out.
pub fn sorted(root: &Fields<'_, '_>, written: Vec<StageText>) -> Vec<StageText> {
    report_twins(root, &written);
    let mut left = with_known_needs(root, written);
    let mut sorted: Vec<StageText> = Vec::with_capacity(left.len());
    let mut done: BTreeSet<String> = BTreeSet::new();
    while !left.is_empty() {
        let ready = left.iter().position(|w| w.needs.iter().all(|n| done.contains(n.get_ref())));
        // A cycle is cut where it was found, so that the next one is found as well.
        let next = ready.unwrap_or_else(|| report_cycle(root, &left, &done));
        let one = left.remove(next);
        done.insert(one.name.get_ref().clone());
        sorted.push(one);
    }
    sorted
}

fn report_twins(root: &Fields<'_, '_>, written: &[StageText]) {
    let mut seen = BTreeSet::new();
    for one in written.iter().filter(|w| !seen.insert(w.name.get_ref())) {
        root.problem_at(
            &one.name,
            format!("there are two stages named {:?}", one.name.get_ref()),
            "Rename one of them",
        );
    }
}

fn with_known_needs(root: &Fields<'_, '_>, mut written: Vec<StageText>) -> Vec<StageText> {
    let names: BTreeSet<String> = written.iter().map(|w| w.name.get_ref().clone()).collect();
    for one in &mut written {
        let (needs, unknown) =
            take(&mut one.needs).into_iter().partition(|need| names.contains(need.get_ref()));
        one.needs = needs;
        report_unknown_needs(root, &names, one, unknown);
        for need in one.needs.iter().filter_map(|need| need.get_ref().parse().ok()) {
            if !one.stage.needs.contains(&need) {
                one.stage.needs.push(need);
            }
        }
    }
    written
}

fn report_unknown_needs(
    root: &Fields<'_, '_>,
    names: &BTreeSet<String>,
    one: &StageText,
    unknown: Vec<Spanned<String>>,
) {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    for need in unknown {
        let what =
            format!("{:?} needs {:?}, which is no stage", one.name.get_ref(), need.get_ref());
        let otherwise = format!("The stages are {}", all.join(", "));
        let remedy = did_you_mean(need.get_ref(), all.iter().copied(), &otherwise);
        root.problem_at(&need, what, remedy);
    }
}

/// Reports a cycle among the stages that are left; the place of its first stage in them.
fn report_cycle(root: &Fields<'_, '_>, left: &[StageText], done: &BTreeSet<String>) -> usize {
    let cycle = cycle(left, done);
    let names = cycle.iter().chain(cycle.first()).map(|&i| left[i].name.get_ref().as_str());
    let what =
        format!("stages need each other in a circle: {}", names.collect::<Vec<_>>().join(" → "));
    let first = cycle.first().copied().unwrap_or(0);
    root.problem_at(&left[first].name, what, "Remove one of these needs");
    first
}

/// The places of the stages of a cycle, from the one that stands first in the file.
fn cycle(left: &[StageText], done: &BTreeSet<String>) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut at = 0;
    // Every stage that is left waits for one that is left too: following them must come back to a place seen before.
    while !path.contains(&at) {
        path.push(at);
        at = waits_for(left, done, at);
    }
    let mut cycle: Vec<usize> = path.into_iter().skip_while(|&i| i != at).collect();
    let first = cycle.iter().enumerate().min_by_key(|(_, i)| **i).map_or(0, |(n, _)| n);
    cycle.rotate_left(first);
    cycle
}

fn waits_for(left: &[StageText], done: &BTreeSet<String>, at: usize) -> usize {
    let need = left[at].needs.iter().find(|n| !done.contains(n.get_ref()));
    need.and_then(|n| left.iter().position(|w| w.name.get_ref() == n.get_ref())).unwrap_or(at)
}
