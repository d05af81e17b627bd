//! Wherever a worker is killed, its run comes out the same: the tree, the cost, the messages.
//! These are a few of the points; `cargo bench --bench kills` has them all, and prints a table.

use tokio::sync::OnceCell;

use crate::world::kills::{Came, HEAD, Kill, Point, unkilled};

/// A run that nobody was killed in, for all of these.
static LIVED: OnceCell<Came> = OnceCell::const_new();

async fn is_killed(point: &str, seed: u64) {
    let kill = Kill { point: Point::named(point).expect("a point of the table"), seed };
    let came =
        kill.comes_to().await.unwrap_or_else(|e| panic!("{}\n{e}", kill.row_without_an_end()));
    let lived = LIVED.get_or_try_init(unkilled).await.expect("a run that nobody is killed in");
    assert!(came.is_like(lived), "{HEAD}\n{}\n{lived:#?}\n{came:#?}", kill.row(&came, lived));
}

#[tokio::test]
async fn an_agent_whose_worker_and_disk_are_gone_with_its_work_works_again() {
    is_killed("agent done, no snapshot", 3).await;
}

#[tokio::test]
async fn work_that_a_dead_worker_kept_is_found_by_one_that_had_the_run_before() {
    is_killed("attempt pushed, not told", 3).await;
}

#[tokio::test]
async fn a_disk_that_is_wiped_between_stages_is_not_missed() {
    is_killed("between stages, disk wiped", 1).await;
}
