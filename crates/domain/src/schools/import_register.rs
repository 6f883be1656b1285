//! Taking the national register's schools.

use std::io::{Read, Write};

use super::{ImportError, ImportRun, Imported, RegisterSchool, import, repo};
use crate::db::Db;

/// Takes the schools of a register file (`edubasealldata`) of any size: all that can be used, or after an error none.
/// Entries that are newer here stay. Rows that cannot be used are left out and go to `rejects` as CSV; without such
/// rows nothing is written there.
///
/// For whoever runs the deployment, who shows that by holding the machine role's login.
pub async fn import_register(
    db: &Db,
    file: impl Read + Send + 'static,
    rejects: impl Write + Send + 'static,
    run: ImportRun,
) -> Result<Imported, ImportError> {
    let file = import::open::<RegisterSchool, _>(file).await?;
    let absent = file.absent_fields();
    let mut tx = db.machine().await?;
    repo::lock_schools(&mut tx).await?;
    let imported =
        import::pump(file, rejects, async |schools| repo::upsert_schools(&mut tx, &schools, &absent).await)
            .await?;
    run.end(tx).await?;
    Ok(imported)
}
