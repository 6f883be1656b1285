//! What forms send, read without losing what was typed.

use askama::Template;
use axum::{Form, extract::FromRequest};
use chrono::NaiveDate;
use domain::{app::App, dates::read_date, money::Pence, problem::Problem};

use crate::{
    page::{PageError, PageResult, done, render_refused},
    session::Signed,
};

/// A form's fields by name, in the order of the page; a name may come several times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields of a form that was sent by `GET`.
    pub(crate) fn from_query(query: Option<&str>) -> Self {
        let uri = format!("/?{}", query.unwrap_or_default()).parse::<axum::http::Uri>().ok();
        let fields =
            uri.and_then(|uri| axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
        fields.map(|axum::extract::Query(fields)| fields).unwrap_or_default().into()
    }

    /// The same with another text in a field.
    pub(crate) fn with(&self, name: &str, text: &str) -> Self {
        let others = self.0.iter().filter(|(found, _)| found != name).cloned();
        Self(others.chain([(name.to_owned(), text.to_owned())]).collect())
    }

    /// What was typed, without the spaces around it; empty when the field is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.trim())
    }

    /// What was typed, as it was typed; of several, the last.
    fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// What was typed, or nothing.
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Every field whose name begins with none of these, as it was sent.
    pub(crate) fn others(&self, prefixes: &[&str]) -> Vec<(String, String)> {
        let is_other =
            |(name, _): &&(String, String)| !prefixes.iter().any(|prefix| name.starts_with(prefix));
        self.0.iter().filter(is_other).cloned().collect()
    }

    /// Every value of a name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.trim())
    }

    /// A date from a date field, or as people type it.
    pub(crate) fn date(&self, name: &'static str) -> Result<NaiveDate, Problem> {
        match self.text(name) {
            "" => Err(problem(name, "Please give a date, such as 23/11/2026.")),
            typed => read_date(typed).map_err(|error| problem(name, &error.to_string())),
        }
    }

    /// The same for a date that may be left out.
    pub(crate) fn optional_date(&self, name: &'static str) -> Result<Option<NaiveDate>, Problem> {
        self.optional(name).map(|_| self.date(name)).transpose()
    }
}

/// A form's key: the same form sent twice is done once.
pub(crate) fn new_key(app: &App) -> String {
    u128::from_be_bytes(app.rng.bytes()).to_string()
}

/// A problem with one field of a form.
pub(crate) fn problem(field: &'static str, message: &str) -> Problem {
    let mut message = message.to_owned();
    if let Some(first) = message.get(..1) {
        message.replace_range(..1, &first.to_uppercase());
    }
    if !message.ends_with(['.', '?', '!']) {
        message.push('.');
    }
    Problem { code: "INVALID".into(), field: Some(field), message }
}

/// An amount of money as people type it.
pub(crate) fn read_amount(field: &'static str, typed: &str) -> Result<Pence, Problem> {
    match typed {
        "" => Err(problem(field, "Type the amount.")),
        typed => Pence::parse(typed).map_err(|error| problem(field, &format!("“{typed}”: {error}"))),
    }
}

/// Reads a form that came from one of our pages, in the session in which it was shown.
pub(crate) async fn read_form(signed: &Signed, request: axum::extract::Request) -> Result<Fields, PageError> {
    let Form(fields) =
        Form::<Vec<(String, String)>>::from_request(request, &()).await.map_err(|_| PageError::Forged)?;
    let fields = Fields::from(fields);
    signed.check(fields.text("csrf"))?;
    Ok(fields)
}

/// The fields of a form's body as it was sent; none of one that cannot be read.
pub(crate) fn sent_fields(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// Answers a form. When it was taken, on to the address that `next` gives, with the sentence that says what was done;
/// else `page` again, with what was typed and what is wrong.
pub(crate) async fn answer<T, P: Template, F: Future<Output = Result<P, PageError>>>(
    result: Result<T, Problem>,
    fields: &Fields,
    page: impl FnOnce(FormState) -> F,
    next: impl FnOnce(T) -> (String, String),
) -> PageResult {
    match result {
        Ok(taken) => {
            let (path, said) = next(taken);
            Ok(done(&path, &said))
        }
        Err(problem) => render_refused(&page(FormState::refused(fields, problem)).await?),
    }
}

/// The problem at the field that has another name on the page than in the operation.
pub(crate) fn at(problem: Problem, named: &str, here: &'static str) -> Problem {
    let field = problem.field.map(|field| if field == named { here } else { field });
    Problem { field, ..problem }
}

impl From<Vec<(String, String)>> for Fields {
    /// Without the character U+0000, which Postgres keeps in no text.
    fn from(mut fields: Vec<(String, String)>) -> Self {
        for (_, typed) in &mut fields {
            typed.retain(|c| c != '\0');
        }
        Self(fields)
    }
}

/// What pages show as a section of several fields.
const SECTIONS: [&str; 7] = ["lines", "formula", "inKindOffers", "parts", "permissions", "terms", "urns"];

/// Form state on a page: what was typed, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormState {
    fields: Fields,
    pub(crate) problem: Option<Problem>,
}

impl FormState {
    /// A form that shows what was typed.
    pub(crate) fn kept(fields: &Fields) -> Self {
        Self { fields: fields.clone(), problem: None }
    }

    /// A form that was refused.
    pub(crate) fn refused(fields: &Fields, problem: Problem) -> Self {
        Self { fields: fields.clone(), problem: Some(problem) }
    }

    /// What the field shows: what was typed, or `usual`.
    pub(crate) fn value<'a>(&'a self, name: &str, usual: &'a str) -> &'a str {
        self.fields.last(name).unwrap_or(usual)
    }

    /// Whether the option was chosen, or is the usual one.
    pub(crate) fn is(&self, name: &str, option: &str, usual: &str) -> bool {
        self.value(name, usual) == option
    }

    /// Whether the box was ticked, of several with one name.
    pub(crate) fn is_ticked(&self, name: &str, option: &str) -> bool {
        self.fields.0.iter().any(|(found, value)| found == name && value == option)
    }

    /// What is wrong with the field.
    pub(crate) fn error(&self, name: &str) -> Option<&str> {
        self.problem
            .as_ref()
            .filter(|problem| problem.field == Some(name))
            .map(|problem| problem.message.as_str())
    }

    /// The place on the page of what is wrong, for the link to it. What the form did not ask for has none.
    pub(crate) fn place(&self) -> Option<&'static str> {
        let field = self.problem.as_ref()?.field?;
        (SECTIONS.contains(&field) || self.was_sent(field)).then_some(field)
    }

    /// Whether this form, of several on the page, is the one that was sent: a field of its own is there.
    pub(crate) fn was_sent(&self, field: &str) -> bool {
        self.fields.last(field).is_some()
    }
}
