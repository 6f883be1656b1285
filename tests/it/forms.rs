//! Every form of the pages, found by asking the router: what is refused is shown again as it was typed, with what is
//! wrong beside it; what is taken leads on to a page that says so.

use gateway::schema::ids::decode;
use tests::{Client, TestApp, fixture::FENLAND, fixture::JOINER, page::Page};

use crate::{operations::Things, walls};

/// A form, and what is sent with it.
struct Case {
    /// Its route; a thing's id in it is that of `id`.
    route: &'static str,
    /// Whose form it is, by the name before the `@`.
    who: &'static str,
    id: fn(&Things) -> &str,
    /// The page with the form.
    page: fn(&Things) -> String,
    refused: Refused,
    accepted: fn(&Things) -> Typed,
    /// Rows whose number is another afterwards.
    changes: &'static str,
}

type Typed = Vec<(&'static str, String)>;

/// How a form comes to be refused.
enum Refused {
    /// What was typed is wrong, at this field or section.
    At(&'static str, fn(&Things) -> Typed),
    /// A button, sent a second time by a page that was open in the meantime.
    SentTwice,
    /// A button, on the page of a thing to which it cannot be done.
    Of(fn(&Things) -> &str, fn(&Things) -> String),
    /// A button that was there when the page was opened, sent to a thing to which it can no longer be done.
    TooLate(fn(&Things) -> &str),
}

/// Forms without a case, each with who tries them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/sign-in", "answers with the next step, where the code is typed: `access`"),
    ("/sign-in/code", "begins a session, and leads to where one wanted to go: `access`"),
    ("/sign-in/second-step", "ends what `/sign-in/code` began: `second_step`"),
    ("/account/address", "answers with the field for the code: `addresses`"),
    ("/account/address/confirm", "takes the code from a mail: `addresses`"),
    ("/account/address/undo", "takes the code from a mail, of whoever has it: `addresses`"),
    ("/account/second-step/begin", "answers with what an app is told, once: `second_step`"),
    ("/account/second-step/confirm", "answers with recovery codes, once: `second_step`"),
    ("/account/second-step/codes", "answers with recovery codes, once: `second_step`"),
    ("/account/second-step/remove", "takes a code of an app: `second_step`"),
    ("/{slug}/settings/second-step", "takes whoever has a second step: `second_step`"),
    ("/confirm", "is asked for by the forms that take a recent proof, and goes on to them: `confirm`"),
    ("/confirm/passkey", "answers with what a device is asked, once: `passkeys`"),
    ("/confirm/passkey/answer", "takes what a device answers: `passkeys`"),
    ("/sign-in/passkey", "answers with what a device is asked, once: `passkeys`"),
    ("/sign-in/passkey/answer", "takes what a device answers: `passkeys`"),
    ("/account/passkeys", "takes what a device answers: `passkeys`"),
    ("/account/passkeys/begin", "answers with what a device is asked, once: `passkeys`"),
    ("/account/passkeys/{id}/rename", "is on the page of one's own passkeys: `passkeys`"),
    ("/account/passkeys/{id}/remove", "is there too: `passkeys`"),
    ("/confirm/code", "answers with the next step, where the code is typed: `confirm`"),
    ("/sign-up", "answers with the next step, where the code is typed: `sign_up`"),
    ("/alliances/new", "makes an alliance that no other test has: `sign_up`"),
    ("/invitations/{id}/accept", "is for whoever was invited, who is in no alliance yet: `invitations`"),
    ("/invitations/{id}/decline", "is for them too: `invitations`"),
    ("/sign-out", "asks for nothing, and ends the session that would show a sentence: `access`"),
    (
        "/account/sessions/{id}/end",
        "needs a second device: `a_device_that_is_gone_cannot_be_signed_out` below",
    ),
    ("/account/sessions/end-others", "asks for nothing, and is right with no other device too: `access`"),
    ("/account/leave", "is for oneself, and is refused a second time: `departures`"),
    ("/account/tokens", "answers with what the token looks like, once: `tokens`"),
    ("/account/tokens/{id}/revoke", "is on the page of one's own tokens: `tokens`"),
    ("/{slug}/settings/data/call-off", "is there while a deletion is under way: `deletions`"),
    (
        "/{slug}/payments/import",
        "takes nothing yet, but answers with a preview: `bank_statements`, `bad_input`",
    ),
    ("/{slug}/members/several", "takes nothing yet, but answers with who joins: `members`"),
    ("/{slug}/members/several/take", "is on that preview, and asks for nothing: `members`"),
    (
        "/{slug}/people/invitations/several",
        "mails nobody yet, but answers with who is invited: `invitations`",
    ),
    ("/{slug}/people/invitations/several/send", "is on that preview, and asks for nothing: `invitations`"),
    ("/{slug}/payments/import/take", "is on that preview, and asks for nothing: `bank_statements`"),
];

fn none(_: &Things) -> &str {
    ""
}

fn nothing(_: &Things) -> Typed {
    Vec::new()
}

/// An id as an address has it.
fn uuid(id: &str) -> String {
    decode(id).unwrap().2.to_string()
}

fn staff(of: &Things) -> &str {
    of.person_named("The staff member of Alder")
}

fn elm(of: &Things) -> &str {
    of.member("Elm Academy")
}

fn birch(of: &Things) -> &str {
    of.member("Birch Infant School")
}

fn birch_invoice(of: &Things) -> &str {
    of.invoice("Birch Infant School")
}

fn cedar_invoice(of: &Things) -> &str {
    of.invoice("Cedar Secondary School")
}

fn cedar_mail(of: &Things) -> &str {
    of.refused_mail("Cedar Secondary School")
}

fn last_year(of: &Things) -> &str {
    of.budget("2025-26")
}

fn this_year(of: &Things) -> &str {
    of.budget("2026-27")
}

fn next_year(of: &Things) -> &str {
    of.budget("2027-28")
}

/// The trust's payment: most of it is set against two invoices.
fn set_payment(of: &Things) -> &str {
    let rows = of.all["payments"]["nodes"].as_array().unwrap();
    rows.iter().find(|row| row["free"] == 1_000).unwrap()["id"].as_str().unwrap()
}

/// A payment of which money was sent back.
fn refunded_payment(of: &Things) -> &str {
    let rows = of.all["payments"]["nodes"].as_array().unwrap();
    rows.iter().find(|row| row["refunds"].get(0).is_some()).unwrap()["id"].as_str().unwrap()
}

fn closure(of: &Things) -> &str {
    of.first("closures")
}

fn invitation(of: &Things) -> &str {
    of.first("invitations")
}

fn strand(of: &Things) -> &str {
    of.first("strands")
}

/// What is typed into the fields of these names.
macro_rules! typed {
    ($of:ident; $($name:literal => $value:expr),*) => { |$of: &Things| vec![$(($name, $value.to_string())),*] };
    ($($name:literal => $value:expr),*) => { |_: &Things| vec![$(($name, $value.to_string())),*] };
}

/// The address of a page of Fenland, with an id.
macro_rules! page {
    ($path:literal) => {
        |_: &Things| format!("/fenland{}", $path)
    };
    ($path:literal, $id:expr) => {
        |of: &Things| format!(concat!("/fenland", $path), uuid($id(of)))
    };
    ($path:literal, $id:expr, $list:literal) => {
        |of: &Things| {
            let part = of.first_of("The staff member of Alder", $list);
            format!(concat!("/fenland", $path), uuid($id(of)), uuid(part))
        }
    };
}

const CASES: &[Case] = &[
    Case {
        route: "/{slug}/members/new",
        who: "manager",
        id: none,
        page: page!("/members/new"),
        refused: Refused::At(
            "joinedOn",
            typed!["name" => "Gorse Nursery School", "phase" => "NURSERY", "joinedOn" => "soon"],
        ),
        accepted: typed!["name" => "Gorse Nursery School", "phase" => "NURSERY", "joinedOn" => "2026-11-01"],
        changes: "members where name = 'Gorse Nursery School'",
    },
    Case {
        route: "/{slug}/members/{id}/roll",
        who: "finance",
        id: elm,
        page: page!("/members/{}", elm),
        refused: Refused::At(
            "pupils",
            typed!["pupils" => "many", "censusDate" => "2026-10-01", "source" => "a letter"],
        ),
        accepted: typed!["pupils" => "211", "censusDate" => "2026-10-01", "source" => "a letter"],
        changes: "member_rolls where pupils = 211",
    },
    Case {
        route: "/{slug}/members/{id}/change",
        who: "manager",
        id: elm,
        page: page!("/members/{}/change", elm),
        refused: Refused::At("urn", typed!["name" => "Elm Junior Academy", "urn" => "12"]),
        accepted: typed!["name" => "Elm Junior Academy", "phase" => "JUNIOR"],
        changes: "members where name = 'Elm Junior Academy'",
    },
    Case {
        route: "/{slug}/members/{id}/payer",
        who: "manager",
        id: birch,
        page: page!("/members/{}", birch),
        refused: Refused::At(
            "accountsEmail",
            typed!["legalName" => "Birch Fund", "address" => "2 Lane", "accountsEmail" => "by post"],
        ),
        accepted: typed!["legalName" => "Birch Fund", "address" => "2 Lane", "purchaseOrder" => "none"],
        changes: "payers where legal_name = 'Birch Fund' and purchase_order = 'none'",
    },
    Case {
        route: "/{slug}/members/{id}/assign",
        who: "manager",
        id: birch,
        page: page!("/members/{}/assign", birch),
        refused: Refused::At(
            "legalName",
            typed!["payer" => "new", "kind" => "authority", "address" => "County Hall",
                   "accountsEmail" => "ap@wold.example"],
        ),
        accepted: typed![of; "payer" => of.payer("Hedgerow Learning Trust")],
        changes: "members m join payers p using (alliance_id)
                  where p.id = payer_id and legal_name = 'Hedgerow Learning Trust'",
    },
    Case {
        route: "/{slug}/members/{id}/end",
        who: "manager",
        id: elm,
        page: page!("/members/{}", elm),
        refused: Refused::At("leftOn", typed!["leftOn" => "31/12/2019"]),
        accepted: typed!["leftOn" => "2026-12-31"],
        changes: "members where left_on = '2026-12-31'",
    },
    Case {
        route: "/{slug}/members/{id}/lead",
        who: "manager",
        id: elm,
        page: page!("/members/{}", elm),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "lead_schools",
    },
    Case {
        route: "/{slug}/members/{id}/people",
        who: "manager",
        id: birch,
        page: page!("/members/{}", birch),
        refused: Refused::At(
            "email",
            typed!["name" => "The bursar", "title" => "Bursar", "email" => "her own", "role" => "staff_member"],
        ),
        accepted: typed!["name" => "The bursar", "title" => "Bursar", "email" => "bursar@birch.example"],
        changes: "people where name = 'The bursar' and email = 'bursar@birch.example'",
    },
    Case {
        route: "/{slug}/people/new",
        who: "manager",
        id: none,
        page: page!("/people/new"),
        refused: Refused::At(
            "startsOn",
            typed![of; "name" => "The bursar", "memberId" => birch(of), "title" => "Bursar", "startsOn" => "soon"],
        ),
        accepted: typed![of; "name" => "The bursar", "memberId" => birch(of), "title" => "Bursar"],
        changes: "people where name = 'The bursar'",
    },
    Case {
        route: "/{slug}/people/{id}",
        who: "manager",
        id: staff,
        page: page!("/people/{}?edit=person", staff),
        refused: Refused::At("email", typed!["name" => "The bursar of Alder", "email" => "her own"]),
        accepted: typed!["name" => "The bursar of Alder"],
        changes: "people where name = 'The bursar of Alder'",
    },
    Case {
        route: "/{slug}/people/invitations",
        who: "manager",
        id: none,
        page: page!("/people/invitations"),
        refused: Refused::At(
            "memberId",
            typed!["name" => "The clerk", "email" => "clerk@birch.example", "role" => "staff_member"],
        ),
        accepted: typed![of; "name" => "The clerk", "email" => "clerk@birch.example", "role" => "staff_member",
                             "memberId" => birch(of)],
        changes: "invitations where name = 'The clerk'",
    },
    Case {
        route: "/{slug}/people/invitations/{id}/again",
        who: "manager",
        id: invitation,
        page: page!("/people/invitations"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "invitations where mailed_at = invited_at",
    },
    Case {
        route: "/{slug}/people/invitations/{id}/withdraw",
        who: "manager",
        id: invitation,
        page: page!("/people/invitations"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "invitations where state = 'withdrawn'",
    },
    Case {
        route: "/{slug}/people/{id}/posts",
        who: "manager",
        id: staff,
        page: page!("/people/{}?edit=post", staff),
        refused: Refused::At("memberId", typed!["title" => "Clerk", "startsOn" => "2026-11-01"]),
        accepted: typed![of; "memberId" => birch(of), "title" => "Clerk"],
        changes: "posts where title = 'Clerk'",
    },
    Case {
        route: "/{slug}/people/{id}/posts/change",
        who: "manager",
        id: staff,
        page: page!("/people/{}?edit={}", staff, "posts"),
        refused: Refused::At(
            "startsOn",
            typed!["title" => "Bursar", "startsOn" => "", "endsOn" => "2026-12-31"],
        ),
        accepted: typed!["title" => "Bursar", "endsOn" => "2026-12-31"],
        changes: "posts where title = 'Bursar' and ends_on = '2026-12-31'",
    },
    Case {
        route: "/{slug}/people/{id}/roles",
        who: "manager",
        id: staff,
        page: page!("/people/{}?edit=role", staff),
        refused: Refused::At("role", typed![of; "memberId" => birch(of), "endsOn" => "2027-07-31"]),
        accepted: typed![of; "role" => "school_head", "memberId" => birch(of), "endsOn" => "2027-07-31"],
        changes: "role_grants where ends_on = '2027-07-31'",
    },
    Case {
        route: "/{slug}/people/{id}/roles/end",
        who: "manager",
        id: staff,
        page: page!("/people/{}?edit={}", staff, "roles"),
        refused: Refused::At("endsOn", typed!["endsOn" => "some day"]),
        accepted: typed!["endsOn" => "2026-12-31"],
        changes: "role_grants where ends_on = '2026-12-31'",
    },
    Case {
        route: "/{slug}/budgets/new",
        who: "finance",
        id: none,
        page: page!("/budgets/new"),
        refused: Refused::At(
            "lines",
            typed![of; "label" => "2028-29", "line" => "Everything", "lineAmount" => "a lot", "base" => "flat",
                       "amount" => "£450", "offerMember" => elm(of), "offer" => "A room", "offerAmount" => "£50"],
        ),
        accepted: typed!["label" => "2028-29", "line" => "Everything", "lineAmount" => "7,000"],
        changes: "budgets where label = '2028-29'",
    },
    Case {
        route: "/{slug}/budgets/{id}/edit",
        who: "finance",
        id: next_year,
        page: page!("/budgets/{}/edit", next_year),
        refused: Refused::At("perPupil", typed!["label" => "2027-28, again", "perPupil" => "a little"]),
        accepted: typed!["label" => "2027-28, again"],
        changes: "budgets where label = '2027-28, again'",
    },
    Case {
        route: "/{slug}/budgets/{id}/agree",
        who: "finance",
        id: next_year,
        page: page!("/budgets/{}", next_year),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "budgets where state = 'agreed'",
    },
    Case {
        route: "/{slug}/budgets/{id}/reopen",
        who: "finance",
        id: this_year,
        page: page!("/budgets/{}", this_year),
        refused: Refused::TooLate(last_year),
        accepted: nothing,
        changes: "budgets where state = 'agreed'",
    },
    Case {
        route: "/{slug}/budgets/{id}/run",
        who: "finance",
        id: this_year,
        page: page!("/budgets/{}/run", this_year),
        refused: Refused::At("dueOn", typed!["dueOn" => "2026-12-25"]),
        accepted: nothing,
        changes: "invoices where issued_on = '2026-11-24'",
    },
    Case {
        route: "/{slug}/budgets/{id}/orders",
        who: "finance",
        id: this_year,
        page: page!("/budgets/{}/run", this_year),
        refused: Refused::At("number", typed!["number" => "7".repeat(41), "requestedBy" => "The bursar"]),
        accepted: typed!["number" => "PO 77", "requestedBy" => "The bursar"],
        changes: "purchase_orders where number = 'PO 77' and requested_by = 'The bursar'",
    },
    Case {
        route: "/{slug}/budgets/{id}/vat",
        who: "finance",
        id: this_year,
        page: page!("/budgets/{}/run", this_year),
        refused: Refused::At("reason", typed!["treatment" => "exempt", "reason" => "7".repeat(301)]),
        accepted: typed!["treatment" => "exempt", "reason" => "It buys training only"],
        changes: "vat_overrides where vat_code = 'exempt' and reason = 'It buys training only'",
    },
    Case {
        route: "/{slug}/budgets/{id}/shares",
        who: "finance",
        id: this_year,
        page: page!("/budgets/{}/run", this_year),
        refused: Refused::SentTwice,
        accepted: typed![of; "member" => of.member(JOINER)],
        changes: "shares",
    },
    Case {
        route: "/{slug}/invoices/{id}/credit",
        who: "finance",
        id: birch_invoice,
        page: page!("/invoices/{}", birch_invoice),
        refused: Refused::At("gross", typed!["gross" => "half of it", "reason" => "Agreed with the school"]),
        accepted: typed!["gross" => "10.00", "reason" => "Agreed with the school"],
        changes: "credit_notes where gross_pence = 1000",
    },
    Case {
        route: "/{slug}/invoices/{id}/chasing",
        who: "finance",
        id: birch_invoice,
        page: page!("/invoices/{}", birch_invoice),
        refused: Refused::At("why", typed!["chasing" => "held"]),
        accepted: typed!["chasing" => "held", "why" => "The office is being moved"],
        changes: "chasing_decisions where state = 'held' and reason = 'The office is being moved'",
    },
    Case {
        route: "/{slug}/invoices/{id}/send",
        who: "finance",
        id: cedar_invoice,
        page: page!("/invoices/{}", cedar_invoice),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "deliveries where state = 'waiting'",
    },
    Case {
        route: "/{slug}/payments",
        who: "finance",
        id: none,
        page: page!("/payments"),
        refused: Refused::At(
            "amount",
            typed![of; "amount" => "ten", "receivedOn" => "2026-11-20", "payerId" => of.payer("Birch Infant School"),
                       "method" => "cheque", "reference" => "FEN 2", "payerText" => "Birch"],
        ),
        accepted: typed![of; "amount" => "123.45", "payerId" => of.payer("Birch Infant School")],
        changes: "payments where pence = 12345",
    },
    Case {
        route: "/{slug}/payments/{id}",
        who: "finance",
        id: Things::free_payment,
        page: page!("/payments/{}", Things::free_payment),
        refused: Refused::At("parts", typed!["part" => "all of it"]),
        accepted: typed!["part" => "1.23"],
        changes: "allocations where pence = 123",
    },
    Case {
        route: "/{slug}/payments/{id}/reverse",
        who: "finance",
        id: Things::free_payment,
        page: page!("/payments/{}", Things::free_payment),
        refused: Refused::At("whyReversed", nothing),
        accepted: typed!["whyReversed" => "The cheque bounced"],
        changes: "payment_reversals",
    },
    Case {
        route: "/{slug}/payments/{id}/refund",
        who: "finance",
        id: Things::free_payment,
        page: page!("/payments/{}", Things::free_payment),
        refused: Refused::At(
            "amount",
            typed!["amount" => "1,000", "sentOn" => "2026-11-20", "whySentBack" => "It was paid twice"],
        ),
        accepted: typed!["amount" => "5", "sentOn" => "2026-11-20", "whySentBack" => "It was paid twice"],
        changes: "refunds where pence = 500",
    },
    Case {
        route: "/{slug}/payments/{id}/parts/reverse",
        who: "finance",
        id: set_payment,
        page: page!("/payments/{}", set_payment),
        refused: Refused::At("reason", nothing),
        accepted: typed!["reason" => "It was for the other school"],
        changes: "allocations where reason = 'It was for the other school'",
    },
    Case {
        route: "/{slug}/payments/{id}/payer",
        who: "finance",
        id: Things::free_payment,
        page: page!("/payments/{}", Things::free_payment),
        refused: Refused::At("whyPayer", typed![of; "payerId" => of.payer("Cedar Secondary School")]),
        accepted: typed![of; "payerId" => of.payer("Cedar Secondary School"), "whyPayer" => "The bursar rang"],
        changes: "payment_payers",
    },
    Case {
        route: "/{slug}/payments/{id}/refund/reverse",
        who: "finance",
        id: refunded_payment,
        page: page!("/payments/{}", refunded_payment),
        refused: Refused::At("reason", nothing),
        accepted: typed!["reason" => "It was never sent"],
        changes: "refund_reversals",
    },
    Case {
        route: "/{slug}/mail/reminders",
        who: "finance",
        id: none,
        page: page!("/mail"),
        refused: Refused::At("levels", typed!["levels" => "now and then"]),
        accepted: typed!["levels" => "-7, 0, 21"],
        changes: "reminder_levels where days_from_due = 21",
    },
    Case {
        route: "/{slug}/mail/{id}/again",
        who: "finance",
        id: cedar_mail,
        page: page!("/mail?state=REFUSED"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "deliveries where state = 'waiting'",
    },
    Case {
        route: "/{slug}/jobs/{id}/retry",
        who: "manager",
        id: Things::parked_job,
        page: page!("/jobs"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "jobs where state = 'parked'",
    },
    Case {
        route: "/{slug}/jobs/{id}/discard",
        who: "manager",
        id: Things::parked_job,
        page: page!("/jobs"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "jobs where state = 'parked'",
    },
    Case {
        route: "/{slug}/settings",
        who: "manager",
        id: none,
        page: page!("/settings"),
        refused: Refused::At(
            "sortCode",
            typed!["name" => "Fens", "address" => "2 Lane", "sortCode" => "12-34"],
        ),
        accepted: typed!["name" => "Fens"],
        changes: "alliances where name = 'Fens'",
    },
    Case {
        route: "/{slug}/settings/data",
        who: "director",
        id: none,
        page: page!("/settings/data"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "exports",
    },
    Case {
        route: "/{slug}/settings/data/delete",
        who: "director",
        id: none,
        page: page!("/settings/data"),
        refused: Refused::At(
            "typed",
            typed!["typed" => "harbour", "reason" => "We have merged", "keepsFinanceRecords" => "yes"],
        ),
        accepted: typed!["typed" => "fenland", "reason" => "We have merged", "keepsFinanceRecords" => "yes"],
        changes: "deletions where called_off_at is null",
    },
    Case {
        route: "/{slug}/settings/closures",
        who: "manager",
        id: none,
        page: page!("/settings/closures"),
        refused: Refused::At(
            "endsOn",
            typed!["name" => "Snow", "startsOn" => "2027-02-05", "endsOn" => "2027-02-04"],
        ),
        accepted: typed!["name" => "Snow", "startsOn" => "2027-02-04", "endsOn" => "2027-02-05"],
        changes: "closures where name = 'Snow'",
    },
    Case {
        route: "/{slug}/settings/closures/{id}",
        who: "manager",
        id: closure,
        page: page!("/settings/closures?edit={}", closure),
        refused: Refused::At("startsOn", typed!["name" => "Long holiday", "startsOn" => "in summer"]),
        accepted: typed!["name" => "Long holiday"],
        changes: "closures where name = 'Long holiday'",
    },
    Case {
        route: "/{slug}/settings/closures/{id}/remove",
        who: "manager",
        id: closure,
        page: page!("/settings/closures"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "closures",
    },
    Case {
        route: "/{slug}/settings/set-up/owner",
        who: "manager",
        id: none,
        page: page!("/settings/set-up?edit=first_budget"),
        // Whoever sees to it already.
        refused: Refused::At("ownerId", nothing),
        accepted: typed![of; "ownerId" => of.person_with("FINANCE_LEAD")],
        changes: "set_up_tasks join people p on p.id = owner_id where p.name like 'The finance lead%'",
    },
    Case {
        route: "/{slug}/settings/set-up/aside",
        who: "manager",
        id: none,
        page: page!("/settings/set-up"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "set_up_tasks where is_set_aside",
    },
    Case {
        route: "/{slug}/settings/set-up/resume",
        who: "manager",
        id: none,
        page: page!("/settings/set-up"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "set_up_tasks where is_set_aside",
    },
    Case {
        route: "/{slug}/settings/terms",
        who: "manager",
        id: none,
        page: page!("/settings/terms?year=2026"),
        refused: Refused::At(
            "terms",
            typed!["name7" => "Extra week", "startsOn7" => "2027-07-26", "endsOn7" => "2027-07-23"],
        ),
        accepted: typed!["name7" => "Extra week", "startsOn7" => "2027-07-26", "endsOn7" => "2027-07-30"],
        changes: "term_dates where name = 'Extra week'",
    },
    Case {
        route: "/{slug}/settings/strands",
        who: "manager",
        id: none,
        page: page!("/settings/strands"),
        refused: Refused::At("name", nothing),
        accepted: typed!["name" => "Peer visits"],
        changes: "strands where name = 'Peer visits'",
    },
    Case {
        route: "/{slug}/settings/strands/{id}",
        who: "manager",
        id: strand,
        page: page!("/settings/strands?edit={}", strand),
        refused: Refused::At("name", typed!["name" => " "]),
        accepted: typed!["name" => "Visits"],
        changes: "strands where name = 'Visits'",
    },
    Case {
        route: "/{slug}/settings/strands/{id}/remove",
        who: "manager",
        id: strand,
        page: page!("/settings/strands"),
        refused: Refused::SentTwice,
        accepted: nothing,
        changes: "strands",
    },
];

impl Case {
    fn action(&self, id: &str) -> String {
        let id = if id.is_empty() { String::new() } else { uuid(id) };
        self.route.replace("{slug}", FENLAND).replace("{id}", &id)
    }

    /// Opens the page and sends its form with what was typed. Returns what was sent, too.
    async fn send(
        &self,
        person: &Client,
        (page, id): (&str, &str),
        typed: &Typed,
    ) -> (Vec<(String, String)>, tests::client::Answer) {
        let typed: Vec<_> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let form = person.page(page).await.form(&self.action(id)).with(&typed);
        let fields: Vec<_> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = person.post(&form.action, &fields).await;
        (form.fields, answer)
    }
}

/// The forms that the router takes, by asking it.
async fn forms(app: &TestApp) -> Vec<String> {
    let mut forms = Vec::new();
    for route in walls::routes() {
        let address = route.replace("{slug}", FENLAND).replace("{id}", &uuid::Uuid::nil().to_string());
        let answer = app.stranger().post(&address, &[("csrf", "x")]).await;
        if answer.status != 405 {
            forms.push(route);
        }
    }
    forms
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_is_tried() {
    let app = TestApp::new().await;
    let mut forms = forms(&app).await;
    forms.sort();
    let cases = CASES.iter().map(|case| case.route);
    let mut tried: Vec<_> = cases.chain(ELSEWHERE.iter().map(|(route, _)| *route)).collect();
    tried.sort_unstable();
    assert_eq!(tried, forms);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_keeps_what_was_typed_and_says_what_is_wrong() {
    let app = TestApp::new().await;
    let things = Things::of(FENLAND, &app.sign_in("director@fenland.example").await).await;
    for case in CASES {
        let person = app.sign_in(&format!("{}@fenland.example", case.who)).await;
        let (field, id, page, typed) = match &case.refused {
            Refused::At(field, typed) => {
                (Some(*field), (case.id)(&things), (case.page)(&things), typed(&things))
            }
            Refused::Of(id, page) => (None, id(&things), page(&things), Vec::new()),
            Refused::TooLate(id) => {
                let form = person.page(&(case.page)(&things)).await.form(&case.action((case.id)(&things)));
                let fields: Vec<_> =
                    form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let before = app.contents().await;
                let action = case.action(id(&things));
                let answer = person.post(&action, &fields).await;
                assert_eq!(answer.status, 422, "{}: {}", case.route, answer.body);
                assert_eq!(app.contents().await, before, "{} changed something", case.route);
                let shown = Page::new(&action, &answer.body);
                is_told(case, &shown, None);
                assert_eq!(shown.count(&format!("form[action='{action}']")), 0, "it is offered again");
                continue;
            }
            Refused::SentTwice => continue,
        };
        let before = app.contents().await;
        let (sent, answer) = case.send(&person, (&page, id), &typed).await;
        assert_eq!(answer.status, 422, "{}: {}", case.route, answer.body);
        assert_eq!(app.contents().await, before, "{} changed something", case.route);
        let shown = Page::new(&case.action(id), &answer.body);
        is_told(case, &shown, field);
        let shown = shown.form(&case.action(id));
        for (name, value) in sent.iter().filter(|(name, value)| name != "key" && !value.is_empty()) {
            assert!(
                shown.fields.iter().any(|(found, kept)| (found, kept) == (name, value)),
                "{}: {name} was {value}, and is lost: {:?}",
                case.route,
                shown.fields
            );
        }
    }
}

/// The page says what is wrong: in its summary and, if it is at a field, there, with a link to it.
fn is_told(case: &Case, page: &Page, field: Option<&str>) {
    let route = case.route;
    assert_eq!(page.texts(".problems[role=alert] h2"), ["Nothing was changed"], "{route}");
    let said = page.texts(".problems[role=alert] p");
    let Some(field) = field else {
        assert!(page.texts(".problems a").is_empty(), "{route}: {said:?} has no field to link to");
        return;
    };
    let linked = page.texts(&format!(".problems a[href='#{field}']"));
    assert_eq!(linked, said, "{route}: no link to {field}");
    assert_eq!(page.texts(&format!("#{field}-error")), said, "{route}: not at {field}");
    let is_there = |css: String| page.count(&css) == 1;
    assert!(is_there(format!("#{field}")), "{route}: there is no {field}, or more than one");
    let is_section = ["lines", "formula", "inKindOffers", "parts", "terms"].contains(&field);
    let is_marked = is_there(format!("#{field}[aria-invalid=true][aria-describedby~={field}-error]"));
    assert!(is_section || is_marked, "{route}: {field} is not marked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_taken_leads_to_a_page_that_says_so() {
    for case in CASES {
        let app = TestApp::new().await;
        let things = Things::of(FENLAND, &app.sign_in("director@fenland.example").await).await;
        let person = app.sign_in(&format!("{}@fenland.example", case.who)).await;
        let (id, page) = ((case.id)(&things), (case.page)(&things));
        let count = format!("select count(*) from {}", case.changes);
        let before = app.count(&count).await;
        let (sent, answer) = case.send(&person, (&page, id), &(case.accepted)(&things)).await;
        assert_eq!(answer.status, 303, "{}: {}", case.route, answer.body);
        assert_ne!(app.count(&count).await, before, "{}: {}", case.route, case.changes);
        let next = person.page(answer.location()).await;
        assert_eq!(next.count("main .flash[role=status]"), 1, "{}: {}", case.route, next.text());
        assert_eq!(person.page(answer.location()).await.count("main .flash"), 0, "it is said once");
        if matches!(case.refused, Refused::SentTwice) {
            let before = app.contents().await;
            let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let again = person.post(&case.action(id), &sent).await;
            assert_eq!(again.status, 422, "{}, a second time: {}", case.route, again.body);
            is_told(case, &Page::new(&page, &again.body), None);
            assert_eq!(app.contents().await, before, "{} changed something", case.route);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_gone_cannot_be_signed_out() {
    let app = TestApp::new().await;
    let here = app.sign_in("finance@fenland.example").await;
    app.sign_in_anew("finance@fenland.example").await;
    let form = here.page("/account").await.form("/end");
    let fields: Vec<_> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let ended = here.post(&form.action, &fields).await;
    assert_eq!((ended.status, ended.location()), (303, "/account"));
    assert_eq!(here.page("/account").await.count("main .flash"), 1);
    let again = here.post(&form.action, &fields).await;
    assert_eq!(again.status, 422, "{}", again.body);
    let again = Page::new("/account", &again.body);
    assert_eq!(again.count(".problems[role=alert]"), 1);
    assert_eq!(again.count(".problems a"), 0);
}
