//! Taking the term dates that local authorities publish.

use std::io::{Read, Write};

use super::{AuthorityTerm, ImportError, ImportRun, Imported, import, repo};
use crate::db::Db;

/// Takes the term dates of a file: all that can be used, or after an error none. What the file leaves out of a school year
/// of an authority that it has is taken away, unless rows of the file could not be used. Alliances keep the dates that
/// they have. Rejects and permission as [`super::import_register`].
pub async fn import_term_dates(
    db: &Db,
    file: impl Read + Send + 'static,
    rejects: impl Write + Send + 'static,
    run: ImportRun,
) -> Result<Imported, ImportError> {
    let file = import::open::<AuthorityTerm, _>(file).await?;
    let mut tx = db.machine().await?;
    repo::lock_term_dates(&mut tx).await?;
    let mut every = Vec::new();
    let imported = import::pump(file, rejects, async |terms| {
        let written = repo::upsert_term_dates(&mut tx, &terms).await;
        every.extend(terms);
        written
    })
    .await?;
    if imported.rejected == 0 {
        repo::delete_other_term_dates(&mut tx, &every).await?;
    }
    run.end(tx).await?;
    Ok(imported)
}
