//! The schema: `domain` as a graph. No rules here: every field and mutation calls the domain, which authorises.

mod batches;
mod changes;
mod charge;
mod connection;
mod context;
mod errors;
pub mod ids;
mod scalars;

mod access;
mod alliances;
mod funding;
mod jobs;
mod ledger;
mod messages;
mod people;
mod schools;

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, MergedObject, Object, Request, Response, Result, Value};
use domain::app::App;
use futures::stream::BoxStream;

pub use changes::Subscription;
pub(crate) use charge::{Charge, THROTTLED};

use alliances::AllianceObject;
use batches::Batches;
use context::{Inside, Session};

use crate::Caller;

/// The schema of the product.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema. Limits on documents are the HTTP handler's: pages execute their own, checked documents.
#[must_use]
pub fn build() -> Schema {
    async_graphql::Schema::build(Query, Mutation::default(), Subscription)
        .register_output_type::<Node>()
        .disable_suggestions()
        .limit_recursive_depth(32)
        .finish()
}

/// The schema in the schema definition language, as committed in `schema.graphql`.
#[must_use]
pub fn sdl() -> String {
    build().sdl()
}

/// Executes a request of `caller`. A stranger may not look at the schema.
pub(crate) async fn execute(
    schema: &Schema,
    app: &App,
    caller: &Caller,
    request: Request,
    charge: Option<Charge>,
) -> Response {
    let batches = Arc::new(Batches::default());
    let request = without_nul(request).data(Session::new(
        app.clone(),
        caller.session.clone(),
        charge,
        Arc::clone(&batches),
    ));
    let request = if caller.session.is_none() { request.disable_introspection() } else { request };
    batches.drive(schema.execute(request)).await
}

/// The same without the character U+0000 in its variables, which no text of ours holds: Postgres keeps none. Nobody types
/// it, but what is pasted may have it.
fn without_nul(mut request: Request) -> Request {
    request.variables.values_mut().for_each(remove_nul);
    request
}

fn remove_nul(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|c| c != '\0'),
        Value::List(values) => values.iter_mut().for_each(remove_nul),
        Value::Object(values) => values.values_mut().for_each(remove_nul),
        _ => {}
    }
}

/// Answers a subscription of a session, which was charged, until it is dropped. It reads nothing but who may follow, so
/// no snapshot stays open.
pub(crate) fn follow(
    schema: &Schema,
    app: &App,
    (session, charge): (domain::access::Session, Option<Charge>),
    request: Request,
) -> BoxStream<'static, Response> {
    schema.execute_stream(without_nul(request).data(Session::new(
        app.clone(),
        Some(session),
        charge,
        Arc::default(),
    )))
}

/// Everything that can be read.
pub struct Query;

#[Object]
impl Query {
    /// Who is signed in; null for a stranger.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<access::ViewerObject> {
        Session::of(ctx).signed_in().cloned().map(access::ViewerObject)
    }

    /// An alliance by its short address; null when there is none, or when you hold no role in it.
    async fn alliance(&self, ctx: &Context<'_>, slug: String) -> Result<Option<AllianceObject>> {
        Ok(Session::of(ctx).enter(&slug).await?.map(AllianceObject))
    }

    /// Anything by its id; null when there is no such thing, or when it is not yours to see. Parts are read with what
    /// they are part of, and are null here: strands, closures, posts, shares, credit notes, allocations, entries of the
    /// ledger. So are sessions, which belong to you and to no alliance.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        let Some((kind, alliance_id, uuid)) = ids::decode(&id) else { return Ok(None) };
        let Some(inside) = Session::of(ctx).enter_by_id(alliance_id).await? else { return Ok(None) };
        match node(&inside, kind, uuid).await {
            Err(error) if errors::is_forbidden(&error) => Ok(None),
            found => found,
        }
    }
}

async fn node(inside: &Arc<Inside>, kind: ids::Kind, uuid: uuid::Uuid) -> Result<Option<Node>> {
    Ok(match kind {
        ids::Kind::Alliance => (inside.id().0 == uuid).then(|| AllianceObject(Arc::clone(inside)).into()),
        ids::Kind::Member => inside.member(domain::ids::MemberId(uuid)).await?.map(Into::into),
        ids::Kind::Payer => inside.payer(domain::ids::PayerId(uuid)).await?.map(Into::into),
        ids::Kind::Person => inside.person(domain::ids::PersonId(uuid)).await?.map(Into::into),
        ids::Kind::Budget => inside.budget(domain::ids::BudgetId(uuid)).await?.map(Into::into),
        ids::Kind::Invoice => inside.invoice(domain::ids::InvoiceId(uuid)).await?.map(Into::into),
        ids::Kind::Payment => inside.payment(domain::ids::PaymentId(uuid)).await?.map(Into::into),
        ids::Kind::Delivery => {
            messages::delivery(inside, domain::ids::DeliveryId(uuid)).await?.map(Into::into)
        }
        ids::Kind::Job => jobs::job(inside, domain::ids::JobId(uuid)).await?.map(Into::into),
        // Parts of something else, which cannot be asked for alone.
        ids::Kind::Strand
        | ids::Kind::Post
        | ids::Kind::Share
        | ids::Kind::CreditNote
        | ids::Kind::Allocation
        | ids::Kind::LedgerEntry
        | ids::Kind::Refund
        | ids::Kind::Session
        | ids::Kind::ApiToken
        | ids::Kind::Passkey
        | ids::Kind::RoleGrant
        | ids::Kind::Closure
        | ids::Kind::Invitation
        | ids::Kind::Export => None,
    })
}

/// Anything with an id of its own.
#[derive(Interface)]
#[expect(clippy::large_enum_variant, reason = "one lives for the length of a field")]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque, and good for as long as the thing exists."))]
pub(crate) enum Node {
    /// An alliance.
    Alliance(AllianceObject),
    /// A member.
    Member(schools::MemberObject),
    /// A payer.
    Payer(schools::PayerObject),
    /// A person.
    Person(people::PersonObject),
    /// A budget.
    Budget(funding::BudgetObject),
    /// An invoice.
    Invoice(funding::InvoiceObject),
    /// A payment.
    Payment(funding::PaymentObject),
    /// A mail.
    Delivery(messages::DeliveryObject),
    /// A job of the work queue.
    Job(jobs::JobObject),
}

/// Everything that can be changed. Each takes one input and answers with the object and the errors that the caller can
/// put right.
#[derive(MergedObject, Default)]
pub struct Mutation(
    access::AccessMutation,
    alliances::AlliancesMutation,
    schools::SchoolsMutation,
    people::PeopleMutation,
    funding::BudgetsMutation,
    funding::InvoicesMutation,
    funding::PaymentsMutation,
    jobs::JobsMutation,
    messages::MessagesMutation,
);

#[cfg(test)]
mod tests {
    /// The committed schema is what pages are checked against and what reviewers see change. `UPDATE=1` writes it.
    #[test]
    fn the_committed_schema_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
        let fresh = super::sdl();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == fresh, "schema.graphql is stale: run `UPDATE=1 cargo test -p gateway --lib`");
    }
}
