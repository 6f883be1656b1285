//! The alliance's first page: where things stand, and what needs somebody.

use askama::Template;
use axum::extract::State;
use chrono::{Days, NaiveDate};
use domain::{money::Pence, viewer::Permission};

use crate::{
    format, ids,
    page::{PageError, PageResult, render},
    pages::{query, set_up},
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Home, "src/pages/home/query.graphql");
query!(SchoolHome, "src/pages/home/school.graphql");

#[derive(Template)]
#[template(path = "pages/home/page.html")]
struct Page {
    shell: Shell,
    greeting: String,
    notice: Option<String>,
    members: i64,
    all: home::HomeAllianceAll,
    not_yet_due: Pence,
    is_on_trial: bool,
    /// What is left to be set up.
    set_up: Vec<Todo>,
    /// `None` for those who read and run nothing.
    todo: Option<Vec<Todo>>,
}

impl Page {
    fn purpose(&self) -> String {
        let Some(todo) = &self.todo else {
            let wording = &self.shell.wording;
            return format!(
                "What the {} asks its {} for, and what has come in.",
                wording.alliance,
                wording.members()
            );
        };
        match i64::try_from(todo.len()).unwrap_or(i64::MAX) {
            0 if !self.set_up.is_empty() => "Some steps are left to be set up.".into(),
            0 => "Nothing needs you at the moment.".into(),
            things => format!("{} you.", format::plural(&things, "thing needs", "things need")),
        }
    }

    /// Overdue, disputed or held: what does not come by itself.
    fn late(&self) -> Pence {
        Pence(self.all.outstanding.0 - self.not_yet_due.0)
    }
}

#[derive(Template)]
#[template(path = "pages/home/school.html")]
struct SchoolPage {
    shell: Shell,
    greeting: String,
    members: i64,
    schools: Vec<school_home::SchoolHomeAllianceMeMembers>,
    strands: Vec<school_home::SchoolHomeAllianceMeStrands>,
}

impl SchoolPage {
    /// What is still to be paid, for those who see it.
    fn purpose(&self) -> String {
        let seen = self.schools.iter().filter_map(|school| school.invoices.as_ref());
        let open = seen.flat_map(|invoices| &invoices.nodes).filter(|invoice| invoice.outstanding.0 > 0);
        let open: Vec<_> = open.collect();
        let Some(next) = open.iter().map(|invoice| invoice.due_on).min() else {
            let alliance = &self.shell.wording.alliance;
            return if self.schools.is_empty() {
                format!("The {alliance} and your part in it.")
            } else {
                format!(
                    "Your school in the {alliance}: what it is asked for and why, and what it gave and gained."
                )
            };
        };
        let count = i64::try_from(open.len()).unwrap_or(i64::MAX);
        let total = Pence(open.iter().map(|invoice| invoice.outstanding.0).sum());
        let invoices = format::plural(&count, "invoice of your school is", "invoices of your school are");
        format!("{invoices} still to be paid: {total}, the first by {}.", format::day(&next))
    }
}

type Entry = school_home::SchoolHomeAllianceMeMembersLedgerLatest;

/// `Gave 2 days`.
fn gave_or_gained(entry: &Entry) -> String {
    words::gave_or_gained(&entry.direction, &entry.unit, entry.quantity)
}

/// `12 Nov 2026, for the maths project`.
fn when_and_why(entry: &Entry) -> String {
    words::when_and_why(entry.occurred_on, &entry.note)
}

/// One thing that needs somebody.
struct Todo {
    what: String,
    why: String,
    href: String,
    act: &'static str,
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    if !within.may(Permission::SeeMoney) {
        return school(&site, &within).await;
    }
    let data = site.query::<Home>(&within.signed, home::Variables { slug: within.slug() }).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let runs_something =
        [Permission::ManageMembers, Permission::ManageBudgets].into_iter().any(|one| within.may(one));
    let set_up = left_to_set_up(&within, &alliance);
    let todo = runs_something.then(|| todo(&within, &alliance));
    let page = Page {
        shell: within.shell("Home"),
        greeting: greeting(&within),
        is_on_trial: alliance.is_on_trial,
        notice: quiet_days(&alliance.closed_days, alliance.today),
        members: alliance.members.total_count,
        all: alliance.all,
        not_yet_due: alliance.not_yet_due.outstanding,
        set_up,
        todo,
    };
    render(&page)
}

/// A school's people see their own school, and the invoices of it where their role has them.
async fn school(site: &SharedSite, within: &Within) -> PageResult {
    let data =
        site.query::<SchoolHome>(&within.signed, school_home::Variables { slug: within.slug() }).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let page = SchoolPage {
        shell: within.shell("Home"),
        greeting: greeting(within),
        members: alliance.members.total_count,
        schools: alliance.me.members,
        strands: alliance.me.strands,
    };
    render(&page)
}

fn greeting(within: &Within) -> String {
    let first = within.entered.person_name.split(' ').next().unwrap_or_default().to_owned();
    format!("Welcome, {first}")
}

/// Says that reminders pause when schools are closed now or within two weeks.
fn quiet_days(closed: &[home::HomeAllianceClosedDays], today: NaiveDate) -> Option<String> {
    let soon = today + Days::new(14);
    let next = closed.iter().find(|days| days.starts_on <= soon && days.ends_on >= today)?;
    let (from, to) = (format::day(&next.starts_on), format::day(&next.ends_on));
    let name = format::capitalised(&next.name);
    Some(format!("{name}: schools are closed from {from} to {to}, and no reminders go then."))
}

fn todo(within: &Within, alliance: &home::HomeAlliance) -> Vec<Todo> {
    let drafts = alliance.budgets.nodes.iter().filter(|budget| budget.agreed_at.is_none());
    let mut todo: Vec<_> = deletion(within, alliance).into_iter().collect();
    todo.extend(first_budget(within, alliance));
    todo.extend(drafts.filter_map(|budget| draft(within, budget)));
    todo.extend(overdue(within, alliance));
    todo.extend(disputed(within, alliance));
    todo.extend(held(within, alliance));
    todo.extend(alliance.awaited_orders.iter().filter_map(|orders| awaited(within, orders)));
    todo.extend(unmatched(within, alliance));
    todo.extend(undelivered(within, alliance));
    let names: Vec<_> = alliance.no_roll.nodes.iter().map(|member| member.name.as_str()).collect();
    todo.extend(lacking(
        within,
        (&names, alliance.no_roll.total_count, "ROLL"),
        "Record the rolls that are not known",
        "A share by pupils cannot be worked out without it.",
    ));
    let names: Vec<_> = alliance.no_address.nodes.iter().map(|member| member.name.as_str()).collect();
    todo.extend(lacking(
        within,
        (&names, alliance.no_address.total_count, "ADDRESS"),
        "Say where invoices go",
        "Nobody there has an address for mail about money, so its invoices are sent by hand.",
    ));
    todo.extend(parked(within, alliance));
    todo
}

/// The steps that are still to be taken, each with who sees to it unless the viewer does.
fn left_to_set_up(within: &Within, alliance: &home::HomeAlliance) -> Vec<Todo> {
    let open = alliance.set_up_tasks.iter().filter(|task| words::name(&task.state) == "OPEN");
    let own = within.viewer().person_id().map(|id| id.0.to_string());
    let todo = open.filter_map(|task| {
        let step = set_up::step(within, &words::name(&task.task))?;
        let owner = match &task.owner {
            None => " Nobody sees to it yet.".to_owned(),
            Some(owner) if own.as_ref() == Some(&ids::in_path(&owner.id)) => String::new(),
            Some(owner) => format!(" {} sees to it.", owner.name),
        };
        Some(Todo { what: step.what, why: step.why + &owner, href: step.href, act: step.act })
    });
    todo.collect()
}

/// For the directors: they can call it off.
fn deletion(within: &Within, alliance: &home::HomeAlliance) -> Option<Todo> {
    let deletion = alliance.deletion.as_ref()?;
    Some(Todo {
        what: format!("{} is to be deleted", within.entered.alliance.name),
        why: format!(
            "It is closed on {}. Until then everything goes on as usual.",
            format::moment(&deletion.deactivates_at)
        ),
        href: within.path("/settings/data"),
        act: "See why",
    })
}

/// Those who manage the alliance have it among the steps of setting up, where it can be set aside.
fn first_budget(within: &Within, alliance: &home::HomeAlliance) -> Option<Todo> {
    let has_members = alliance.members.total_count > 0;
    let may = within.may(Permission::ManageBudgets) && !within.may(Permission::ManageAlliance);
    (alliance.budgets.nodes.is_empty() && has_members && may).then(|| Todo {
        what: "Draft the first budget".into(),
        why: "It says what the year costs and by which rule members share it.".into(),
        href: within.path("/budgets/new"),
        act: "Draft it",
    })
}

fn draft(within: &Within, budget: &home::HomeAllianceBudgetsNodes) -> Option<Todo> {
    within.may(Permission::ManageBudgets).then(|| Todo {
        what: format!("Settle the budget {}", budget.label),
        why: format!("It is a draft over {}. Agreeing it fixes each member’s share.", budget.total),
        href: within.path(&format!("/budgets/{}", ids::in_path(&budget.id))),
        act: "Open",
    })
}

fn overdue(within: &Within, alliance: &home::HomeAlliance) -> Option<Todo> {
    let overdue = &alliance.overdue;
    (overdue.count > 0).then(|| Todo {
        what: format!("{} overdue", format::plural(&overdue.count, "invoice is", "invoices are")),
        why: format!("{} in all. Reminders go by themselves; a call often helps more.", overdue.outstanding),
        href: within.path("/invoices?state=OVERDUE"),
        act: "See who",
    })
}

fn disputed(within: &Within, alliance: &home::HomeAlliance) -> Option<Todo> {
    let count = alliance.disputed.count;
    (count > 0).then(|| Todo {
        what: format!("{} disputed", format::plural(&count, "invoice is", "invoices are")),
        why: "Nobody is reminded until you settle it.".into(),
        href: within.path("/invoices?state=DISPUTED"),
        act: "See it",
    })
}

fn held(within: &Within, alliance: &home::HomeAlliance) -> Option<Todo> {
    let held = &alliance.held;
    (held.count > 0).then(|| Todo {
        what: format!("{} held", format::plural(&held.count, "invoice is", "invoices are")),
        why: format!("{} in all. Nobody is reminded while reminders are paused.", held.outstanding),
        href: within.path("/invoices?state=HELD"),
        act: "See which",
    })
}

/// Shares that an invoice run would hold back for want of an order number.
fn awaited(within: &Within, orders: &home::HomeAllianceAwaitedOrders) -> Option<Todo> {
    let waits = format::plural(&orders.count, "share waits", "shares wait");
    within.may(Permission::IssueInvoices).then(|| Todo {
        what: format!("{waits} for an order number"),
        why: format!("{} is not invoiced.", orders.total),
        href: within.path(&format!("/budgets/{}/run", ids::in_path(&orders.budget_id))),
        act: "Give it",
    })
}

fn unmatched(within: &Within, alliance: &home::HomeAlliance) -> Option<Todo> {
    let totals = &alliance.payment_totals;
    (totals.unmatched > 0 && within.may(Permission::RecordPayments)).then(|| Todo {
        what: format!("{} to match", format::plural(&totals.unmatched, "payment", "payments")),
        why: format!(
            "{} is not set against an invoice yet; whoever paid it may still be reminded.",
            totals.free
        ),
        href: within.path("/payments?state=OPEN"),
        act: "Match",
    })
}

/// Mails that nobody got, or of which nobody knows.
fn undelivered(within: &Within, alliance: &home::HomeAlliance) -> Vec<Todo> {
    let troubles = [
        ("REFUSED", "was refused", "were refused", "The address is wrong, or its mailbox takes no more."),
        ("UNKNOWN", "may not have gone", "may not have gone", "The line broke off while it was sent."),
    ];
    let todo = troubles.into_iter().filter_map(|(state, one, many, why)| {
        let counts = alliance.delivery_counts.iter().flatten();
        let found = counts.into_iter().find(|count| words::name(&count.state) == state)?;
        Some(Todo {
            what: format::plural(&found.count, &format!("mail {one}"), &format!("mails {many}")),
            why: why.into(),
            href: within.path(&format!("/mail?state={state}")),
            act: "See which",
        })
    });
    todo.collect()
}

/// What is to be done about each member that lacks something: the first by name, and how many more there are.
fn lacking(
    within: &Within,
    (names, count, lack): (&[&str], i64, &str),
    what: &str,
    why: &str,
) -> Option<Todo> {
    let more = count - i64::try_from(names.len()).unwrap_or(count);
    let others = if more > 0 { format!(", and {} more", format::number(&more)) } else { String::new() };
    (count > 0 && within.may(Permission::ManageMembers)).then(|| Todo {
        what: what.into(),
        why: format!("{}{others}. {why}", names.join(", ")),
        href: within.path(&format!("/members?without={lack}")),
        act: "See which",
    })
}

fn parked(within: &Within, alliance: &home::HomeAlliance) -> Option<Todo> {
    let count = alliance.parked_jobs.unwrap_or_default();
    (count > 0).then(|| Todo {
        what: format!("{} given up", format::plural(&count, "piece of work was", "pieces of work were")),
        why: "It failed as often as it was tried. Once the cause is gone, it can be run again.".into(),
        href: within.path("/jobs?state=PARKED"),
        act: "See why",
    })
}
