//! What adds up, at a shell: what was spent, what went wrong, and two runs side by side.

use serde_json::json;

use super::Talk;
use crate::app::Failure;
use crate::commands::{
    self, CodeBetween, CompareOutcome, CompareWords, Compared, LookBack, Reply, ReplyKind,
};

impl Talk<'_> {
    pub(super) async fn costs(&mut self, words: &str) -> Result<u8, Failure> {
        let of = match LookBack::read("costs", words) {
            Ok(of) => of,
            Err(why) => return self.reply(&Reply::new(ReplyKind::Unknown, why.text)),
        };
        let (report, reply) = commands::costs(&self.services, &self.asker, &of).await?;
        if self.json { self.document(&json!(report)) } else { self.reply(&reply) }
    }

    pub(super) async fn calibration(&mut self) -> Result<u8, Failure> {
        let (calibration, reply) = commands::calibration(&self.services).await?;
        if !self.json {
            return self.reply(&reply);
        }
        self.document(&json!({
            "runs": calibration.runs, "inside": calibration.inside, "above": calibration.above,
            "pinball_loss": calibration.pinball_loss, "widen": calibration.widen,
        }))
    }

    pub(super) async fn failures(&mut self, words: &str) -> Result<u8, Failure> {
        let of = match LookBack::read("failures", words) {
            Ok(of) => of,
            Err(why) => return self.reply(&Reply::new(ReplyKind::Unknown, why.text)),
        };
        let (report, reply) = commands::failures(&self.services, &self.asker, &of).await?;
        if self.json { self.document(&json!(report)) } else { self.reply(&reply) }
    }

    pub(super) async fn compare(&mut self, words: &CompareWords) -> Result<u8, Failure> {
        match commands::compare(&self.services, &self.asker, words).await? {
            CompareOutcome::Compared(compared, _) if self.json => {
                self.document(&compared_json(&compared))
            }
            CompareOutcome::Compared(_, reply) | CompareOutcome::Unknown(reply) => {
                self.reply(&reply)
            }
        }
    }

    /// Only what differs in their code.
    pub(super) async fn compare_code(&mut self, words: &CompareWords) -> Result<u8, Failure> {
        match commands::compare(&self.services, &self.asker, words).await? {
            CompareOutcome::Unknown(reply) => self.reply(&reply),
            CompareOutcome::Compared(compared, _) => match compared.code {
                CodeBetween::Patch(patch) if self.json => self.document(&json!(patch)),
                CodeBetween::Patch(patch) => self.print_patch(&patch.unified()),
                code => self.reply(&Reply::new(ReplyKind::Away, commands::code_line(&code))),
            },
        }
    }
}

fn compared_json(compared: &Compared) -> serde_json::Value {
    let mut document = json!(compared.comparison);
    document["code"] = match &compared.code {
        CodeBetween::Nothing => json!(null),
        CodeBetween::Patch(patch) => {
            let (added, removed) = patch.lines();
            json!({ "files": patch.files.len(), "added": added, "removed": removed })
        }
        CodeBetween::Elsewhere { command } => json!({ "elsewhere": command }),
        CodeBetween::Pruned(run, at) => json!({ "pruned": run, "at": at }),
    };
    document
}
