//! Lists as CSV that a spreadsheet opens safely.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use chrono::NaiveDate;
use domain::{access, money::Pence, text::harmless_cell};

use crate::{
    format,
    page::{PageError, PageResult},
    session::Within,
    site::SharedSite,
};

/// An amount that a spreadsheet adds up: `1234.50`.
pub(crate) fn amount(pence: Pence) -> String {
    let sign = if pence.0 < 0 { "-" } else { "" };
    let size = pence.0.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// A date that a spreadsheet here takes for one: `23/11/2026`.
pub(crate) fn day(date: NaiveDate) -> String {
    date.format("%d/%m/%Y").to_string()
}

/// Answers with a list as a file, and writes into the alliance's record of changes that it was taken. `file_name` may
/// come from a name that somebody typed.
pub(crate) async fn download(
    (site, within): (&SharedSite, &Within),
    file_name: &str,
    heading: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> PageResult {
    let rows: Vec<_> = rows.into_iter().collect();
    let file_name = safe_name(file_name);
    let count = format::plural(&i64::try_from(rows.len()).unwrap_or(i64::MAX), "row", "rows");
    let event = format!("Downloaded {file_name} ({count})");
    access::record_event(&site.gateway.app, &within.entered.viewer, &event).await?;
    file(&file_name, heading, rows)
}

/// A CSV file of a heading and its rows: UTF-8 with the mark that Excel needs, CRLF, every cell quoted, and no cell that
/// a spreadsheet would run.
fn file(file_name: &str, heading: &[&str], rows: Vec<Vec<String>>) -> PageResult {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::from("\u{feff}"));
    writer.write_record(heading).map_err(PageError::internal)?;
    for row in rows {
        writer.write_record(row.into_iter().map(harmless_cell)).map_err(PageError::internal)?;
    }
    let body = writer.into_inner().map_err(|error| PageError::internal(error.into_error()))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")),
    ];
    let response: Response = (headers, body).into_response();
    Ok(response)
}

/// The name with a hyphen for what a header or a file system could misread.
fn safe_name(name: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let text: String = name.chars().map(|c| if is_safe(c) { c } else { '-' }).collect();
    text.trim_start_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_download_opens_in_a_spreadsheet() {
        let row = vec!["Holbeck St Botolph's, \"the Infants\"".to_owned(), "=1+1".to_owned()];
        let response =
            file(&safe_name("Wold Edge: shares/2026.csv"), &["Member", "Note"], vec![row]).unwrap();
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
        assert_eq!(
            response.headers()["content-disposition"],
            "attachment; filename=\"Wold-Edge--shares-2026.csv\""
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "\u{feff}\"Member\",\"Note\"\r\n\"Holbeck St Botolph's, \"\"the Infants\"\"\",\"'=1+1\"\r\n"
        );
    }

    #[test]
    fn amounts_have_pence_and_a_plain_minus() {
        let shown = [123_450, 0, -5, -130_000].map(|pence| amount(Pence(pence)));
        assert_eq!(shown, ["1234.50", "0.00", "-0.05", "-1300.00"]);
    }

    #[test]
    fn a_file_name_cannot_leave_its_header_or_folder() {
        assert_eq!(safe_name("../a\"\r\nb.csv"), "a---b.csv");
        assert_eq!(safe_name("members.csv"), "members.csv");
    }
}
