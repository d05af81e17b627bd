//! What goes wrong at Slack, and how often?

use std::time::Duration;

use super::FakeSlack;

/// What happens to a call instead of an answer. Those that begin with `Does` are done first, so they show in the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, come back in so many seconds.
    RateLimited {
        seconds: u64,
    },
    /// 500, not done.
    ServerError,
    /// `{"ok": false, "error": …}`.
    Refuses(&'static str),
    /// No answer, ever; not done.
    Hangs,
    /// The connection is cut; not done.
    HangsUp,
    DoesThenServerError,
    DoesThenHangs,
    DoesThenHangsUp,
    /// Done and answered, only later.
    DoesSlowly(Duration),
}

/// A fault that waits for its calls.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    method: String,
    fault: Fault,
    left: usize,
}

impl FakeSlack {
    /// The next `times` calls of the method (`*`: of any) meet this fault. Faults of the same method come one after another.
    pub fn fails(&self, method: &str, fault: Fault, times: usize) {
        self.shared.lock().plans.push(Plan { method: method.to_owned(), fault, left: times });
    }

    /// Forgets the metadata of what was posted so far, as some emulators do.
    pub fn forgets_metadata(&self) {
        self.shared.lock().messages.iter_mut().for_each(|it| it.metadata = None);
    }

    /// Knows nothing of what was said so far, as an emulator that was started again.
    pub fn forgets_everything(&self) {
        self.shared.lock().messages.clear();
    }

    /// Forgets all faults that are still to come.
    pub fn recovers(&self) {
        self.shared.lock().plans.clear();
    }
}

/// The fault that this call meets, if any.
pub(super) fn next(plans: &mut Vec<Plan>, method: &str) -> Option<Fault> {
    plans.retain(|plan| plan.left > 0);
    let plan = plans.iter_mut().find(|plan| plan.method == method || plan.method == "*")?;
    plan.left -= 1;
    Some(plan.fault)
}
