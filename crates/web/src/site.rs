//! The site: what every page holds, and where each page is.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gateway::Gateway;
use graphql_client::GraphQLQuery;

use crate::{
    page::{POLICY, PageError},
    pages,
    session::{Signed, Within},
};

/// What one request may send: the largest file that any form takes, and what goes with it.
pub(crate) const LARGEST_BODY: usize = 6 * 1024 * 1024;

/// Settings of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteOptions {
    /// As people use it.
    Production,
    /// With the development mailbox at `/dev/mail`.
    Development,
}

/// What every page holds.
#[derive(Clone)]
pub struct Site {
    pub(crate) gateway: Gateway,
    pub(crate) options: SiteOptions,
}

impl Site {
    /// The site over a gateway.
    #[must_use]
    pub fn new(gateway: Gateway, options: SiteOptions) -> Self {
        Self { gateway, options }
    }

    /// Executes a page's document. Any error ends the page: no page is rendered from half an answer.
    pub(crate) async fn query<Q: GraphQLQuery>(
        &self,
        signed: &Signed,
        variables: Q::Variables,
    ) -> Result<Q::ResponseData, PageError> {
        let body = Q::build_query(variables);
        let variables = serde_json::to_value(&body.variables).map_err(PageError::internal)?;
        let request = async_graphql::Request::new(body.query)
            .operation_name(body.operation_name)
            .variables(async_graphql::Variables::from_json(variables));
        let response = self.gateway.execute(&signed.caller, request).await;
        if let Some(error) = response.errors.first() {
            let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
            let code = code.and_then(|code| match code {
                async_graphql::Value::String(code) => Some(code.as_str()),
                _ => None,
            });
            return Err(match code {
                Some("FORBIDDEN" | "NEEDS_SECOND_STEP") => PageError::Forbidden,
                Some("BAD_USER_INPUT") => PageError::NotFound,
                // The schema logged its own fault.
                Some("INTERNAL_SERVER_ERROR") => PageError::Internal,
                _ => PageError::internal(error.message.clone()),
            });
        }
        let json = response.data.into_json().map_err(PageError::internal)?;
        serde_json::from_value(json).map_err(PageError::internal)
    }
}

/// Every page by its address.
#[expect(clippy::too_many_lines, reason = "it is the list of every page")]
pub fn router(site: Site) -> Router {
    let within = Router::new()
        .route("/", get(pages::home::get))
        .route("/members", get(pages::members::get))
        .route("/members.csv", get(pages::members::csv))
        .route("/members/new", get(pages::add_member::get).post(pages::add_member::post))
        .route("/members/several", get(pages::add_members::get).post(pages::add_members::preview))
        .route("/members/several/take", post(pages::add_members::take))
        .route("/members/{id}", get(pages::member::get))
        .route("/members/{id}/roll", post(pages::member::record_roll))
        .route("/members/{id}/change", get(pages::change_member::get).post(pages::change_member::post))
        .route("/members/{id}/payer", post(pages::member::change_payer))
        .route("/members/{id}/assign", get(pages::assign_payer::get).post(pages::assign_payer::post))
        .route("/members/{id}/end", post(pages::member::end_membership))
        .route("/members/{id}/lead", post(pages::member::lead))
        .route("/members/{id}/people", post(pages::member::add_person))
        .route("/people", get(pages::people::get))
        .route("/people.csv", get(pages::people::csv))
        .route("/people/new", get(pages::add_person::get).post(pages::add_person::post))
        .route("/people/invitations", get(pages::invitations::get).post(pages::invitations::post))
        .route(
            "/people/invitations/several",
            get(pages::invite_several::get).post(pages::invite_several::preview),
        )
        .route("/people/invitations/several/send", post(pages::invite_several::send))
        .route("/people/invitations/{id}/again", post(pages::invitations::again))
        .route("/people/invitations/{id}/withdraw", post(pages::invitations::withdraw))
        .route("/people/{id}", get(pages::person::get).post(pages::person::change))
        .route("/people/{id}/posts", post(pages::person::add_post))
        .route("/people/{id}/posts/change", post(pages::person::change_post))
        .route("/people/{id}/roles", post(pages::person::grant_role))
        .route("/people/{id}/roles/end", post(pages::person::end_role))
        .route("/roles", get(pages::roles::get))
        .route("/budgets", get(pages::budgets::get))
        .route("/budgets/new", get(pages::edit_budget::new).post(pages::edit_budget::draft))
        .route("/budgets/{id}", get(pages::budget::get))
        .route("/budgets/{id}/shares.csv", get(pages::budget::csv))
        .route("/budgets/{id}/edit", get(pages::edit_budget::get).post(pages::edit_budget::post))
        .route("/budgets/{id}/agree", post(pages::budget::agree))
        .route("/budgets/{id}/reopen", post(pages::budget::reopen))
        .route("/budgets/{id}/run", get(pages::run::get).post(pages::run::post))
        .route("/budgets/{id}/orders", post(pages::run::record_order))
        .route("/budgets/{id}/vat", post(pages::run::override_vat))
        .route("/budgets/{id}/shares", post(pages::run::add_member_share))
        .route("/invoices", get(pages::invoices::get))
        .route("/invoices.csv", get(pages::invoices::csv))
        .route("/invoices/{id}", get(pages::invoice::get))
        .route("/invoices/{id}/pdf", get(pages::invoice::pdf))
        .route("/credit-notes/{id}/pdf", get(pages::invoice::credit_note_pdf))
        .route("/invoices/{id}/credit", post(pages::invoice::credit))
        .route("/invoices/{id}/chasing", post(pages::invoice::chasing))
        .route("/invoices/{id}/send", post(pages::invoice::send))
        .route("/payments", get(pages::payments::get).post(pages::payments::post))
        .route("/payments.csv", get(pages::payments::csv))
        .route("/payments/import", post(pages::payments::preview))
        .route("/payments/import/take", post(pages::payments::import))
        .route("/payments/{id}", get(pages::payment::get).post(pages::payment::post))
        .route("/payments/{id}/reverse", post(pages::payment::reverse))
        .route("/payments/{id}/refund", post(pages::payment::refund))
        .route("/payments/{id}/payer", post(pages::payment::change_payer))
        .route("/payments/{id}/refund/reverse", post(pages::payment::take_refund_back))
        .route("/payments/{id}/parts/reverse", post(pages::payment::reverse_part))
        .route("/payers/{id}/statement", get(pages::statement::get))
        .route("/payers/{id}/statement.csv", get(pages::statement::csv))
        .route("/debt", get(pages::debt::get))
        .route("/debt.csv", get(pages::debt::csv))
        .route("/mail", get(pages::mail::get))
        .route("/mail.csv", get(pages::mail::csv))
        .route("/mail/{id}", get(pages::delivery::get))
        .route("/mail/reminders", post(pages::mail::set_reminders))
        .route("/mail/{id}/again", post(pages::mail::send_again))
        .route("/changes", get(pages::changes::get))
        .route("/changes.csv", get(pages::changes::csv))
        .route("/jobs", get(pages::jobs::get))
        .route("/jobs.csv", get(pages::jobs::csv))
        .route("/jobs/{id}/retry", post(pages::jobs::retry))
        .route("/jobs/{id}/discard", post(pages::jobs::discard))
        .route("/settings", get(pages::settings::get).post(pages::settings::post))
        .route("/settings/second-step", post(pages::settings::require_second_step))
        .route("/settings/data", get(pages::data::get).post(pages::data::post))
        .route("/settings/data/delete", post(pages::data::request_deletion))
        .route("/settings/data/call-off", post(pages::data::call_off))
        .route("/settings/data/{id}/zip", get(pages::data::zip))
        .route("/settings/closures", get(pages::closures::get).post(pages::closures::post))
        .route("/settings/closures/{id}", post(pages::closures::change))
        .route("/settings/closures/{id}/remove", post(pages::closures::remove))
        .route("/settings/set-up", get(pages::set_up::get))
        .route("/settings/set-up/owner", post(pages::set_up::assign))
        .route("/settings/set-up/aside", post(pages::set_up::set_aside))
        .route("/settings/set-up/resume", post(pages::set_up::resume))
        .route("/settings/terms", get(pages::term_dates::get).post(pages::term_dates::post))
        .route("/settings/strands", get(pages::strands::get).post(pages::strands::post))
        .route("/settings/strands/{id}", post(pages::strands::rename))
        .route("/settings/strands/{id}/remove", post(pages::strands::remove));
    let is_development = site.options == SiteOptions::Development;
    let site = Arc::new(site);
    let mut router = Router::new()
        .route("/sign-in", get(pages::sign_in::get).post(pages::sign_in::post))
        .route("/sign-in/code", post(pages::sign_in::code))
        .route("/sign-in/second-step", post(pages::sign_in::second_step))
        .route("/sign-in/passkey", post(pages::sign_in::ask_passkey))
        .route("/sign-in/passkey/answer", post(pages::sign_in::passkey))
        .route("/sign-up", get(pages::sign_in::sign_up).post(pages::sign_in::send_sign_up_code))
        .route("/account/address/undo", get(pages::address::ask_undo).post(pages::address::undo))
        // For those above: before there is a session, no form token ties a form to it.
        .route_layer(middleware::from_fn_with_state(site.clone(), only_from_here))
        .route("/", get(pages::start::get))
        .route("/alliances/new", get(pages::found::get).post(pages::found::post))
        .route("/invitations/{id}", get(pages::invitation::get))
        .route("/invitations/{id}/accept", post(pages::invitation::accept))
        .route("/invitations/{id}/decline", post(pages::invitation::decline))
        .route("/confirm", get(pages::confirm::get).post(pages::confirm::post))
        .route("/confirm/code", post(pages::confirm::send_code))
        .route("/confirm/passkey", post(pages::confirm::ask_passkey))
        .route("/confirm/passkey/answer", post(pages::confirm::passkey))
        .route("/sign-out", post(pages::sign_in::sign_out))
        .route("/account", get(pages::account::get))
        .route("/account/sessions/{id}/end", post(pages::account::end))
        .route("/account/sessions/end-others", post(pages::account::end_others))
        .route("/account/address", get(pages::address::get).post(pages::address::post))
        .route("/account/address/confirm", post(pages::address::confirm))
        .route("/account/second-step", get(pages::second_step::get))
        .route("/account/second-step/begin", post(pages::second_step::begin))
        .route("/account/second-step/confirm", post(pages::second_step::confirm))
        .route("/account/second-step/codes", post(pages::second_step::renew))
        .route("/account/second-step/remove", post(pages::second_step::remove))
        .route("/account/passkeys", get(pages::passkeys::get).post(pages::passkeys::add))
        .route("/account/passkeys/begin", post(pages::passkeys::begin))
        .route("/account/passkeys/{id}/rename", post(pages::passkeys::rename))
        .route("/account/passkeys/{id}/remove", post(pages::passkeys::remove))
        .route("/account/leave", get(pages::leave::get).post(pages::leave::post_form))
        .route("/account/tokens", get(pages::tokens::get).post(pages::tokens::post))
        .route("/account/tokens/{id}/revoke", post(pages::tokens::revoke))
        .route("/assets/{name}", get(pages::assets::get))
        .nest("/{slug}", within);
    if is_development {
        router = router
            .route("/dev/mail", get(pages::dev_mail::get))
            .route("/dev/mail/{id}", get(pages::dev_mail::one))
            .route("/dev/mail/{id}/html", get(pages::dev_mail::html));
    }
    router
        .fallback(pages::not_found)
        .layer(middleware::from_fn_with_state(site.clone(), pages::confirm::ask))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(wrong_addresses))
        .layer(middleware::from_fn(headers))
        .with_state(site)
}

/// Refuses what a page of another site sends: it would sign its visitors in as somebody else, who then reads what they
/// type. A link from elsewhere leads here all the same.
async fn only_from_here(
    State(site): State<SharedSite>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    if request.method() == Method::POST && site.gateway.is_from_elsewhere(request.headers()) {
        return PageError::FromElsewhere.into_response();
    }
    next.run(request).await
}

/// An address that no page could have, such as one with half an id, is one where nothing is. axum says so itself, in
/// plain text, before any page is asked; no page answers in that form.
async fn wrong_addresses(request: axum::extract::Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        StatusCode::BAD_REQUEST if is_plain => PageError::NotFound.into_response(),
        _ => response,
    }
}

/// Pages do what [`POLICY`] says and no more; what they show is not cached.
async fn headers(request: axum::extract::Request, next: Next) -> Response {
    let had_flash = gateway::cookies::value(request.headers(), "flash").is_some();
    let mut response = next.run(request).await;
    let is_shown = response.status().is_success();
    let headers = response.headers_mut();
    // What was just done is said once.
    if had_flash && is_shown && !headers.contains_key(header::SET_COOKIE) {
        headers.insert(
            header::SET_COOKIE,
            HeaderValue::from_static("flash=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"),
        );
    }
    let set = |headers: &mut axum::http::HeaderMap, name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(headers, header::CONTENT_SECURITY_POLICY, POLICY);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "same-origin");
    set(headers, header::CACHE_CONTROL, "private, no-store");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    response
}

/// A page's own state.
pub(crate) type SharedSite = Arc<Site>;

impl Within {
    /// The address of a page of this alliance.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/{}{rest}", self.entered.alliance.slug)
    }
}
