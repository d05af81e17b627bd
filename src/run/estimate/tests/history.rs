//! What is known of a stage, and what follows for the estimate.

use std::time::{Duration, Instant};

use super::super::{Estimate, Interval, Sample, Size, SoFar, StageHistory, estimate};
use super::simulation::used;
use crate::run::Usd;

pub fn whole(dollars: f64) -> Sample {
    Sample { used: used(dollars), whole: true }
}

pub fn stage(samples: &[Sample], so_far: SoFar) -> StageHistory {
    StageHistory { size: Size::M, samples: samples.to_vec(), so_far }
}

pub fn usual(samples: &[Sample]) -> Estimate {
    estimate(&[stage(samples, SoFar::Waiting)], 1.0)
}

fn finished(dollars: f64) -> StageHistory {
    stage(&[], SoFar::Finished(used(dollars)))
}

fn shown(interval: Interval<Usd>) -> [String; 3] {
    let Interval { low, middle, high } = interval.rounded();
    [low, middle, high].map(|usd| usd.to_string())
}

#[test]
fn without_history_a_stage_is_typical_for_its_size() {
    let medium = usual(&[]);
    assert_eq!(shown(medium.cost), ["$0.13", "$0.40", "$1.20"]);
    assert!((200..280).contains(&medium.seconds.middle), "{:?}", medium.seconds);
    assert_eq!((medium.runs, medium.widen), (0, 1.0));
    let large = StageHistory { size: Size::L, ..stage(&[], SoFar::Waiting) };
    assert!(estimate(&[large], 1.0).cost.middle > medium.cost.high.minus(medium.cost.low));
}

#[test]
fn ten_runs_outweigh_what_is_typical() {
    let dear = usual(&[whole(3.0); 10]);
    assert!(dear.cost.low > Usd::from_float(0.4), "{:?}", dear.cost);
    assert!(dear.cost.contains(&Usd::from_float(3.0)));
    assert_eq!(dear.runs, 10);
}

#[test]
fn runs_that_were_cut_raise_and_widen_it_and_are_worth_more_than_nothing() {
    let cut = |dollars| Sample { whole: false, ..whole(dollars) };
    let [known, raised] =
        [vec![], vec![cut(2.0); 3]].map(|cut| usual(&[vec![whole(0.4); 5], cut].concat()).cost);
    assert!(raised.middle > known.middle && raised.high > known.high + known.high, "{raised:?}");
    let [none, early] = [vec![], vec![cut(0.01); 3]].map(|cut| shown(usual(&cut).cost));
    assert_eq!(early, none);
}

#[test]
fn finished_stages_count_exactly() {
    let run = [finished(0.11), finished(2.0), finished(0.0)];
    let Estimate { cost, seconds, runs, .. } = estimate(&run, 1.0);
    let exact = Usd::from_float(2.11);
    assert_eq!(cost, Interval { low: exact, middle: exact, high: exact });
    assert_eq!(seconds, Interval { low: 1_266, middle: 1_266, high: 1_266 });
    assert_eq!(runs, 0);
}

#[test]
fn a_finished_stage_is_added_to_what_is_still_open() {
    let alone = usual(&[]);
    let both = estimate(&[stage(&[], SoFar::Waiting), finished(0.4)], 1.0);
    let open = both.cost.middle.minus(Usd::from_float(0.4));
    assert!(alone.cost.contains(&open), "{open}");
    assert!(both.cost.low > Usd::from_float(0.4));
}

#[test]
fn a_dear_beginning_makes_the_rest_dearer() {
    let rest_after = |dollars| {
        let both = estimate(&[finished(dollars), stage(&[], SoFar::Waiting)], 1.0);
        both.cost.middle.minus(Usd::from_float(dollars))
    };
    assert!(rest_after(2.0) > rest_after(0.4));
    assert!(rest_after(0.4) > rest_after(0.08));
}

#[test]
fn a_running_stage_costs_at_least_what_it_has_cost_and_may_cost_more() {
    let running =
        |dollars| estimate(&[stage(&[whole(0.4); 5], SoFar::Running(used(dollars)))], 1.0).cost;
    assert!(running(9.0).low >= Usd::from_float(9.0) && running(9.0).high > Usd::from_float(10.0));
    assert!(running(0.4).low > usual(&[whole(0.4); 5]).cost.low);
    assert_eq!(shown(running(0.001)), shown(usual(&[whole(0.4); 5]).cost));
}

#[test]
fn a_run_knows_as_much_as_its_least_known_open_stage() {
    let known = |runs| stage(&vec![whole(1.0); runs], SoFar::Waiting);
    assert_eq!(estimate(&[known(7), known(3), finished(1.0)], 1.0).runs, 3);
}

#[test]
fn no_stages_are_nothing() {
    let nothing = estimate(&[], 1.0);
    assert_eq!((nothing.cost.high, nothing.seconds.high, nothing.runs), (Usd::ZERO, 0, 0));
}

#[test]
fn json_keeps_an_estimate() {
    let said = usual(&[whole(0.7)]);
    let json = serde_json::to_string(&said).unwrap();
    assert!(json.contains(r#""cost":{"low":"0."#), "{json}");
    assert_eq!(serde_json::from_str::<Estimate>(&json).unwrap(), said);
}

#[test]
fn an_estimate_of_six_stages_is_there_at_once() {
    let run = vec![stage(&[whole(1.0); 30], SoFar::Waiting); 6];
    let fastest = [(); 5].map(|()| {
        let began = Instant::now();
        assert!(estimate(&run, 1.0).runs > 0);
        began.elapsed()
    });
    eprintln!("six stages: {fastest:?}");
    assert!(fastest.into_iter().min() < Some(Duration::from_millis(100)), "{fastest:?}");
}
