//! What an export says of itself: for people, and the same for programs.

use std::{collections::HashMap, fmt::Write};

use domain::{
    alliances::exports::{COLUMNS_LEFT_OUT, EXPORTED, LEFT_OUT, OpenExport},
    text::plural,
};
use serde_json::{Value, json};

use crate::JobError;

/// The form of the file. It goes up when something is called otherwise or is gone, not when something is added.
const FORMAT: u32 = 1;

pub(super) struct Description<'a> {
    pub(super) export: &'a OpenExport,
    /// Rows, by the order of [`EXPORTED`].
    pub(super) counts: &'a [i64],
    /// Types of columns, by table and column.
    pub(super) types: &'a HashMap<(String, String), String>,
    /// Files that the store has lost.
    pub(super) missing: &'a [String],
}

impl Description<'_> {
    /// `schema.json`.
    pub(super) fn json(&self) -> Result<String, JobError> {
        let tables: Vec<Value> = EXPORTED
            .iter()
            .zip(self.counts)
            .map(|(table, rows)| {
                let column = |name: &str, about: &str| {
                    let ty = self.types.get(&(table.name.to_owned(), name.to_owned()));
                    json!({ "name": name, "type": ty, "about": about })
                };
                let columns: Vec<_> =
                    table.columns.iter().map(|one| column(one.name, one.about)).collect();
                json!({
                    "name": table.name, "about": table.about, "rows": rows,
                    "jsonLines": format!("tables/{}.jsonl", table.name), "csv": format!("tables/{}.csv", table.name),
                    "columns": columns,
                })
            })
            .collect();
        let tables_left_out: Vec<_> =
            LEFT_OUT.iter().map(|(table, why)| json!({ "table": table, "why": why })).collect();
        let columns_left_out: Vec<_> = COLUMNS_LEFT_OUT
            .iter()
            .map(|(table, column, why)| json!({ "table": table, "column": column, "why": why }))
            .collect();
        let whole = json!({
            "format": FORMAT,
            "alliance": { "id": self.export.alliance.id, "slug": self.export.alliance.slug, "name": self.export.alliance.name },
            "takenAt": self.export.taken_at,
            "tables": tables,
            "leftOut": { "tables": tables_left_out, "columns": columns_left_out },
            "missingFiles": self.missing,
        });
        serde_json::to_string_pretty(&whole).map_err(|error| JobError::Discard(error.to_string()))
    }

    /// `README.txt`.
    pub(super) fn text(&self) -> String {
        let alliance = &self.export.alliance;
        let taken_at = self.export.taken_at.with_timezone(&alliance.terms.timezone);
        let mut text = format!(
            "Everything that {} holds, as it was on {}.\n\n\
             tables/   each list twice: as .csv for a spreadsheet, and as .jsonl (one JSON object in each line) for a program\n\
             files/    each invoice and credit note as it was sent\n\
             schema.json   what stands below, for a program\n\n\
             Rows are tied together by their ids: member_id in one list is id in members. Amounts are whole pence. Moments are \
             in UTC; days are as people planned them. In the .csv files, text that a spreadsheet would take for a formula has \
             an apostrophe before it; the .jsonl files have it as it is.\n",
            alliance.name,
            taken_at.format("%-d %B %Y at %H:%M"),
        );
        for (table, rows) in EXPORTED.iter().zip(self.counts) {
            let _ = write!(text, "\n\n{} ({})\n{}\n", table.name, plural(*rows, "row", "rows"), table.about);
            for column in table.columns {
                let _ = write!(text, "\n  {:<22}{}", column.name, column.about);
            }
        }
        text.push_str("\n\n\nWhat is not here\n");
        for (table, why) in LEFT_OUT {
            let _ = write!(text, "\n  {table}: {why}");
        }
        for (table, column, why) in COLUMNS_LEFT_OUT {
            let _ = write!(text, "\n  {table}.{column}: {why}");
        }
        for name in self.missing {
            let _ = write!(text, "\n  {name}: the file could not be found");
        }
        text.push('\n');
        // Windows' own editor shows the lines of older programs in one.
        text.replace('\n', "\r\n")
    }
}
