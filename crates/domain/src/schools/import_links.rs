//! Taking the national register's links between schools.

use std::io::{Read, Write};

use super::{ImportError, ImportRun, Imported, SchoolLink, import, repo};
use crate::db::Db;

/// Takes the links of a file of the register (`links_edubasealldata`): all that can be used, or after an error none.
/// A link that is no longer in the file stays. Rejects and permission as [`super::import_register`].
pub async fn import_links(
    db: &Db,
    file: impl Read + Send + 'static,
    rejects: impl Write + Send + 'static,
    run: ImportRun,
) -> Result<Imported, ImportError> {
    let file = import::open::<SchoolLink, _>(file).await?;
    let mut tx = db.machine().await?;
    repo::lock_links(&mut tx).await?;
    let imported =
        import::pump(file, rejects, async |links| repo::upsert_links(&mut tx, &links).await).await?;
    run.end(tx).await?;
    Ok(imported)
}
