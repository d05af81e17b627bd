//! In which order do stages run?
//! Each after what it needs; otherwise as they stand in the file.

use std::collections::BTreeSet;

use super::fields::Fields;
use super::nearest;
use super::stage::StageText;

/// The stages in running order. Stages of one name, unknown needs and circles are reported; what is wrong is left out.
pub fn sorted(root: &Fields<'_, '_>, written: Vec<StageText>) -> Vec<StageText> {
    report_twins(root, &written);
    let names: BTreeSet<String> = written.iter().map(|w| w.name.get_ref().clone()).collect();
    let mut left: Vec<StageText> =
        written.into_iter().map(|w| with_known_needs(root, &names, w)).collect();
    let mut sorted: Vec<StageText> = Vec::with_capacity(left.len());
    let mut done: BTreeSet<String> = BTreeSet::new();
    while !left.is_empty() {
        let ready = left.iter().position(|w| w.needs.iter().all(|n| done.contains(n.get_ref())));
        // A circle is cut where it was found, so that the next one is found as well.
        let next = ready.unwrap_or_else(|| report_circle(root, &left, &done));
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

fn with_known_needs(
    root: &Fields<'_, '_>,
    names: &BTreeSet<String>,
    mut one: StageText,
) -> StageText {
    one.needs.retain(|need| {
        let known = names.contains(need.get_ref());
        if !known {
            let remedy = nearest(need.get_ref(), names.iter().map(String::as_str)).map_or_else(
                || {
                    format!(
                        "The stages are {}",
                        names.iter().cloned().collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!("Did you mean {near:?}?"),
            );
            root.problem_at(
                need,
                format!("{:?} needs {:?}, which is no stage", one.name.get_ref(), need.get_ref()),
                remedy,
            );
        }
        known
    });
    for need in &one.needs {
        if let Ok(need) = need.get_ref().parse()
            && !one.stage.needs.contains(&need)
        {
            one.stage.needs.push(need);
        }
    }
    one
}

/// Reports a circle among the stages that are left; the place of its first stage in them.
fn report_circle(root: &Fields<'_, '_>, left: &[StageText], done: &BTreeSet<String>) -> usize {
    let mut path: Vec<usize> = Vec::new();
    let mut at = 0;
    // Every stage that is left waits for one that is left too: following them must come back to a place seen before.
    while !path.contains(&at) {
        path.push(at);
        let waits_for = left[at].needs.iter().find(|n| !done.contains(n.get_ref()));
        at = waits_for
            .and_then(|n| left.iter().position(|w| w.name.get_ref() == n.get_ref()))
            .unwrap_or(at);
    }
    let circle: Vec<usize> = path.into_iter().skip_while(|&i| i != at).collect();
    let first = circle.iter().copied().min().unwrap_or(at);
    let turn = circle.iter().position(|&i| i == first).unwrap_or(0);
    let names: Vec<&str> = circle[turn..]
        .iter()
        .chain(&circle[..turn])
        .chain([&first])
        .map(|&i| left[i].name.get_ref().as_str())
        .collect();
    root.problem_at(
        &left[first].name,
        format!("stages need each other in a circle: {}", names.join(" → ")),
        "Remove one of these needs",
    );
    first
}
