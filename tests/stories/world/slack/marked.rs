//! How does Slack's markup read to a person?

use super::state::State;

impl State {
    /// Mentions become names, links their labels, entities their characters. Stars and backticks stay.
    pub fn plain(&self, text: &str) -> String {
        let mut words = String::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once('<') {
            words.push_str(before);
            let Some((inside, after)) = tail.split_once('>') else {
                words.push('<');
                rest = tail;
                continue;
            };
            words.push_str(&self.reference(inside));
            rest = after;
        }
        words.push_str(rest);
        words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    fn reference(&self, inside: &str) -> String {
        let (target, label) =
            inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
        match target.split_at_checked(1) {
            Some(("@", id)) => format!("@{}", self.name(id)),
            Some(("#", id)) => format!("#{}", label.unwrap_or(id)),
            // A date shows in each reader's clock, a group by its name: both say so in their label.
            Some(("!", what)) if what.starts_with("subteam^") => {
                let group = self
                    .groups
                    .iter()
                    .find(|it| what.ends_with(&it.id))
                    .map(|it| it.handle.as_str());
                format!("@{}", group.or(label).unwrap_or(what))
            }
            Some(("!", what)) => label.map_or_else(|| format!("@{what}"), ToOwned::to_owned),
            _ => label.unwrap_or(target).to_owned(),
        }
    }

    /// What people are called; who is not known by their id.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.user(id).map_or(id, |it| &it.name)
    }
}
