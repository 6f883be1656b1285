//! The demo: a fictional alliance of 27 schools and a second of 11, with people and a year of contributions. The same
//! whenever it is made, but for its dates, which lie around today. No name in it is a real person's.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use domain::{
    access::EmailAddress,
    alliances::{
        Alliance, BankAccount, FoundAlliance, FoundingPerson, Letterhead, SupplierKind, Template, Terms,
        Wording, found_alliance,
    },
    app::{App, Clock, Rng, Timestamp},
    error::Internal,
    funding::{
        budgets::{DraftBudget, DraftLine, agree_budget, draft_budget},
        formula::{Adjustment, Base, Formula, Rounding},
        invoices::{
            Chasing, DecideChasing, InvoiceFilter, IssueInvoices, decide_chasing, invoices, issue_invoices,
        },
        payments::{AllocatePayment, Part, RecordPayment, allocate_payment, record_payment},
        proration::Proration,
    },
    ids::{AllianceId, PayerId},
    money::{Pence, UnitPrice},
    page::PageRequest,
    people::{AddPerson, NewPost, add_person},
    problem::Failure,
    schools::members::{
        AddMember, MemberIdentity, PayerChoice, PayerDetails, PayerKind, Phase, PurchaseOrderRule,
        RecordRoll, add_member, record_roll,
    },
    viewer::{Reading, Role, Viewer},
};

/// A person of the demo who can sign in.
pub struct DemoPerson {
    /// Where the code goes.
    pub email: &'static str,
    /// What they do.
    pub role: &'static str,
}

/// Who can sign in to the demo.
#[must_use]
pub fn people() -> [DemoPerson; 5] {
    [
        DemoPerson { email: "ruth.adeyemi@woldedge.example", role: "director of Wold Edge Alliance" },
        DemoPerson { email: "owen.tarrant@woldedge.example", role: "manager of Wold Edge Alliance" },
        DemoPerson { email: "dana.whitlock@woldedge.example", role: "finance lead of Wold Edge Alliance" },
        DemoPerson { email: "head@fenside-infant.example", role: "head of Fenside Infant School" },
        DemoPerson { email: "finance@harbourcoast.example", role: "director of Harbour Coast Partnership" },
    ]
}

/// Name, phase, pupils, and who pays.
type School = (&'static str, Phase, u32, Pays);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pays {
    Itself,
    Trust,
    NeedsOrder,
}

const WOLD_EDGE: [School; 27] = {
    use Pays::{Itself, NeedsOrder, Trust};
    use Phase::{AllThrough, Infant, Junior, Nursery, Primary, Secondary, Special};
    [
        ("Beacon Hill Academy", Secondary, 1184, Itself),
        ("Fenside Infant School", Infant, 171, Itself),
        ("Harbour View Primary School", Primary, 402, Itself),
        ("Holbeck St Botolph's Church of England Primary School and Nursery", Primary, 214, Itself),
        ("Marsh Lane Special School", Special, 96, NeedsOrder),
        ("Northgate Primary Academy", Primary, 412, Trust),
        ("Northgate Junior Academy", Junior, 288, Trust),
        ("Northgate High School", Secondary, 1226, Trust),
        ("Quarry Bank Junior School", Junior, 256, Itself),
        ("Wainfleet Road Primary School", Primary, 388, Itself),
        ("Ashby Lane Primary School", Primary, 187, Itself),
        ("Barrow Mere Primary School", Primary, 305, Itself),
        ("Candlesby Infant School", Infant, 134, Itself),
        ("Driby Top Nursery School", Nursery, 61, Itself),
        ("Eastfield Secondary School", Secondary, 902, Itself),
        ("Friskney Fen Primary School", Primary, 142, Itself),
        ("Greetham Park Primary School", Primary, 421, Itself),
        ("Haugham Dale School", AllThrough, 1310, Itself),
        ("Irby Beck Primary School", Primary, 98, Itself),
        ("Keddington Green Infant School", Infant, 166, Itself),
        ("Langton Hill Primary School", Primary, 233, Itself),
        ("Mavis Lane Junior School", Junior, 241, Itself),
        ("Orby Meadow Primary School", Primary, 199, Itself),
        ("Partney Cross Secondary School", Secondary, 764, Itself),
        ("Riseholme View Special School", Special, 118, NeedsOrder),
        ("Skendleby Free School", Primary, 157, Itself),
        ("Tealby Vale Primary School", Primary, 276, Itself),
    ]
};

const HARBOUR_COAST: [School; 11] = {
    use Pays::Itself;
    use Phase::{Infant, Junior, Primary, Secondary};
    [
        ("Anchor Road Primary School", Primary, 310, Itself),
        ("Breakwater Academy", Secondary, 988, Itself),
        ("Cliff End Primary School", Primary, 205, Itself),
        ("Driftwood Infant School", Infant, 150, Itself),
        ("Estuary Junior School", Junior, 244, Itself),
        ("Ferry Lane Primary School", Primary, 178, Itself),
        ("Groyne Park Primary School", Primary, 402, Itself),
        ("Headland Secondary School", Secondary, 1105, Itself),
        ("Jetty Street Primary School", Primary, 221, Itself),
        ("Lantern Bay Primary School", Primary, 167, Itself),
        ("Mooring Hill Junior School", Junior, 259, Itself),
    ]
};

fn failed(failure: impl Into<Failure>) -> Internal {
    match failure.into() {
        Failure::Internal(error) => error,
        Failure::Forbidden => Internal::new("the demo asked for what it may not"),
        Failure::Problem(problem) => Internal::new(problem.message),
    }
}

/// The demo's world as of a day: the same database, with a clock that stands still there.
fn on(app: &App, rng: &Rng, date: NaiveDate) -> App {
    let noon: Timestamp = DateTime::from_naive_utc_and_offset(date.and_time(chrono::NaiveTime::MIN), Utc)
        + TimeDelta::hours(10);
    App { clock: Clock::from_fn(move || noon), rng: rng.clone(), ..app.clone() }
}

/// Makes the demo, unless its alliance is there. Returns whether it was made.
pub async fn seed(app: &App) -> Result<bool, Internal> {
    let rng = Rng::seeded(20_261_124);
    let today = app.clock.now().date_naive();
    let start_year = if today.month() >= 9 { today.year() } else { today.year() - 1 };
    let year_start =
        NaiveDate::from_ymd_opt(start_year, 9, 1).ok_or_else(|| Internal::new("no such year"))?;
    let founded = on(app, &rng, year_start - Days::new(400));
    let Some(wold_edge) = found(&founded, "wold-edge", "Wold Edge Alliance", "WEA-").await? else {
        return Ok(false);
    };
    members(&founded, wold_edge, &WOLD_EDGE).await?;
    contributions(app, &rng, wold_edge, (year_start, today)).await?;
    if let Some(harbour) = found(&founded, "harbour-coast", "Harbour Coast Partnership", "HCP-").await? {
        members(&founded, harbour, &HARBOUR_COAST).await?;
    }
    Ok(true)
}

async fn found(app: &App, slug: &str, name: &str, prefix: &str) -> Result<Option<AllianceId>, Internal> {
    let founding = |name: &str, email: &str, role| {
        let email = EmailAddress::parse(email).map_err(Internal::new)?;
        Ok::<_, Internal>(FoundingPerson { name: name.into(), email, role })
    };
    let (people, contact) = if slug == "wold-edge" {
        let people = vec![
            founding("Ruth Adeyemi", "ruth.adeyemi@woldedge.example", Role::Director)?,
            founding("Owen Tarrant", "owen.tarrant@woldedge.example", Role::Manager)?,
            founding("Dana Whitlock", "dana.whitlock@woldedge.example", Role::FinanceLead)?,
        ];
        (people, "contributions@woldedge.example")
    } else {
        let people = vec![founding("Iris Polgreen", "finance@harbourcoast.example", Role::Director)?];
        (people, "finance@harbourcoast.example")
    };
    let alliance = Alliance {
        id: AllianceId(uuid::Uuid::nil()),
        slug: slug.into(),
        name: name.into(),
        letterhead: Letterhead {
            legal_name: format!("{name} Ltd by guarantee"),
            address: "The Old Schoolhouse\n4 Church Lane\nWold Edge\nLN99 4AB".into(),
            contact_email: contact.into(),
            vat_number: None,
            bank: BankAccount { name: name.into(), sort_code: "12-34-56".into(), number: "12345678".into() },
        },
        terms: Terms {
            supplier_kind: SupplierKind::EducationBody,
            timezone: chrono_tz::Europe::London,
            year_start_month: 9,
            payment_terms_days: 30,
            invoice_prefix: prefix.into(),
            credit_prefix: format!("{prefix}C"),
        },
        wording: Wording::default(),
    };
    let template = Template::TeachingSchoolAlliance;
    match found_alliance(app, FoundAlliance { alliance, template, closures: Vec::new(), people }).await {
        Ok(id) => Ok(Some(id)),
        Err(domain::alliances::FoundAllianceError::SlugTaken) => Ok(None),
        Err(error) => Err(Internal::new(error)),
    }
}

/// `Fenside Infant School` as `fenside-infant`, for its addresses.
fn short(name: &str) -> String {
    let words: Vec<_> =
        name.split(' ').filter(|word| !matches!(*word, "School" | "Academy")).take(2).collect();
    words.join("-").to_lowercase().replace('\'', "")
}

async fn members(app: &App, alliance: AllianceId, schools: &[School]) -> Result<(), Internal> {
    let viewer = Viewer::machinery(alliance);
    let today = app.clock.now().date_naive();
    let mut trust: Option<PayerId> = None;
    for (name, phase, pupils, pays) in schools.iter().copied() {
        let payer = match (pays, trust) {
            (Pays::Trust, Some(id)) => PayerChoice::Existing(id),
            (Pays::Trust, None) => {
                PayerChoice::New(payer("Northgate Learning Trust", PayerKind::Trust, pays))
            }
            _ => PayerChoice::New(payer(name, PayerKind::School, pays)),
        };
        let identity = MemberIdentity::Outside { name: name.into(), phase };
        let member = add_member(app, &viewer, AddMember { identity, joined_on: today, payer })
            .await
            .map_err(failed)?;
        if pays == Pays::Trust {
            trust = Some(member.payer_id);
        }
        let roll = RecordRoll {
            member_id: member.id,
            pupils,
            census_date: today,
            source: "told by the office".into(),
        };
        record_roll(app, &viewer, roll).await.map_err(failed)?;
        let head = AddPerson {
            name: format!("Head of {}", short(name).replace('-', " ")),
            email: Some(format!("head@{}.example", short(name))),
            post: Some(NewPost { member_id: member.id, title: "Head".into(), starts_on: None }),
            role: Some(Role::SchoolHead),
        };
        add_person(app, &viewer, head).await.map_err(failed)?;
    }
    Ok(())
}

fn payer(name: &str, kind: PayerKind, pays: Pays) -> PayerDetails {
    PayerDetails {
        kind,
        legal_name: name.into(),
        address: "Station Road\nWold Edge\nLN99 1AA".into(),
        accounts_email: Some(format!("accounts@{}.example", short(name))),
        purchase_order: match pays {
            Pays::NeedsOrder => PurchaseOrderRule::Required,
            Pays::Itself | Pays::Trust => PurchaseOrderRule::Requested,
        },
        finance_contact_id: None,
    }
}

fn formula(per_pupil: i64) -> Formula {
    let floor = Some(Pence(40_000));
    let base = Base::PerPupil { base_fee: Pence(30_000), per_pupil: UnitPrice(per_pupil), floor, cap: None };
    let adjustments = vec![Adjustment::PartYear { by: Proration::ByMonth }];
    Formula { base, adjustments, rounding: Rounding::Penny }
}

/// Last year agreed; this year agreed, invoiced and partly paid; next year a draft.
async fn contributions(
    app: &App,
    rng: &Rng,
    alliance: AllianceId,
    (year_start, today): (NaiveDate, NaiveDate),
) -> Result<(), Internal> {
    let viewer = Viewer::machinery(alliance);
    let year = |offset: i32| -> Option<(NaiveDate, NaiveDate)> {
        let start = year_start.with_year(year_start.year() + offset)?;
        Some((start, start.with_year(start.year() + 1)? - Days::new(1)))
    };
    let mut current = None;
    for (offset, per_pupil) in [(-1, 16_500), (0, 17_500), (1, 18_000)] {
        let (starts_on, ends_on) = year(offset).ok_or_else(|| Internal::new("no such year"))?;
        let world = on(app, rng, starts_on.min(today));
        let line =
            |description: &str, pence| DraftLine { description: description.into(), pence: Pence(pence) };
        let draft = DraftBudget {
            label: format!("{}-{}", starts_on.year(), ends_on.format("%y")),
            starts_on,
            ends_on,
            formula: formula(per_pupil),
            lines: vec![
                line("Co-ordination, 0.6 of a post", 1_980_000),
                line("Facilitators and venues", 840_000),
                line("Joint research projects", 610_000),
                line("County grant", -500_000),
            ],
            in_kind_offers: Vec::new(),
        };
        let budget = draft_budget(&world, &viewer, draft).await.map_err(failed)?;
        if offset < 1 {
            agree_budget(&world, &viewer, budget.id).await.map_err(failed)?;
        }
        if offset == 0 {
            current = Some(budget.id);
        }
    }
    let Some(budget_id) = current else { return Ok(()) };
    let issued = on(app, rng, (today - Days::new(56)).max(year_start));
    let run = IssueInvoices { budget_id, due_on: None, expected: None };
    issue_invoices(&issued, &viewer, run, None).await.map_err(failed)?;

    let reading = Reading::new(app.db.clone(), viewer.clone());
    let page = invoices(&reading, &InvoiceFilter::default(), &PageRequest::first(100), today).await;
    let page = page.map_err(Internal::new)?;
    drop(reading);
    let paying = on(app, rng, today - Days::new(20));
    for (at, record) in page.items.iter().enumerate() {
        let whole = record.invoice.gross;
        // Most have paid; every sixth is late, every ninth has paid half, and one questions its invoice.
        let amount = match at {
            4 => {
                let reason = "The school says that its roll has fallen since the census.".into();
                let decision =
                    DecideChasing { invoice_id: record.invoice.id, chasing: Chasing::Disputed { reason } };
                decide_chasing(&paying, &viewer, decision).await.map_err(failed)?;
                continue;
            }
            at if at % 6 == 1 => continue,
            at if at % 9 == 2 => Pence(whole.0 / 2),
            _ => whole,
        };
        let payment = RecordPayment {
            received_on: today - Days::new(20),
            amount,
            payer_id: Some(record.invoice.payer_id),
            payer_text: String::new(),
            reference: record.invoice.number.clone(),
            method: "bacs".into(),
        };
        let payment_id = record_payment(&paying, &viewer, payment, None).await.map_err(failed)?;
        let parts = vec![Part { invoice_id: record.invoice.id, amount }];
        allocate_payment(&paying, &viewer, AllocatePayment { payment_id, parts }, None)
            .await
            .map_err(failed)?;
    }
    Ok(())
}
