//! One folder a page: its handler, its document, its template.

pub(crate) mod account;
pub(crate) mod add_member;
pub(crate) mod add_members;
pub(crate) mod add_person;
pub(crate) mod address;
pub(crate) mod assets;
pub(crate) mod assign_payer;
pub(crate) mod budget;
pub(crate) mod budgets;
pub(crate) mod change_member;
pub(crate) mod changes;
pub(crate) mod closures;
pub(crate) mod confirm;
pub(crate) mod data;
pub(crate) mod debt;
pub(crate) mod delivery;
pub(crate) mod dev_mail;
pub(crate) mod edit_budget;
pub(crate) mod found;
pub(crate) mod home;
pub(crate) mod invitation;
pub(crate) mod invitations;
pub(crate) mod invite_several;
pub(crate) mod invoice;
pub(crate) mod invoices;
pub(crate) mod jobs;
pub(crate) mod leave;
pub(crate) mod mail;
pub(crate) mod member;
pub(crate) mod members;
pub(crate) mod passkeys;
pub(crate) mod payers;
pub(crate) mod payment;
pub(crate) mod payments;
pub(crate) mod people;
pub(crate) mod person;
pub(crate) mod roles;
pub(crate) mod run;
pub(crate) mod second_step;
pub(crate) mod set_up;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod start;
pub(crate) mod statement;
pub(crate) mod strands;
pub(crate) mod term_dates;
pub(crate) mod tokens;

use axum::{
    http::Uri,
    response::{IntoResponse, Redirect},
};

use crate::page::{PageError, PageResult};

/// Any other address. One that ends with a slash is the same without it.
pub(crate) async fn not_found(uri: Uri) -> PageResult {
    let path = uri.path();
    match path.strip_suffix('/') {
        // A second slash in front would name another host.
        Some(same) if same.starts_with('/') && !same.starts_with("//") => {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            Ok(Redirect::permanent(&format!("{same}{query}")).into_response())
        }
        _ => Err(PageError::NotFound),
    }
}

/// Implements a page's document: `query!(Members, "members")` is the operation `Members` of `members/query.graphql`.
// The formatter would move the attribute further right at every run.
#[rustfmt::skip]
macro_rules! query {
    ($name:ident, $folder:tt) => {
        #[derive(graphql_client::GraphQLQuery)]
        #[graphql(
            schema_path = "../gateway/schema.graphql",
            query_path = $folder,
            custom_scalars_module = "crate::scalars",
            response_derives = "Debug, Clone, PartialEq"
        )]
        struct $name;
    };
}
pub(crate) use query;
