//! Two alliances of the same shape, each with something of everything, so that whatever one of them must not see of the
//! other is there to be seen.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use domain::{
    access::EmailAddress,
    alliances::{
        Alliance, BankAccount, FoundAlliance, FoundingPerson, Letterhead, SupplierKind, Template, Terms,
        Wording,
        exports::request_export,
        found_alliance,
        set_up::{AssignTask, Task, assign_task, set_task_aside},
        strands,
        terms::{SchoolYear, SetTermDates, Term, set_term_dates},
    },
    app::{App, Clock},
    funding::{
        budgets::{
            AgreedAmount, DraftBudget, DraftInKindOffer, DraftLine, RecordPurchaseOrder, agree_budget,
            draft_budget, record_purchase_order,
        },
        formula::{Adjustment, Base, Formula, Rounding},
        invoices::{
            Chasing, DecideChasing, InvoiceFilter, IssueInvoices, OverrideVat, decide_chasing, invoices,
            issue_invoices, override_vat,
        },
        payments::{
            AllocatePayment, ChangePayerOfPayment, ImportBankStatement, Part, RecordPayment, RefundPayment,
            ReverseAllocation, ReversePayment, ReverseRefund, allocate_payment, allocations_of_payments,
            change_payer_of_payment, import_bank_statement, record_payment, refund_payment,
            refunds_of_payments, reverse_allocation, reverse_payment, reverse_refund,
        },
        proration::Proration,
        vat::{ContributionKind, VatTreatment},
    },
    ids::{AllianceId, BudgetId, InvoiceId, MemberId, PayerId, PersonId},
    money::{Pence, UnitPrice},
    page::PageRequest,
    people::{
        self, AddPerson, GrantRole, NewPost, PersonFilter, add_person, grant_role,
        invitations::{Invite, invite},
    },
    schools::members::{
        AddMember, ChangePayer, EndMembership, MemberIdentity, PayerChoice, PayerDetails, PayerKind, Phase,
        PurchaseOrderRule, RecordRoll, SetLeadSchool, add_member, change_payer, end_membership, record_roll,
        set_lead_school,
    },
    viewer::{Reading, RemitKind, Role, Viewer},
};
use gateway::schema::ids::{Kind, encode};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::{TestApp, postgres::Server};

/// The alliances' short addresses. People sign in as `director@fenland.example` and so on, one for each of [`ROLES`]; those
/// of a school are of Alder Primary School, which both alliances have, and the strand lead leads the last strand.
pub const FENLAND: &str = "fenland";
/// The other one.
pub const HARBOUR: &str = "harbour";

/// The one school of the national register, which nobody has for a member.
pub const URN: i32 = 999_990;

/// Tuesday 24 November 2026.
pub const TODAY: NaiveDate = day(2026, 11, 24);

/// Every role, with the name before the `@` of who holds it.
pub const ROLES: [(Role, &str); Role::ALL.len()] = [
    (Role::Director, "director"),
    (Role::Manager, "manager"),
    (Role::StrandLead, "strand"),
    (Role::FinanceLead, "finance"),
    (Role::BoardMember, "board"),
    (Role::SchoolHead, "head"),
    (Role::SchoolBusinessManager, "business"),
    (Role::CpdLeader, "cpd"),
    (Role::StaffMember, "staff"),
    (Role::SpecialistLeader, "specialist"),
    (Role::Trainee, "trainee"),
    (Role::Mentor, "mentor"),
    (Role::PeerReviewer, "reviewer"),
];

/// Those who are there from the first day.
const FOUNDERS: [Role; 3] = [Role::Director, Role::Manager, Role::FinanceLead];

/// Name, phase, pupils, who pays, whether it needs a purchase order. Each contributes £300 and £1.75 a pupil.
const MEMBERS: [(&str, Phase, u32, Payer); 6] = [
    ("Alder Primary School", Phase::Primary, 300, Payer::Itself),
    ("Birch Infant School", Phase::Infant, 120, Payer::Itself),
    ("Cedar Secondary School", Phase::Secondary, 1000, Payer::Itself),
    ("Dogwood Academy", Phase::Primary, 400, Payer::Trust),
    ("Elm Academy", Phase::Junior, 200, Payer::Trust),
    ("Fir Special School", Phase::Special, 90, Payer::ItselfByOrder),
];

/// A seventh member, of 1 November 2026 to 31 July 2027, which has no share of this year's budget.
pub const JOINER: &str = "Holly Nursery School";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Payer {
    Itself,
    Trust,
    ItselfByOrder,
}

/// A day that exists.
pub const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// Ten in the morning of [`TODAY`].
pub fn now() -> DateTime<Utc> {
    Utc.from_utc_datetime(&TODAY.and_hms_opt(10, 0, 0).unwrap())
}

/// The database with the fixture, to be copied.
pub async fn database() -> &'static str {
    static DATABASE: OnceCell<String> = OnceCell::const_new();
    DATABASE.get_or_init(async || build(&Server::shared()).await).await
}

/// A new database with the fixture. Returns its name.
pub async fn build(server: &Server) -> String {
    let name = server.new_database().await;
    let world = TestApp::at(server.clone(), name.clone()).await;
    for slug in [FENLAND, HARBOUR] {
        alliance(&world, slug).await;
    }
    register(&world).await;
    for table in ["sessions", "sign_in_codes"] {
        let clear = format!("delete from {table}");
        sqlx::query(sqlx::AssertSqlSafe(clear)).execute(&world.owner).await.unwrap();
    }
    world.app.db.close().await;
    world.owner.close().await;
    name
}

async fn register(world: &TestApp) {
    let school =
        "insert into schools (urn, name, local_authority_code, local_authority_name, type_code, status_code,
                                       town, postcode, search_text)
                  values ($1, 'Ivy Primary School', 998, 'Ivy County', 1, 1, 'Ivybridge', 'LN99 5CD',
                          'ivy primary school ivybridge ln99 5cd ivy county 999990')";
    sqlx::query(school).bind(URN).execute(&world.owner).await.unwrap();
}

/// The application on a day of its own.
fn on(app: &App, date: NaiveDate) -> App {
    let morning = Utc.from_utc_datetime(&date.and_hms_opt(10, 0, 0).unwrap());
    App { clock: Clock::from_fn(move || morning), ..app.clone() }
}

async fn alliance(world: &TestApp, slug: &str) {
    let founded = on(&world.app, day(2025, 8, 1));
    let id = found(&founded, slug).await;
    let viewer = Viewer::machinery(id);
    let members = members(&founded, &viewer, slug).await;
    set_lead_school(&founded, &viewer, SetLeadSchool { member_id: members[0].0 }).await.unwrap();

    term_dates(&on(&world.app, day(2026, 9, 1)), &viewer).await;
    set_task_aside(&founded, &viewer, Task::Wording).await.unwrap();
    let owner_id = holder(&founded, &viewer, Role::Manager).await;
    assign_task(&founded, &viewer, AssignTask { task: Task::FirstBudget, owner_id }).await.unwrap();

    let last_year = budget(&on(&world.app, day(2025, 9, 1)), &viewer, 2025, members[0].0).await;
    let order = RecordPurchaseOrder {
        payer_id: members[5].1,
        budget_id: last_year,
        number: "PO-2025-7".into(),
        requested_by: None,
    };
    record_purchase_order(&world.app, &viewer, order).await.unwrap();
    world.set_date(day(2025, 10, 1));
    let run = IssueInvoices { budget_id: last_year, due_on: None, expected: None };
    issue_invoices(&world.app, &viewer, run, None).await.unwrap();
    world.work().await;
    settle(world, slug, &viewer).await;
    came_back(world, slug, &viewer).await;
    world.work().await;

    let this_year = on(&world.app, day(2026, 9, 1));
    let budget_id = budget(&this_year, &viewer, 2026, members[0].0).await;
    // Thought to be training, and then not.
    for (treatment, reason) in
        [(Some(VatTreatment::Exempt), "It buys training only"), (None, "It pays its part")]
    {
        let line = OverrideVat { budget_id, member_id: members[4].0, treatment, reason: reason.into() };
        override_vat(&this_year, &viewer, line).await.unwrap();
    }
    let joiner = joiner(&on(&world.app, day(2026, 11, 1)), &viewer, members[3].1).await;
    let mut next_year = draft(2027, members[0].0);
    // It leaves before, so the amount is asked for only if it stays.
    let reason = "If it stays another year.".into();
    next_year.agreed_amounts = vec![AgreedAmount { member_id: joiner, pence: Pence(10_000), reason }];
    draft_budget(&this_year, &viewer, next_year).await.unwrap();
    park(world, id).await;
    refuse(world, id).await;
    world.set_time(now());
    asked_about_money(&world.app, &viewer, slug, members[0].1).await;
    invited(&on(&world.app, day(2026, 11, 20)), &viewer, slug, members[1].0).await;
    request_export(&on(&world.app, day(2026, 11, 20)), &viewer).await.unwrap();
    nearly_deleted(world, slug).await;
    world.work().await;
    expire(world, id).await;
}

/// An alliance with its three people and nothing else.
pub async fn found(app: &App, slug: &str) -> AllianceId {
    let name = match slug {
        FENLAND => "Fenland Alliance",
        _ => "Harbour Partnership",
    };
    let email = |local: &str| EmailAddress::parse(&format!("{local}@{slug}.example")).unwrap();
    let people = ROLES.iter().filter(|(role, _)| FOUNDERS.contains(role)).map(|(role, local)| {
        FoundingPerson { name: format!("The {} of {name}", role.label()), email: email(local), role: *role }
    });
    let alliance = Alliance {
        id: AllianceId(uuid::Uuid::nil()),
        slug: slug.into(),
        name: name.into(),
        letterhead: Letterhead {
            legal_name: format!("{name} CIO"),
            address: "1 Church Lane\nWold Edge\nLN99 4AB".into(),
            contact_email: format!("office@{slug}.example"),
            vat_number: None,
            bank: BankAccount { name: name.into(), sort_code: "12-34-56".into(), number: "12345678".into() },
        },
        terms: Terms {
            supplier_kind: SupplierKind::EducationBody,
            timezone: chrono_tz::Europe::London,
            year_start_month: 9,
            payment_terms_days: 30,
            invoice_prefix: format!("{}-", &slug[..3].to_uppercase()),
            credit_prefix: format!("{}-C", &slug[..3].to_uppercase()),
        },
        wording: Wording::default(),
        is_confirmed: true,
        requires_second_step: false,
    };
    let closures = vec![("Christmas".into(), day(2026, 12, 21), day(2027, 1, 1))];
    let input = FoundAlliance {
        alliance,
        template: Template::TeachingSchoolAlliance,
        closures,
        people: people.collect(),
    };
    found_alliance(app, input).await.unwrap()
}

/// Two terms of the next school year, so far ahead that nothing is asked for between them.
async fn term_dates(app: &App, viewer: &Viewer) {
    let term = |name: &str, starts_on, ends_on| Term { name: name.into(), starts_on, ends_on };
    let terms = vec![
        term("Autumn term", day(2027, 9, 6), day(2027, 12, 17)),
        term("Spring term", day(2028, 1, 4), day(2028, 4, 7)),
    ];
    set_term_dates(app, viewer, SetTermDates { year: SchoolYear(2027), terms }).await.unwrap();
}

async fn members(app: &App, viewer: &Viewer, slug: &str) -> Vec<(MemberId, PayerId)> {
    let today = app.clock.now().date_naive();
    let mut members = Vec::new();
    let mut trust = None;
    for (name, phase, pupils, pays) in MEMBERS {
        let payer = match (pays, trust) {
            (Payer::Trust, Some(id)) => PayerChoice::Existing(id),
            _ => PayerChoice::New(payer(name, pays, slug)),
        };
        let identity = MemberIdentity::Outside { name: name.into(), phase };
        let member = add_member(app, viewer, AddMember { identity, joined_on: today, payer }).await.unwrap();
        if pays == Payer::Trust {
            trust = Some(member.payer_id);
        }
        let source = "told by the office".into();
        let roll = RecordRoll { member_id: member.id, pupils, census_date: today, source };
        record_roll(app, viewer, roll).await.unwrap();
        members.push((member.id, member.payer_id));
    }
    everybody_else(app, viewer, slug, members[0].0).await;
    members
}

/// Everybody who is not there from the first day. Whoever may be of a school or of none is of the school, but for the
/// reviewer.
async fn everybody_else(app: &App, viewer: &Viewer, slug: &str, school: MemberId) {
    let reading = Reading::new(app.db.clone(), viewer.clone());
    let strands = strands(&reading).await.unwrap();
    drop(reading);
    for (role, local) in ROLES.iter().filter(|(role, _)| !FOUNDERS.contains(role)) {
        let is_of_school = role.remits().contains(&RemitKind::School) && *role != Role::PeerReviewer;
        let title = role.label().to_owned();
        let person = AddPerson {
            name: format!("The {title} of {}", if is_of_school { "Alder" } else { "them all" }),
            email: Some(format!("{local}@{slug}.example")),
            post: is_of_school.then_some(NewPost { member_id: school, title, starts_on: None }),
            role: Some(*role),
            strand_id: strands.last().map(|strand| strand.id).filter(|_| *role == Role::StrandLead),
        };
        add_person(app, viewer, person).await.unwrap();
    }
}

/// A school that joins after this year's shares were fixed, and is gone before the next year.
async fn joiner(app: &App, viewer: &Viewer, payer_id: PayerId) -> MemberId {
    let identity = MemberIdentity::Outside { name: JOINER.into(), phase: Phase::Nursery };
    let payer = PayerChoice::Existing(payer_id);
    let joins = AddMember { identity, joined_on: day(2026, 11, 1), payer };
    let member_id = add_member(app, viewer, joins).await.unwrap().id;
    let roll = RecordRoll {
        member_id,
        pupils: 60,
        census_date: day(2026, 10, 1),
        source: "told by the office".into(),
    };
    record_roll(app, viewer, roll).await.unwrap();
    end_membership(app, viewer, EndMembership { member_id, left_on: Some(day(2027, 7, 31)) }).await.unwrap();
    member_id
}

fn payer(school: &str, pays: Payer, slug: &str) -> PayerDetails {
    let (kind, legal_name) = match pays {
        Payer::Trust => (PayerKind::Trust, "Hedgerow Learning Trust"),
        _ => (PayerKind::School, school),
    };
    let mailbox = legal_name.split(' ').next().unwrap().to_lowercase();
    PayerDetails {
        kind,
        legal_name: legal_name.into(),
        address: "Station Road\nWold Edge\nLN99 1AA".into(),
        accounts_email: Some(format!("{mailbox}@{slug}-schools.example")),
        purchase_order: match pays {
            Payer::ItselfByOrder => PurchaseOrderRule::Required,
            _ => PurchaseOrderRule::Requested,
        },
        finance_contact_id: None,
    }
}

/// £300 and £1.75 a pupil, less what a member gives in kind.
pub fn formula() -> Formula {
    let per_pupil = UnitPrice(17_500);
    let base = Base::PerPupil { base_fee: Pence(30_000), per_pupil, floor: None, cap: None };
    Formula {
        base,
        adjustments: vec![Adjustment::PartYear { by: Proration::ByMonth }],
        rounding: Rounding::Penny,
    }
}

async fn budget(app: &App, viewer: &Viewer, year: i32, gives: MemberId) -> BudgetId {
    let budget = draft_budget(app, viewer, draft(year, gives)).await.unwrap();
    agree_budget(app, viewer, budget.id).await.unwrap();
    budget.id
}

fn draft(year: i32, gives: MemberId) -> DraftBudget {
    let line = |description: &str, pence| DraftLine { description: description.into(), pence: Pence(pence) };
    let offer = DraftInKindOffer {
        member_id: gives,
        description: "The hall for four twilights".into(),
        pence: Pence(20_000),
    };
    DraftBudget {
        label: format!("{year}-{}", (year + 1) % 100),
        starts_on: day(year, 9, 1),
        ends_on: day(year + 1, 8, 31),
        formula: formula(),
        contributions_are: ContributionKind::SharedCosts,
        lines: vec![line("Co-ordination", 500_000), line("County grant", -20_000)],
        in_kind_offers: vec![offer],
        agreed_amounts: Vec::new(),
    }
}

/// The one who holds a role.
async fn holder(app: &App, viewer: &Viewer, role: Role) -> PersonId {
    let reading = Reading::new(app.db.clone(), viewer.clone());
    let filter = PersonFilter { name: None, role: Some(role), on: app.clock.now().date_naive() };
    people::people(&reading, &filter, &PageRequest::first(1)).await.unwrap().items[0].id
}

/// The peer reviewer left, and was asked back for the next day.
async fn came_back(world: &TestApp, slug: &str, viewer: &Viewer) {
    let reviewer = world.sign_in(&format!("reviewer@{slug}.example")).await;
    let today = world.app.clock.now().date_naive();
    reviewer.done("leaveAlliance", "", json!({ "alliance": slug, "endsOn": today })).await;
    let again = GrantRole {
        person_id: holder(&world.app, viewer, Role::PeerReviewer).await,
        role: Role::PeerReviewer,
        member_id: None,
        strand_id: None,
        starts_on: today.succ_opt(),
        ends_on: None,
    };
    grant_role(&world.app, viewer, again).await.unwrap();
}

/// The director thought of giving up, and then did not.
async fn nearly_deleted(world: &TestApp, slug: &str) {
    let director = world.sign_in(&format!("director@{slug}.example")).await;
    let asked = json!({ "alliance": slug, "typed": slug, "reason": "Nobody has the time.", "keepsFinanceRecords": true });
    director.done("requestDeletion", "", asked).await;
    director.done("callOffDeletion", "", json!({ "alliance": slug })).await;
}

/// Alder's business manager is the finance contact of its payer.
async fn asked_about_money(app: &App, viewer: &Viewer, slug: &str, payer_id: PayerId) {
    let reading = Reading::new(app.db.clone(), viewer.clone());
    let role = Some(Role::SchoolBusinessManager);
    let found = PersonFilter { name: None, role, on: app.clock.now().date_naive() };
    let found = people::people(&reading, &found, &PageRequest::first(1)).await.unwrap();
    drop(reading);
    let contact = Some(found.items[0].id);
    let details = PayerDetails { finance_contact_id: contact, ..payer(MEMBERS[0].0, MEMBERS[0].3, slug) };
    change_payer(app, viewer, ChangePayer { payer_id, details }).await.unwrap();
}

/// Somebody is invited to Birch, and has not answered.
async fn invited(app: &App, viewer: &Viewer, slug: &str, school: MemberId) {
    let input = Invite {
        name: "The next head of Birch".into(),
        email: format!("next@{slug}.example"),
        role: Role::SchoolHead,
        member_id: Some(school),
        strand_id: None,
        message: "We spoke about it.".into(),
    };
    invite(app, viewer, input).await.unwrap();
}

/// One job that somebody has to decide about.
async fn park(world: &TestApp, id: AllianceId) {
    let park = "update jobs set state = 'parked', finished_at = null, last_error = 'the file store was full'
                where alliance_id = $1 and id = (select min(id::text)::uuid from jobs where alliance_id = $1)";
    let parked = sqlx::query(park).bind(id.0).execute(&world.owner).await.unwrap();
    assert_eq!(parked.rows_affected(), 1);
}

/// The export's time is over: every test has this alliance, and all of them one store.
async fn expire(world: &TestApp, id: AllianceId) {
    let expire = "update exports set state = 'expired' where alliance_id = $1 and state = 'ready'";
    let expired = sqlx::query(expire).bind(id.0).execute(&world.owner).await.unwrap();
    assert_eq!(expired.rows_affected(), 1);
}

/// Cedar's mail server did not take last year's invoice.
async fn refuse(world: &TestApp, id: AllianceId) {
    let refuse =
        "update deliveries d set state = 'refused', sent_at = null, last_reply = '550 No such mailbox'
                  from members m
                  where d.alliance_id = $1 and (m.alliance_id, m.id) = (d.alliance_id, d.member_id)
                    and m.name = 'Cedar Secondary School' and d.rule = 'invoice_issued'";
    let refused = sqlx::query(refuse).bind(id.0).execute(&world.owner).await.unwrap();
    assert_eq!(refused.rows_affected(), 1);
}

/// Last year's invoices: Alder has paid, Birch half, Cedar disputes, the trust has paid both of its own and £10 more,
/// Fir's is credited. One allocation was a mistake and taken back.
async fn settle(world: &TestApp, slug: &str, viewer: &Viewer) {
    world.set_date(day(2025, 10, 20));
    let app = &world.app;
    let today = app.clock.now().date_naive();
    let reading = Reading::new(app.db.clone(), viewer.clone());
    let page = invoices(&reading, &InvoiceFilter::default(), &PageRequest::first(100), today).await.unwrap();
    drop(reading);
    let invoice = |name: &str| {
        let record = page.items.iter().find(|record| record.invoice.member_name == name).unwrap();
        (record.invoice.id, record.invoice.payer_id, record.invoice.gross)
    };
    let (alder, birch) = (invoice(MEMBERS[0].0), invoice(MEMBERS[1].0));
    let (dogwood, elm) = (invoice(MEMBERS[3].0), invoice(MEMBERS[4].0));
    pay(app, viewer, alder.1, alder.2, &[(alder.0, alder.2)]).await;
    let half = Pence(birch.2.0 / 2);
    pay(app, viewer, birch.1, half, &[(birch.0, half)]).await;
    let both = Pence(dogwood.2.0 + elm.2.0 + 1_000);
    pay(app, viewer, dogwood.1, both, &[(dogwood.0, dogwood.2), (elm.0, elm.2)]).await;

    let reason = "The school says that its roll has fallen.".into();
    let disputed =
        DecideChasing { invoice_id: invoice(MEMBERS[2].0).0, chasing: Chasing::Disputed { reason } };
    decide_chasing(app, viewer, disputed).await.unwrap();
    let finance = world.sign_in(&format!("finance@{slug}.example")).await;
    let fir = encode(Kind::Invoice, viewer.alliance_id(), invoice(MEMBERS[5].0).0.0);
    let credit =
        json!({ "alliance": slug, "invoiceId": fir, "reason": "It left in time.", "idempotencyKey": "fir" });
    finance.done("creditInvoice", "", credit).await;
    finance.done("setReminderLevels", "", json!({ "alliance": slug, "levels": [-7, 0, 14, 30] })).await;

    let bytes = b"Date,Description,Amount\n14/10/2025,UNKNOWN SENDER,12.34\n".to_vec();
    let file_name = "october.csv".into();
    let statement = ImportBankStatement { file_name, bytes, take_anyway: Vec::new(), expected: None };
    import_bank_statement(app, viewer, statement, None).await.unwrap();
    let mistaken = pay(app, viewer, birch.1, Pence(500), &[(birch.0, Pence(500))]).await;
    let reading = Reading::new(app.db.clone(), viewer.clone());
    let allocations = allocations_of_payments(&reading, &[mistaken]).await.unwrap();
    drop(reading);
    let reversal =
        ReverseAllocation { allocation_id: allocations[0].id, reason: "It was another school's.".into() };
    reverse_allocation(app, viewer, reversal, None).await.unwrap();
    let refund = RefundPayment {
        payment_id: mistaken,
        amount: Pence(200),
        sent_on: app.clock.now().date_naive(),
        reason: "It was too much.".into(),
    };
    refund_payment(app, viewer, refund.clone(), None).await.unwrap();
    take_back_a_refund(app, viewer, RefundPayment { amount: Pence(100), ..refund }).await;
    let payment_id = pay(app, viewer, birch.1, Pence(700), &[]).await;
    let reason = "The cheque is another school's.".into();
    let whose = ChangePayerOfPayment { payment_id, payer_id: Some(alder.1), reason };
    change_payer_of_payment(app, viewer, whose, None).await.unwrap();
    allocate(app, viewer, payment_id, &[(birch.0, Pence(700))]).await;
    let reversal = ReversePayment { payment_id, reason: "The cheque bounced.".into() };
    reverse_payment(app, viewer, reversal, None).await.unwrap();
}

/// A refund that was mistyped.
async fn take_back_a_refund(app: &App, viewer: &Viewer, mistyped: RefundPayment) {
    let payment_id = mistyped.payment_id;
    refund_payment(app, viewer, mistyped, None).await.unwrap();
    let reading = Reading::new(app.db.clone(), viewer.clone());
    let refunds = refunds_of_payments(&reading, &[payment_id]).await.unwrap();
    drop(reading);
    let reversal = ReverseRefund { refund_id: refunds[1].id, reason: "It was never sent.".into() };
    reverse_refund(app, viewer, reversal, None).await.unwrap();
}

async fn pay(
    app: &App,
    viewer: &Viewer,
    payer_id: PayerId,
    amount: Pence,
    parts: &[(InvoiceId, Pence)],
) -> domain::ids::PaymentId {
    let payment = RecordPayment {
        received_on: app.clock.now().date_naive(),
        amount,
        payer_id: Some(payer_id),
        payer_text: String::new(),
        reference: "BACS".into(),
        method: "bacs".into(),
    };
    let payment_id = record_payment(app, viewer, payment, None).await.unwrap();
    if !parts.is_empty() {
        allocate(app, viewer, payment_id, parts).await;
    }
    payment_id
}

async fn allocate(
    app: &App,
    viewer: &Viewer,
    payment_id: domain::ids::PaymentId,
    parts: &[(InvoiceId, Pence)],
) {
    let parts = parts.iter().map(|(invoice_id, amount)| Part { invoice_id: *invoice_id, amount: *amount });
    let set = AllocatePayment { payment_id, parts: parts.collect() };
    allocate_payment(app, viewer, set, None).await.unwrap();
}
