//! How old is the database's schema, beside this program?

use sqlx::migrate::Migrate;

use super::{MIGRATOR, Result, Store};

/// The schema, beside the one that this program makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaAge {
    /// The same.
    Ours,
    /// It is brought up to date at the next start of `serve` or `worker`.
    Older,
    /// Another program went on to this migration, which is unknown here.
    Newer(i64),
}

impl SchemaAge {
    fn of(applied: &[i64], known: &[i64]) -> Self {
        match applied.iter().filter(|version| !known.contains(version)).max() {
            Some(unknown) => Self::Newer(*unknown),
            None if known.iter().all(|version| applied.contains(version)) => Self::Ours,
            None => Self::Older,
        }
    }
}

impl Store {
    /// How old the schema is; an error where there is none yet.
    pub async fn schema_age(&self) -> Result<SchemaAge> {
        let mut connection = self.pool.acquire().await?;
        let applied = connection.list_applied_migrations(&MIGRATOR.table_name).await?;
        let applied: Vec<i64> = applied.iter().map(|migration| migration.version).collect();
        let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        Ok(SchemaAge::of(&applied, &known))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::migrate::MigrateError;

    use super::*;
    use crate::store::StoreError;

    #[test]
    fn a_schema_is_ours_older_or_newer() {
        assert_eq!(SchemaAge::of(&[1, 2], &[1, 2]), SchemaAge::Ours);
        assert_eq!(SchemaAge::of(&[1], &[1, 2]), SchemaAge::Older);
        assert_eq!(SchemaAge::of(&[1, 2, 3, 4], &[1, 2]), SchemaAge::Newer(4));
        // One that was added in between is brought in; one that is unknown is not.
        assert_eq!(SchemaAge::of(&[1, 3], &[1, 2]), SchemaAge::Newer(3));
    }

    #[test]
    fn a_newer_schema_is_told_with_what_to_do() {
        let told = StoreError::from(MigrateError::VersionMissing(20_990_101_000_000)).to_string();
        assert!(
            told.starts_with("a newer Signoff") && told.contains("start that version"),
            "{told}"
        );
    }
}
