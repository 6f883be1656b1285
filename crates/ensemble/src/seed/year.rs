//! What happens to the demo's money: budgets, invoices, and what became of each.

use chrono::{Datelike, Days, NaiveDate};
use domain::{
    app::App,
    error::Internal,
    funding::{
        budgets::{
            AddShare, DraftBudget, DraftLine, RecordPurchaseOrder, add_share, agree_budget, draft_budget,
            record_purchase_order,
        },
        formula::{Adjustment, Base, Formula, Rounding, Weight},
        invoices::{
            Chasing, CreditInvoice, DecideChasing, InvoiceFilter, InvoiceRecord, IssueInvoices,
            credit_invoice, decide_chasing, invoices, issue_invoices,
        },
        payments::{
            AllocatePayment, Part, RecordPayment, RefundPayment, allocate_payment, record_payment,
            refund_payment,
        },
        proration::Proration,
        vat::ContributionKind,
    },
    ids::{AllianceId, BudgetId, InvoiceId, PayerId, PaymentId},
    money::{BasisPoints, Pence, UnitPrice},
    page::{MAX_PAGE, PageRequest},
    schools::members::payers,
    viewer::{Reading, Viewer},
};

use super::{World, failed, schools};

/// What becomes of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Paid,
    PaidHalf,
    PaidTooMuch,
    /// Paid twice over, and once sent back.
    PaidTwice(&'static str),
    Unpaid,
    Disputed(&'static str),
    Held(&'static str),
    /// Half is paid, and the rest is not asked for.
    HalfHeld(&'static str),
    /// Credited whole, to be billed again.
    Returned(&'static str),
    /// A tenth is credited, and the rest paid.
    Reduced(&'static str),
}

fn last_year(school: &str) -> Fate {
    match school {
        "Friskney Fen Primary School" => Fate::Unpaid,
        "Langton Hill Primary School" => {
            Fate::PaidTwice("The school and its bank’s standing order both paid.")
        }
        "Irby Beck Primary School" => {
            Fate::HalfHeld("The school pays the rest in instalments, as agreed with its head.")
        }
        _ => Fate::Paid,
    }
}

fn this_year(school: &str) -> Fate {
    match school {
        "Beacon Hill Academy" => Fate::PaidTooMuch,
        "Ashby Lane Primary School"
        | "Greetham Park Primary School"
        | "Marsh Lane Special School"
        | "Orby Meadow Primary School"
        | "Tealby Vale Primary School" => Fate::Unpaid,
        "Harbour View Primary School" => Fate::Reduced("Reception places were counted twice."),
        "Haugham Dale School" => Fate::Held("A new business manager starts next month and asked us to wait."),
        "Quarry Bank Junior School" => {
            Fate::Disputed("The school says that its roll has fallen since the census.")
        }
        "Skendleby Free School" => Fate::Returned("Sent back: it bore no order number. Another follows."),
        "Partney Cross Secondary School" | "Wainfleet Road Primary School" => Fate::PaidHalf,
        _ => Fate::Paid,
    }
}

/// Last year invoiced and nearly all paid; this year in every state; next year a draft.
pub(super) async fn wold_edge(
    world: &World<'_>,
    alliance: AllianceId,
    year_start: NaiveDate,
) -> Result<(), Internal> {
    let viewer = Viewer::machinery(alliance);
    let lines = &[
        ("Co-ordination, 0.6 of a post", 1_980_000),
        ("Facilitators and venues", 840_000),
        ("Joint research projects", 610_000),
        ("County grant", -500_000),
    ];
    let books = Books { world, viewer, lines };
    let today = world.today;

    // By this day of last year, all but the last of the 27 had joined.
    let before = Year::beginning(year_start, -1)?;
    let run = before.starts_on + Days::new(140);
    let budget = books.budget(&before, per_pupil(16_500), run).await?;
    for school in [
        "Eastfield Secondary School",
        "Marsh Lane Special School",
        "Partney Cross Secondary School",
        "Riseholme View Special School",
    ] {
        books.order(budget, school, run).await?;
    }
    books.issue(budget, run).await?;
    books.settle(budget, run, last_year).await?;

    // The main run, and two more for those whose order came later. One school still owes its order.
    let now = Year::beginning(year_start, 0)?;
    let run = (today - Days::new(84)).max(now.starts_on);
    let budget = books.budget(&now, per_pupil(17_500), run).await?;
    books.order(budget, "Harbour View Primary School", run).await?;
    books.issue(budget, run).await?;
    books.settle(budget, run, this_year).await?;
    // A school that joins in the middle of the year has a share of the months that are left.
    let joined_on = run + Days::new(30);
    let joined_on = joined_on.with_day(1).unwrap_or(joined_on);
    let member = schools::late_joiner(world, alliance, joined_on).await?;
    let share = AddShare { budget_id: budget, member_id: member.id };
    add_share(&world.on(joined_on), &books.viewer, share).await.map_err(failed)?;
    let second = today - Days::new(38);
    for school in ["Eastfield Secondary School", "Marsh Lane Special School", "Skendleby Free School"] {
        books.order(budget, school, second).await?;
    }
    books.issue(budget, second).await?;
    let fate = |school: &str| if school == "Skendleby Free School" { Fate::Paid } else { this_year(school) };
    books.settle(budget, second, fate).await?;
    let third = today - Days::new(12);
    for school in ["Partney Cross Secondary School", "Tealby Vale Primary School"] {
        books.order(budget, school, third).await?;
    }
    books.issue(budget, third).await?;
    books.settle(budget, third, this_year).await?;
    let unknown = Received {
        amount: Pence(25_000),
        payer_id: None,
        payer_text: "SCH FUND 4471",
        reference: String::new(),
    };
    books.receive(&world.on(today - Days::new(2)), unknown).await?;

    let next = Year::beginning(year_start, 1)?;
    books.draft(&world.on(today), &next, per_pupil(18_000)).await?;
    Ok(())
}

/// This year invoiced and mostly paid; next year a draft.
pub(super) async fn harbour_coast(
    world: &World<'_>,
    alliance: AllianceId,
    year_start: NaiveDate,
) -> Result<(), Internal> {
    let viewer = Viewer::machinery(alliance);
    let lines = &[
        ("Co-ordinator, two days a week", 1_140_000),
        ("Training and cover", 460_000),
        ("Trust grant", -200_000),
    ];
    let books = Books { world, viewer, lines };
    let fate = |school: &str| match school {
        "Ferry Lane Primary School" => Fate::Unpaid,
        "Jetty Street Primary School" => Fate::PaidHalf,
        _ => Fate::Paid,
    };
    let now = Year::beginning(year_start, 0)?;
    let run = world.today - Days::new(40);
    let budget = books.budget(&now, by_roll(), run).await?;
    books.issue(budget, run).await?;
    books.settle(budget, run, fate).await?;
    let next = Year::beginning(year_start, 1)?;
    books.draft(&world.on(world.today), &next, by_roll()).await?;
    Ok(())
}

fn per_pupil(price: i64) -> Formula {
    let floor = Some(Pence(40_000));
    let base = Base::PerPupil { base_fee: Pence(30_000), per_pupil: UnitPrice(price), floor, cap: None };
    let adjustments = vec![Adjustment::PartYear { by: Proration::ByMonth }];
    Formula { base, adjustments, rounding: Rounding::Penny }
}

fn by_roll() -> Formula {
    let base = Base::PercentageOfBudget { percent: BasisPoints(10_000), weight: Weight::Roll };
    Formula { base, adjustments: Vec::new(), rounding: Rounding::Penny }
}

/// A financial year.
struct Year {
    label: String,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
}

impl Year {
    /// The one that begins `offset` years after `start`.
    fn beginning(start: NaiveDate, offset: i32) -> Result<Self, Internal> {
        let begins =
            |offset: i32| start.with_year(start.year() + offset).ok_or_else(|| Internal::new("no such year"));
        let (starts_on, ends_on) = (begins(offset)?, begins(offset + 1)? - Days::new(1));
        Ok(Self { label: format!("{}-{}", starts_on.year(), ends_on.format("%y")), starts_on, ends_on })
    }
}

/// The money of one alliance.
struct Books<'a> {
    world: &'a World<'a>,
    viewer: Viewer,
    lines: &'static [(&'static str, i64)],
}

struct Received {
    amount: Pence,
    payer_id: Option<PayerId>,
    payer_text: &'static str,
    reference: String,
}

impl Books<'_> {
    async fn draft(&self, app: &App, year: &Year, formula: Formula) -> Result<BudgetId, Internal> {
        let line = |(description, pence): &(&str, i64)| DraftLine {
            description: (*description).into(),
            pence: Pence(*pence),
        };
        let draft = DraftBudget {
            label: year.label.clone(),
            starts_on: year.starts_on,
            ends_on: year.ends_on,
            formula,
            contributions_are: ContributionKind::SharedCosts,
            lines: self.lines.iter().map(line).collect(),
            in_kind_offers: Vec::new(),
            agreed_amounts: Vec::new(),
        };
        Ok(draft_budget(app, &self.viewer, draft).await.map_err(failed)?.id)
    }

    /// A budget drafted and agreed on `date`.
    async fn budget(&self, year: &Year, formula: Formula, date: NaiveDate) -> Result<BudgetId, Internal> {
        let app = self.world.on(date);
        let id = self.draft(&app, year, formula).await?;
        agree_budget(&app, &self.viewer, id).await.map_err(failed)?;
        Ok(id)
    }

    async fn order(&self, budget_id: BudgetId, school: &str, date: NaiveDate) -> Result<(), Internal> {
        let reading = Reading::new(self.world.app.db.clone(), self.viewer.clone());
        let payers = payers(&reading, &PageRequest::first(MAX_PAGE)).await.map_err(Internal::new)?.items;
        drop(reading);
        let at = payers.iter().position(|payer| payer.legal_name == school);
        let at = at.ok_or_else(|| Internal::new("a payer of the demo is missing"))?;
        let order = RecordPurchaseOrder {
            payer_id: payers[at].id,
            budget_id,
            number: format!("PO-{}-{:04}", date.format("%y"), 1_207 + 31 * at),
            requested_by: Some("The school business manager".into()),
        };
        record_purchase_order(&self.world.on(date), &self.viewer, order).await.map_err(failed)
    }

    /// Bills what is not billed yet.
    async fn issue(&self, budget_id: BudgetId, date: NaiveDate) -> Result<(), Internal> {
        let run = IssueInvoices { budget_id, due_on: None, expected: None };
        issue_invoices(&self.world.on(date), &self.viewer, run, None).await.map_err(failed)?;
        Ok(())
    }

    /// The invoices of the run of `date` meet their fates in the days after it.
    async fn settle(
        &self,
        budget: BudgetId,
        date: NaiveDate,
        fate: impl Fn(&str) -> Fate,
    ) -> Result<(), Internal> {
        let decided = self.world.on(date + Days::new(6));
        let paid = self.world.on((date + Days::new(21)).min(self.world.today - Days::new(3)));
        let sent_back = self.world.on(paid.clock.now().date_naive() + Days::new(2));
        let mut paid_whole: Vec<(PayerId, Vec<InvoiceRecord>)> = Vec::new();
        for record in self.issued(budget, date).await? {
            let (invoice, gross) = (record.invoice.id, record.invoice.gross);
            let half = Pence(gross.0 / 2);
            match fate(&record.invoice.member_name) {
                Fate::Unpaid => {}
                Fate::Paid => {
                    match paid_whole.iter_mut().find(|(payer, _)| *payer == record.invoice.payer_id) {
                        Some((_, records)) => records.push(record),
                        None => paid_whole.push((record.invoice.payer_id, vec![record])),
                    }
                }
                Fate::PaidHalf => {
                    self.pay(&paid, half, &[(&record, half)]).await?;
                }
                Fate::PaidTooMuch => {
                    self.pay(&paid, Pence(gross.0 + 5_000), &[(&record, gross)]).await?;
                }
                Fate::PaidTwice(reason) => {
                    let payment = self.pay(&paid, Pence(gross.0 * 2), &[(&record, gross)]).await?;
                    self.refund(&sent_back, payment, (gross, reason)).await?;
                }
                Fate::Disputed(reason) => {
                    self.decide(&decided, invoice, Chasing::Disputed { reason: reason.into() }).await?;
                }
                Fate::Held(reason) => {
                    self.decide(&decided, invoice, Chasing::Held { reason: reason.into() }).await?;
                }
                Fate::HalfHeld(reason) => {
                    self.decide(&decided, invoice, Chasing::Held { reason: reason.into() }).await?;
                    self.pay(&paid, half, &[(&record, half)]).await?;
                }
                Fate::Returned(reason) => self.credit(&decided, invoice, (None, reason)).await?,
                Fate::Reduced(reason) => {
                    let credit = Pence(gross.0 / 10);
                    self.credit(&decided, invoice, (Some(credit), reason)).await?;
                    let rest = Pence(gross.0 - credit.0);
                    self.pay(&paid, rest, &[(&record, rest)]).await?;
                }
            }
        }
        // Whoever pays for several schools sends one payment for all of them.
        for (_, records) in &paid_whole {
            let parts: Vec<_> = records.iter().map(|record| (record, record.invoice.gross)).collect();
            let amount = Pence(parts.iter().map(|(_, gross)| gross.0).sum());
            self.pay(&paid, amount, &parts).await?;
        }
        Ok(())
    }

    async fn issued(&self, budget: BudgetId, date: NaiveDate) -> Result<Vec<InvoiceRecord>, Internal> {
        let reading = Reading::new(self.world.app.db.clone(), self.viewer.clone());
        let filter = InvoiceFilter { budget_id: Some(budget), ..InvoiceFilter::default() };
        let page =
            invoices(&reading, &filter, &PageRequest::first(100), date).await.map_err(Internal::new)?;
        Ok(page.items.into_iter().filter(|record| record.invoice.issued_on == date).collect())
    }

    async fn decide(&self, app: &App, invoice_id: InvoiceId, chasing: Chasing) -> Result<(), Internal> {
        decide_chasing(app, &self.viewer, DecideChasing { invoice_id, chasing }).await.map_err(failed)?;
        Ok(())
    }

    async fn credit(
        &self,
        app: &App,
        invoice_id: InvoiceId,
        (gross, reason): (Option<Pence>, &str),
    ) -> Result<(), Internal> {
        let credit = CreditInvoice { invoice_id, gross, reason: reason.into() };
        credit_invoice(app, &self.viewer, credit, None).await.map_err(failed)?;
        Ok(())
    }

    /// One payment by the payer of these invoices, set against each with its part.
    async fn pay(
        &self,
        app: &App,
        amount: Pence,
        parts: &[(&InvoiceRecord, Pence)],
    ) -> Result<PaymentId, Internal> {
        let numbers: Vec<_> = parts.iter().map(|(record, _)| record.invoice.number.as_str()).collect();
        let received = Received {
            amount,
            payer_id: parts.first().map(|(record, _)| record.invoice.payer_id),
            payer_text: "",
            reference: numbers.join(" "),
        };
        let payment_id = self.receive(app, received).await?;
        let parts = (parts.iter())
            .map(|(record, amount)| Part { invoice_id: record.invoice.id, amount: *amount })
            .collect();
        let allocation = AllocatePayment { payment_id, parts };
        allocate_payment(app, &self.viewer, allocation, None).await.map_err(failed)?;
        Ok(payment_id)
    }

    /// What is free of a payment goes back.
    async fn refund(
        &self,
        app: &App,
        payment_id: PaymentId,
        (amount, reason): (Pence, &str),
    ) -> Result<(), Internal> {
        let sent_on = app.clock.now().date_naive();
        let refund = RefundPayment { payment_id, amount, sent_on, reason: reason.into() };
        refund_payment(app, &self.viewer, refund, None).await.map_err(failed)?;
        Ok(())
    }

    async fn receive(&self, app: &App, received: Received) -> Result<PaymentId, Internal> {
        let payment = RecordPayment {
            received_on: app.clock.now().date_naive(),
            amount: received.amount,
            payer_id: received.payer_id,
            payer_text: received.payer_text.into(),
            reference: received.reference,
            method: "bacs".into(),
        };
        record_payment(app, &self.viewer, payment, None).await.map_err(failed)
    }
}
