//! Everything that an alliance holds, as one zip file in the store. Nothing of it is ever whole in memory: rows come one by one
//! from the database's snapshot, are compressed on a thread of their own, and leave in parts.

mod archive;
mod readme;

use std::mem;

use domain::{
    alliances::exports::{
        BuildExport, Built, EXPORTED, ExportedFile, ExportedTable, OpenExport, open_export, record_export,
    },
    text::harmless_cell,
};
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Map, Value};

use self::archive::Archive;
use super::Deps;
use crate::{JobContext, JobError};

/// How much of a table is handed on at once.
const CHUNK: usize = 256 * 1024;

/// Makes the file, and says so when it is whole. Whatever interrupts it leaves no file, and the next attempt begins anew.
pub(super) async fn build_export(context: JobContext<Deps>, job: BuildExport) -> Result<(), JobError> {
    let (app, viewer) = (&context.app, &context.viewer);
    // It was given up, or made before.
    let Some(mut export) = open_export(app, viewer, job.export_id).await? else { return Ok(()) };
    let mut archive = Archive::begin(context.deps.store.clone(), &export);
    let mut counts = Vec::new();
    for table in EXPORTED {
        counts.push(add_table(&mut archive, &mut export, table).await?);
    }
    let (files, missing) = add_files(&*context.deps.store, &mut archive, &mut export).await?;
    let types = export.types().await?;
    let description =
        readme::Description { export: &export, counts: &counts, types: &types, missing: &missing };
    for (name, text) in [("schema.json", description.json()?), ("README.txt", description.text())] {
        archive.file(name).await?;
        archive.write(text.into_bytes()).await?;
    }
    let bytes = archive.finish().await?;
    let built = Built { bytes: i64::try_from(bytes).unwrap_or(i64::MAX), rows: counts.iter().sum(), files };
    drop(export);
    Ok(record_export(app, viewer, job.export_id, built).await?)
}

/// A table's two files, both from the same snapshot. Returns how many rows it has.
async fn add_table(
    archive: &mut Archive,
    export: &mut OpenExport,
    table: &'static ExportedTable,
) -> Result<i64, JobError> {
    let mut count = 0;
    archive.file(&format!("tables/{}.jsonl", table.name)).await?;
    let mut rows = export.rows(table);
    let mut lines = Vec::new();
    while let Some(row) = rows.try_next().await? {
        count += 1;
        lines.extend_from_slice(row.as_bytes());
        lines.push(b'\n');
        if lines.len() >= CHUNK {
            archive.write(mem::take(&mut lines)).await?;
        }
    }
    drop(rows);
    archive.write(lines).await?;
    archive.file(&format!("tables/{}.csv", table.name)).await?;
    let fault = |error: csv::Error| JobError::Discard(format!("the table {} as CSV: {error}", table.name));
    // With the mark that Excel needs.
    let mut list = spreadsheet(Vec::from("\u{feff}"));
    list.write_record(table.columns.iter().map(|column| column.name)).map_err(fault)?;
    let mut rows = export.rows(table);
    while let Some(row) = rows.try_next().await? {
        let row: Map<String, Value> =
            serde_json::from_str(&row).map_err(|error| JobError::Discard(error.to_string()))?;
        list.write_record(table.columns.iter().map(|column| cell(row.get(column.name)))).map_err(fault)?;
        if list.get_ref().len() >= CHUNK {
            let full = mem::replace(&mut list, spreadsheet(Vec::new()));
            archive.write(full.into_inner().map_err(|error| fault(error.into_error().into()))?).await?;
        }
    }
    archive.write(list.into_inner().map_err(|error| fault(error.into_error().into()))?).await?;
    Ok(count)
}

/// A writer of CSV as everywhere in the product: CRLF, every cell quoted.
fn spreadsheet(begun: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(begun)
}

/// What a cell says: text as it is, but for what a spreadsheet would run; what has parts of its own as JSON.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless_cell(text.clone()),
        Some(other) => other.to_string(),
    }
}

/// The stored files. Returns how many there are, and the names of those that the store has lost.
async fn add_files(
    store: &dyn ObjectStore,
    archive: &mut Archive,
    export: &mut OpenExport,
) -> Result<(i64, Vec<String>), JobError> {
    let unreachable = |error: object_store::Error| JobError::Retry(format!("the file store: {error}"));
    let (mut count, mut missing, mut last) = (0, Vec::new(), None);
    loop {
        let files = export.files(last).await?;
        let Some(file) = files.last() else { return Ok((count, missing)) };
        last = Some(file.id);
        for file in files {
            let name = name_in_archive(&file);
            match store.get(&file.store_key.into()).await {
                Ok(found) => {
                    count += 1;
                    archive.file(&name).await?;
                    let mut parts = found.into_stream();
                    while let Some(part) = parts.try_next().await.map_err(unreachable)? {
                        archive.write(part.into()).await?;
                    }
                }
                Err(object_store::Error::NotFound { .. }) => missing.push(name),
                Err(error) => return Err(unreachable(error)),
            }
        }
    }
}

/// `files/invoice/FEN-0001.pdf`. Numbers are of one series for each kind, so no two files get one name.
fn name_in_archive(file: &ExportedFile) -> String {
    let number: String =
        file.number.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("files/{}/{number}.pdf", file.kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_hold_what_the_row_says_and_run_nothing() {
        let shown = [json!(null), json!("=1+1"), json!(-250), json!(true), json!({ "a": 1 }), json!("-2.5")]
            .map(|value| cell(Some(&value)));
        assert_eq!(shown, ["", "'=1+1", "-250", "true", "{\"a\":1}", "-2.5"]);
        assert_eq!(cell(None), "");
    }
}
