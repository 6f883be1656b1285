//! The alliance: all tenant data hangs below it.

mod add_closure;
mod add_strand;
mod assign_task;
mod call_off_deletion;
mod change_closure;
mod change_settings;
mod closures;
mod deletion;
mod export;
mod found_alliance;
mod me;
mod remove_closure;
mod remove_strand;
mod rename_strand;
mod request_deletion;
mod request_export;
mod resume_task;
mod roles;
mod set_task_aside;
mod set_term_dates;
mod set_up;
mod settings;
mod strands;
mod term_dates;

pub(crate) use roles::{PermissionEnum, RoleEnum};
pub(crate) use settings::{LetterheadObject, SupplierKindEnum};
pub(crate) use strands::StrandObject;

use std::sync::Arc;

use async_graphql::{ID, MergedObject, Object, Result};
use domain::{alliances, viewer};

use super::{
    access,
    context::Inside,
    errors, funding,
    ids::{self, Kind},
    jobs, messages, people,
    scalars::{Date, Formula},
    schools,
};

use closures::{ClosedDaysObject, ClosureObject};
use export::ExportObject;
use me::MeObject;
use roles::{RoleTableObject, role_table};
use settings::{TermsObject, WordingObject};

#[derive(MergedObject, Default)]
pub(crate) struct AlliancesMutation(
    found_alliance::FoundAllianceMutation,
    change_settings::ChangeSettingsMutation,
    add_closure::AddClosureMutation,
    change_closure::ChangeClosureMutation,
    remove_closure::RemoveClosureMutation,
    add_strand::AddStrandMutation,
    rename_strand::RenameStrandMutation,
    remove_strand::RemoveStrandMutation,
    set_term_dates::SetTermDatesMutation,
    assign_task::AssignTaskMutation,
    set_task_aside::SetTaskAsideMutation,
    resume_task::ResumeTaskMutation,
    request_export::RequestExportMutation,
    request_deletion::RequestDeletionMutation,
    call_off_deletion::CallOffDeletionMutation,
);

/// An alliance of schools, as you may see it.
pub(crate) struct AllianceObject(pub(crate) Arc<Inside>);

#[Object(name = "Alliance")]
impl AllianceObject {
    /// Opaque, and good for as long as the alliance exists.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Alliance, self.0.id(), self.0.id().0)
    }

    /// Its part of the address.
    async fn slug(&self) -> &str {
        &self.0.alliance.slug
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.alliance.name
    }

    /// The alliance's date now.
    async fn today(&self) -> Date {
        self.0.today.into()
    }

    /// Who issues its invoices.
    async fn letterhead(&self) -> LetterheadObject {
        self.0.alliance.letterhead.clone().into()
    }

    /// How it raises contributions.
    async fn terms(&self) -> TermsObject {
        let terms = &self.0.alliance.terms;
        TermsObject {
            supplier_kind: terms.supplier_kind.into(),
            timezone: terms.timezone.name().to_owned(),
            year_start_month: i32::try_from(terms.year_start_month).unwrap_or(9),
            payment_terms_days: terms.payment_terms_days.into(),
            invoice_prefix: terms.invoice_prefix.clone(),
            credit_prefix: terms.credit_prefix.clone(),
        }
    }

    /// Whether it waits to be confirmed: until then its mail goes to its own team only.
    async fn is_on_trial(&self) -> bool {
        !self.0.alliance.is_confirmed
    }

    /// Whether whoever has no second step at sign-in may not enter.
    async fn requires_second_step(&self) -> bool {
        self.0.alliance.requires_second_step
    }

    /// Its local words.
    async fn wording(&self) -> WordingObject {
        let words = self.0.alliance.wording.clone();
        WordingObject { alliance: words.alliance, member: words.member, strand: words.strand }
    }

    /// You, in this alliance.
    async fn me(&self) -> MeObject {
        let viewer = self.0.viewer();
        MeObject {
            inside: Arc::clone(&self.0),
            name: self.0.entered.person_name.clone(),
            roles: viewer.grants().iter().map(|grant| grant.role.into()).collect(),
            permissions: viewer::Permission::all().filter(|one| viewer.may(*one)).map(Into::into).collect(),
        }
    }

    /// The parts of its work.
    async fn strands(&self) -> Result<Vec<StrandObject>> {
        let strands = alliances::strands(&self.0.reading).await.map_err(errors::read)?;
        Ok(strands.into_iter().map(|strand| StrandObject::of(self.0.id(), strand)).collect())
    }

    /// Days on which its schools are closed, from today on.
    async fn closures(&self) -> Result<Vec<ClosureObject>> {
        let closures = alliances::closures(&self.0.reading, self.0.today).await.map_err(errors::read)?;
        Ok(closures.into_iter().map(|closure| ClosureObject::of(self.0.id(), closure)).collect())
    }

    /// Days from today on on which its schools are closed, whoever said so: a closure, or two terms with days between them.
    async fn closed_days(&self) -> Result<Vec<ClosedDaysObject>> {
        let closed = alliances::closed_days(&self.0.reading, self.0.today).await.map_err(errors::read)?;
        Ok(closed.into_iter().map(Into::into).collect())
    }

    /// The steps by which it is set up, in order: for whoever manages it every one, for others those that are theirs.
    async fn set_up_tasks(&self) -> Result<Vec<set_up::SetUpTaskObject>> {
        set_up::set_up_tasks(&self.0).await
    }

    /// When its schools are open, by date.
    async fn term_dates(
        &self,
        #[graphql(
            desc = "From the beginning of this school year on, 2026 for 2026-27; without it, those that are not over."
        )]
        since: Option<i32>,
    ) -> Result<Vec<term_dates::TermObject>> {
        term_dates::term_dates(&self.0, since).await
    }

    /// Terms to begin a school year with: those that the local authority of the lead school publishes, else a usual year.
    /// For whoever manages the alliance.
    async fn proposed_terms(&self, school_year: i32) -> Result<term_dates::ProposedTermsObject> {
        term_dates::proposed_terms(&self.0, school_year).await
    }

    /// Its members, by name. Without `on`, those of today.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    async fn members(
        &self,
        #[graphql(desc = "Part of the name.")] name: Option<String>,
        phase: Option<schools::PhaseEnum>,
        #[graphql(desc = "Members on this day.")] on: Option<Date>,
        #[graphql(desc = "Only those who lack this.")] without: Option<schools::LackEnum>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<schools::MemberConnection> {
        let filter = domain::schools::members::MemberFilter {
            name: name.filter(|name| !name.trim().is_empty()).map(|name| name.trim().to_owned()),
            phase: phase.map(Into::into),
            on: Some(on.map_or(self.0.today, |date| date.0)),
            without: without.map(Into::into),
        };
        schools::members(&self.0, filter, first, after.as_deref()).await
    }

    /// The member that leads it today; null when none was ever named.
    async fn lead_school(&self) -> Result<Option<schools::MemberObject>> {
        let lead = domain::schools::members::lead_school(&self.0.reading, self.0.today).await;
        match lead.map_err(errors::read)? {
            None => Ok(None),
            Some(id) => self.0.member(id).await,
        }
    }

    /// One member by its id.
    async fn member(&self, id: ID) -> Result<Option<schools::MemberObject>> {
        self.0.member(domain::ids::MemberId(ids::local(Kind::Member, self.0.id(), &id))).await
    }

    /// One payer by its id.
    async fn payer(&self, id: ID) -> Result<Option<schools::PayerObject>> {
        self.0.payer(domain::ids::PayerId(ids::local(Kind::Payer, self.0.id(), &id))).await
    }

    /// Who settles invoices, by name.
    async fn payers(
        &self,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<schools::PayerConnection> {
        schools::payers(&self.0, first, after.as_deref()).await
    }

    /// A school of the national register by its number.
    async fn register_school(&self, urn: i32) -> Result<Option<schools::RegisterSchoolObject>> {
        self.0.register_school(urn).await
    }

    /// Whether the national register is on this server; without it, schools are added by name.
    async fn register_is_loaded(&self) -> Result<bool> {
        domain::schools::register_is_loaded(&self.0.reading).await.map_err(errors::read)
    }

    /// At most 20 schools of the national register of which every word of `text` begins a word of the name, town,
    /// postcode or local authority, or is the number. Those of the local authorities where members are come first,
    /// closed ones last.
    async fn register_schools(&self, text: String) -> Result<Vec<schools::RegisterSchoolObject>> {
        schools::register_schools(&self.0, &text).await
    }

    /// What the register says has become of the school of a number by today, old as it may be: itself, whatever came
    /// after it, or several where it was split. None when the number is not known.
    async fn todays_schools(&self, urn: i32) -> Result<Vec<schools::LinkedSchoolObject>> {
        self.0.todays_schools(urn).await
    }

    /// The schools that the school of a number has come from, the nearest first.
    async fn former_schools(&self, urn: i32) -> Result<Vec<schools::LinkedSchoolObject>> {
        self.0.former_schools(urn).await
    }

    /// People, by name.
    async fn people(
        &self,
        #[graphql(desc = "Part of the name.")] name: Option<String>,
        #[graphql(desc = "A role that they hold today.")] role: Option<RoleEnum>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<people::PersonConnection> {
        let filter = domain::people::PersonFilter {
            name: name.filter(|name| !name.trim().is_empty()).map(|name| name.trim().to_owned()),
            role: role.map(Into::into),
            on: self.0.today,
        };
        people::people(&self.0, filter, first, after.as_deref()).await
    }

    /// One person by their id.
    async fn person(&self, id: ID) -> Result<Option<people::PersonObject>> {
        self.0.person(domain::ids::PersonId(ids::local(Kind::Person, self.0.id(), &id))).await
    }

    /// Who was invited, the open invitations first and of each the newest first, at most 200; null when that is not yours to see.
    async fn invitations(&self) -> Result<Option<Vec<people::InvitationObject>>> {
        people::invitations(&self.0).await
    }

    /// Who may do what, and who gives which role: the same in every alliance.
    async fn role_table(&self) -> RoleTableObject {
        role_table()
    }

    /// Every budget, the newest year first.
    async fn budgets(
        &self,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<funding::BudgetConnection> {
        funding::budgets(&self.0, first, after.as_deref()).await
    }

    /// One budget by its id.
    async fn budget(&self, id: ID) -> Result<Option<funding::BudgetObject>> {
        self.0.budget(domain::ids::BudgetId(ids::local(Kind::Budget, self.0.id(), &id))).await
    }

    /// What each member would pay by the budget's formula, and by another that is tried. Nothing is stored; null when
    /// the shares of others are not yours to see.
    async fn simulate(
        &self,
        budget_id: ID,
        formula: Option<Formula>,
    ) -> Result<Option<funding::SimulationPayload>> {
        if !self.0.viewer().may(viewer::Permission::SeeMoney) {
            return Ok(None);
        }
        let id = domain::ids::BudgetId(ids::local(Kind::Budget, self.0.id(), &budget_id));
        funding::simulate(&self.0, id, formula).await.map(Some)
    }

    /// What an invoice run for a budget would do today. Nothing is stored.
    async fn plan_run(&self, budget_id: ID) -> Result<funding::PlanRunPayload> {
        let id = domain::ids::BudgetId(ids::local(Kind::Budget, self.0.id(), &budget_id));
        funding::plan_run(&self.0, id).await
    }

    /// Invoices, the newest first.
    async fn invoices(
        &self,
        filter: Option<funding::InvoiceFilterInput>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<funding::InvoiceConnection> {
        funding::invoices(&self.0, filter.unwrap_or_default(), first, after.as_deref()).await
    }

    /// How many invoices a filter finds, and what they come to.
    async fn invoice_totals(
        &self,
        filter: Option<funding::InvoiceFilterInput>,
    ) -> Result<funding::InvoiceTotalsObject> {
        funding::invoice_totals(&self.0, filter.unwrap_or_default()).await
    }

    /// One invoice by its id.
    async fn invoice(&self, id: ID) -> Result<Option<funding::InvoiceObject>> {
        self.0.invoice(domain::ids::InvoiceId(ids::local(Kind::Invoice, self.0.id(), &id))).await
    }

    /// The shares of each agreed budget that are not invoiced because their payer's order number is missing.
    async fn awaited_orders(&self) -> Result<Vec<funding::AwaitedOrdersObject>> {
        funding::awaited_orders(&self.0).await
    }

    /// What each payer owes today, by age.
    async fn aged_debt(&self) -> Result<Vec<funding::AgedPayerObject>> {
        funding::aged_debt(&self.0).await
    }

    /// Money received, the newest first.
    async fn payments(
        &self,
        filter: Option<funding::PaymentFilterInput>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<funding::PaymentConnection> {
        funding::payments(&self.0, filter.unwrap_or_default(), first, after.as_deref()).await
    }

    /// How many payments there are, and what they come to.
    async fn payment_totals(
        &self,
        filter: Option<funding::PaymentFilterInput>,
    ) -> Result<funding::PaymentTotalsObject> {
        funding::payment_totals(&self.0, filter.unwrap_or_default()).await
    }

    /// One payment by its id.
    async fn payment(&self, id: ID) -> Result<Option<funding::PaymentObject>> {
        self.0.payment(domain::ids::PaymentId(ids::local(Kind::Payment, self.0.id(), &id))).await
    }

    /// When payers are reminded, in days from the due date.
    async fn reminder_levels(&self) -> Result<Vec<i32>> {
        let levels =
            domain::funding::reminders::reminder_levels(&self.0.reading).await.map_err(errors::read)?;
        Ok(levels.into_iter().map(i32::from).collect())
    }

    /// Who is reminded of what on a day, if nothing changes until then: by default on the next day after today on which
    /// reminders go. Nothing is stored.
    async fn planned_reminders(&self, on: Option<Date>) -> Result<funding::PlannedRemindersObject> {
        funding::planned_reminders(&self.0, on.map(|on| on.0)).await
    }

    /// One mail by its id.
    async fn delivery(&self, id: ID) -> Result<Option<messages::DeliveryObject>> {
        messages::delivery(&self.0, domain::ids::DeliveryId(ids::local(Kind::Delivery, self.0.id(), &id)))
            .await
    }

    /// Mails, the newest first.
    async fn deliveries(
        &self,
        state: Option<messages::DeliveryStateEnum>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<messages::DeliveryConnection> {
        messages::deliveries(&self.0, state, first, after.as_deref()).await
    }

    /// The work queue, the newest first.
    async fn jobs(
        &self,
        state: Option<jobs::JobStateEnum>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<jobs::JobConnection> {
        jobs::jobs(&self.0, state, first, after.as_deref()).await
    }

    /// What was changed, by whom and from where, the newest first.
    async fn audit_records(
        &self,
        #[graphql(desc = "What this person did.")] person_id: Option<ID>,
        #[graphql(desc = "About things that are called so, such as \"member\"; see `AuditChange.about`.")]
        about: Option<String>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<access::AuditConnection> {
        access::audit_records(&self.0, person_id, about, first, after.as_deref()).await
    }

    /// The newest 50 exports of everything that it holds; null when that is not yours to see.
    async fn exports(&self) -> Result<Option<Vec<ExportObject>>> {
        export::exports(&self.0).await
    }

    /// Its deletion, while one is under way; null when that is not yours to see.
    async fn deletion(&self) -> Result<Option<deletion::DeletionObject>> {
        deletion::deletion(&self.0).await
    }

    /// How many mails are in each state; states without mails are left out. Null when that is not yours to see.
    async fn delivery_counts(&self) -> Result<Option<Vec<messages::DeliveryCount>>> {
        if !self.0.viewer().may(viewer::Permission::SeeMessages) {
            return Ok(None);
        }
        messages::delivery_counts(&self.0).await.map(Some)
    }

    /// How many jobs were given up and wait for somebody's decision. Null when that is not yours to see.
    async fn parked_jobs(&self) -> Result<Option<i64>> {
        if !self.0.viewer().may(viewer::Permission::ManageJobs) {
            return Ok(None);
        }
        jobs::parked_jobs(&self.0).await.map(Some)
    }
}
