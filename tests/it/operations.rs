//! Every mutation of the schema with an input that works in the fixture, and the permission that it takes. Who has that is
//! what the product's own table says. A mutation that is not here fails `every_mutation_is_here`.

use domain::viewer::Permission;
use serde_json::{Value, json};
use tests::{
    Client,
    fixture::{self, ROLES},
};

pub struct Operation {
    pub name: &'static str,
    /// What it takes.
    pub permission: Permission,
    /// An input that works on the fixture's day, about what a strand lead or a school's people have of their own where
    /// they may do it.
    pub input: fn(&Things) -> Value,
}

impl Operation {
    /// Who may, by the name before the `@`.
    pub fn roles(&self) -> Vec<&'static str> {
        let may = [self.permission.everywhere(), self.permission.own()].concat();
        ROLES.iter().filter(|(role, _)| may.contains(role)).map(|(_, local)| *local).collect()
    }
}

pub const OPERATIONS: &[Operation] = &[
    Operation { name: "changeSettings", permission: Permission::ManageAlliance, input: change_settings },
    Operation {
        name: "addClosure",
        permission: Permission::ManageAlliance,
        input: |of| json!({ "alliance": of.slug, "name": "Spring half term", "startsOn": "2027-02-15", "endsOn": "2027-02-19" }),
    },
    Operation {
        name: "changeClosure",
        permission: Permission::ManageAlliance,
        input: |of| {
            json!({ "alliance": of.slug, "closureId": of.first("closures"), "name": "Christmas holiday",
                            "startsOn": "2026-12-21", "endsOn": "2027-01-04" })
        },
    },
    Operation {
        name: "removeClosure",
        permission: Permission::ManageAlliance,
        input: |of| json!({ "alliance": of.slug, "closureId": of.first("closures") }),
    },
    Operation {
        name: "assignTask",
        permission: Permission::ManageAlliance,
        input: |of| {
            let owner = of.person_with("FINANCE_LEAD");
            json!({ "alliance": of.slug, "task": "MEMBERS", "ownerId": owner })
        },
    },
    Operation {
        name: "setTaskAside",
        permission: Permission::ManageAlliance,
        input: |of| json!({ "alliance": of.slug, "task": "TERM_DATES" }),
    },
    Operation {
        name: "resumeTask",
        permission: Permission::ManageAlliance,
        input: |of| json!({ "alliance": of.slug, "task": "WORDING" }),
    },
    Operation {
        name: "setTermDates",
        permission: Permission::ManageAlliance,
        input: |of| {
            json!({ "alliance": of.slug, "schoolYear": 2026,
                    "terms": [{ "name": "Spring term", "startsOn": "2027-01-04", "endsOn": "2027-03-25" }] })
        },
    },
    Operation {
        name: "addStrand",
        permission: Permission::ManageAlliance,
        input: |of| json!({ "alliance": of.slug, "name": "Peer review" }),
    },
    Operation {
        name: "renameStrand",
        permission: Permission::ManageStrands,
        input: |of| json!({ "alliance": of.slug, "strandId": of.led_strand(), "name": "Trainees" }),
    },
    Operation {
        name: "removeStrand",
        permission: Permission::ManageAlliance,
        input: |of| json!({ "alliance": of.slug, "strandId": of.first("strands") }),
    },
    Operation {
        name: "requestExport",
        permission: Permission::ManageData,
        input: |of| json!({ "alliance": of.slug }),
    },
    Operation {
        name: "addMember",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "name": "Gorse Nursery School", "phase": "NURSERY", "joinedOn": "2026-11-01",
                            "payerId": of.payer("Hedgerow Learning Trust") })
        },
    },
    Operation {
        name: "assignPayer",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "memberId": of.member("Elm Academy"),
                            "newPayer": { "kind": "AUTHORITY", "legalName": "Wold County Council", "address": "County Hall",
                                          "purchaseOrder": "REQUIRED", "financeContactId": of.person() } })
        },
    },
    Operation {
        name: "changeMember",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "memberId": of.member("Elm Academy"), "name": "Elm Junior Academy",
                            "phase": "JUNIOR", "joinedOn": "2025-09-01" })
        },
    },
    Operation {
        name: "changePayer",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "payerId": of.payer("Birch Infant School"),
                            "payer": { "kind": "SCHOOL", "legalName": "Birch Infant School", "address": "2 Mill Road",
                                       "purchaseOrder": "NONE", "financeContactId": of.person() } })
        },
    },
    Operation {
        name: "endMembership",
        permission: Permission::ManageMembers,
        input: |of| json!({ "alliance": of.slug, "memberId": of.member("Elm Academy"), "leftOn": "2026-12-31" }),
    },
    Operation {
        name: "addMembers",
        permission: Permission::ManageMembers,
        input: |of| json!({ "alliance": of.slug, "urns": [fixture::URN], "joinedOn": "2026-11-01" }),
    },
    Operation {
        name: "setLeadSchool",
        permission: Permission::ManageAlliance,
        input: |of| json!({ "alliance": of.slug, "memberId": of.member("Elm Academy") }),
    },
    Operation {
        name: "recordRoll",
        permission: Permission::ManageBudgets,
        input: |of| {
            json!({ "alliance": of.slug, "memberId": of.member("Elm Academy"), "pupils": 210,
                            "censusDate": "2026-10-01", "source": "autumn census" })
        },
    },
    Operation {
        name: "addPerson",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "name": "The bursar of Birch", "email": "bursar@birch.example",
                            "memberId": of.member("Birch Infant School"), "title": "Bursar", "startsOn": "2026-11-01" })
        },
    },
    Operation {
        name: "changePerson",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "personId": of.person_named("The staff member of Alder"),
                            "name": "The bursar of Alder", "email": "bursar@alder.example" })
        },
    },
    Operation {
        name: "addPost",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "personId": of.person_named("The staff member of Alder"),
                            "memberId": of.member("Birch Infant School"), "title": "Clerk", "startsOn": "2026-11-01" })
        },
    },
    Operation {
        name: "changePost",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "postId": of.first_of("The staff member of Alder", "posts"), "title": "Bursar",
                            "startsOn": "2025-09-01", "endsOn": "2026-12-31" })
        },
    },
    Operation {
        name: "grantRole",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "personId": of.person_named("The staff member of Alder"),
                            "role": "SCHOOL_HEAD", "memberId": of.member("Birch Infant School") })
        },
    },
    Operation {
        name: "endRole",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "grantId": of.first_of("The staff member of Alder", "roles"),
                            "endsOn": "2026-12-31" })
        },
    },
    Operation {
        name: "invite",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "name": "The clerk of Birch", "email": "clerk@birch.example",
                    "role": "STAFF_MEMBER", "memberId": of.member("Birch Infant School") })
        },
    },
    Operation {
        name: "inviteSeveral",
        permission: Permission::ManageMembers,
        input: |of| {
            json!({ "alliance": of.slug, "list": "The clerk of Birch <clerk@birch.example>\nbursar@birch.example",
                    "role": "STAFF_MEMBER", "memberId": of.member("Birch Infant School") })
        },
    },
    Operation {
        name: "sendInvitationAgain",
        permission: Permission::ManageMembers,
        input: |of| json!({ "alliance": of.slug, "invitationId": of.first("invitations") }),
    },
    Operation {
        name: "withdrawInvitation",
        permission: Permission::ManageMembers,
        input: |of| json!({ "alliance": of.slug, "invitationId": of.first("invitations") }),
    },
    Operation {
        name: "draftBudget",
        permission: Permission::ManageBudgets,
        input: |of| json!({ "alliance": of.slug, "budget": budget(of, "2028-29", 2028) }),
    },
    Operation {
        name: "changeBudget",
        permission: Permission::ManageBudgets,
        input: |of| json!({ "alliance": of.slug, "budgetId": of.budget("2027-28"), "budget": budget(of, "2027-28", 2027) }),
    },
    Operation {
        name: "agreeBudget",
        permission: Permission::ManageBudgets,
        input: |of| json!({ "alliance": of.slug, "budgetId": of.budget("2027-28") }),
    },
    Operation {
        name: "addShare",
        permission: Permission::ManageBudgets,
        input: |of| json!({ "alliance": of.slug, "budgetId": of.budget("2026-27"), "memberId": of.member(fixture::JOINER) }),
    },
    Operation {
        name: "reopenBudget",
        permission: Permission::ManageBudgets,
        input: |of| json!({ "alliance": of.slug, "budgetId": of.budget("2026-27") }),
    },
    Operation {
        name: "recordPurchaseOrder",
        permission: Permission::IssueInvoices,
        input: |of| {
            json!({ "alliance": of.slug, "budgetId": of.budget("2026-27"), "payerId": of.payer("Fir Special School"),
                            "number": "PO 77", "requestedBy": "The bursar" })
        },
    },
    Operation {
        name: "overrideVat",
        permission: Permission::IssueInvoices,
        input: |of| {
            json!({ "alliance": of.slug, "budgetId": of.budget("2026-27"), "memberId": of.member("Birch Infant School"),
                            "treatment": "EXEMPT", "reason": "It buys training only" })
        },
    },
    Operation {
        name: "issueInvoices",
        permission: Permission::IssueInvoices,
        input: |of| {
            json!({ "alliance": of.slug, "budgetId": of.budget("2026-27"), "expectedCount": 5,
                            "expectedTotal": 503_500, "idempotencyKey": "run" })
        },
    },
    Operation {
        name: "creditInvoice",
        permission: Permission::IssueInvoices,
        input: |of| {
            json!({ "alliance": of.slug, "invoiceId": of.invoice("Birch Infant School"), "gross": 1_000,
                            "reason": "Agreed with the school", "idempotencyKey": "credit" })
        },
    },
    Operation {
        name: "decideChasing",
        permission: Permission::IssueInvoices,
        input: |of| {
            json!({ "alliance": of.slug, "invoiceId": of.invoice("Birch Infant School"), "chasing": "HELD",
                            "reason": "The office is being moved" })
        },
    },
    Operation {
        name: "sendInvoice",
        permission: Permission::IssueInvoices,
        input: |of| json!({ "alliance": of.slug, "invoiceId": of.invoice("Cedar Secondary School"), "idempotencyKey": "send" }),
    },
    Operation {
        name: "sendAgain",
        permission: Permission::IssueInvoices,
        input: |of| {
            json!({ "alliance": of.slug, "deliveryId": of.refused_mail("Cedar Secondary School"),
                            "idempotencyKey": "again" })
        },
    },
    Operation {
        name: "setReminderLevels",
        permission: Permission::IssueInvoices,
        input: |of| json!({ "alliance": of.slug, "levels": [-7, 0, 21] }),
    },
    Operation {
        name: "recordPayment",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "receivedOn": "2026-11-20", "amount": 25_500,
                            "payerId": of.payer("Birch Infant School"), "reference": "BIRCH", "method": "BACS",
                            "idempotencyKey": "payment" })
        },
    },
    Operation {
        name: "importBankStatement",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "fileName": "november.csv",
                            "csv": "Date,Description,Amount\n20/11/2026,BIRCH INFANT,255.00\n", "idempotencyKey": "file" })
        },
    },
    Operation {
        name: "allocatePayment",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "paymentId": of.free_payment(), "idempotencyKey": "parts",
                            "parts": [{ "invoiceId": of.invoice("Birch Infant School"), "amount": 1_000 }] })
        },
    },
    Operation {
        name: "reverseAllocation",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "allocationId": of.allocation("Birch Infant School"),
                            "reason": "The cheque bounced", "idempotencyKey": "back" })
        },
    },
    Operation {
        name: "reversePayment",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "paymentId": of.free_payment(), "reason": "The cheque bounced",
                            "idempotencyKey": "never" })
        },
    },
    Operation {
        name: "refundPayment",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "paymentId": of.free_payment(), "amount": 500, "sentOn": "2026-11-20",
                            "reason": "It was paid twice", "idempotencyKey": "sent back" })
        },
    },
    Operation {
        name: "reverseRefund",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "refundId": of.refund(), "reason": "It was mistyped",
                            "idempotencyKey": "not sent" })
        },
    },
    Operation {
        name: "changePayerOfPayment",
        permission: Permission::RecordPayments,
        input: |of| {
            json!({ "alliance": of.slug, "paymentId": of.free_payment(), "payerId": of.payer("Fir Special School"),
                            "reason": "The bank line names it", "idempotencyKey": "whose" })
        },
    },
    Operation {
        name: "retryJob",
        permission: Permission::ManageJobs,
        input: |of| json!({ "alliance": of.slug, "jobId": of.parked_job() }),
    },
    Operation {
        name: "discardJob",
        permission: Permission::ManageJobs,
        input: |of| json!({ "alliance": of.slug, "jobId": of.parked_job() }),
    },
];

/// An input with an id that [`OPERATIONS`] leaves out, because it is an alternative to another.
pub struct Alternative {
    /// The operation.
    pub name: &'static str,
    /// Where the id is.
    pub path: &'static str,
    /// An input that works on the fixture's day.
    pub input: fn(&Things) -> Value,
}

pub const ALTERNATIVES: &[Alternative] = &[
    Alternative {
        name: "addMember",
        path: "/newPayer/financeContactId",
        input: |of| {
            json!({ "alliance": of.slug, "name": "Gorse Nursery School", "phase": "NURSERY", "joinedOn": "2026-11-01",
                    "newPayer": { "kind": "SCHOOL", "legalName": "Gorse Nursery School", "address": "3 Mill Road",
                                  "purchaseOrder": "NONE", "financeContactId": of.person() } })
        },
    },
    Alternative {
        name: "assignPayer",
        path: "/payerId",
        input: |of| {
            json!({ "alliance": of.slug, "memberId": of.member("Birch Infant School"),
                    "payerId": of.payer("Hedgerow Learning Trust") })
        },
    },
    Alternative {
        name: "addPerson",
        path: "/strandId",
        input: |of| json!({ "alliance": of.slug, "name": "A strand lead", "role": "STRAND_LEAD", "strandId": of.first("strands") }),
    },
    Alternative {
        name: "invite",
        path: "/strandId",
        input: |of| {
            json!({ "alliance": of.slug, "name": "A strand lead", "email": "lead@birch.example",
                    "role": "STRAND_LEAD", "strandId": of.first("strands") })
        },
    },
    Alternative {
        name: "inviteSeveral",
        path: "/strandId",
        input: |of| {
            json!({ "alliance": of.slug, "list": "lead@birch.example", "role": "STRAND_LEAD",
                    "strandId": of.first("strands") })
        },
    },
    Alternative {
        name: "grantRole",
        path: "/strandId",
        input: |of| {
            json!({ "alliance": of.slug, "personId": of.person_named("The staff member of Alder"),
                    "role": "STRAND_LEAD", "strandId": of.first("strands") })
        },
    },
];

pub fn change_settings(of: &Things) -> Value {
    json!({
        "alliance": of.slug, "name": "A new name", "legalName": "A new name CIO", "address": "2 Church Lane",
        "contactEmail": "post@new.example", "bankAccountName": "A new name", "sortCode": "11-22-33",
        "accountNumber": "87654321", "supplierKind": "EDUCATION_BODY", "paymentTermsDays": 14, "invoicePrefix": "N-",
        "creditPrefix": "NC-", "timezone": "Europe/Guernsey", "yearStartMonth": 4, "allianceWord": "hub",
        "memberWord": "partner school", "strandWord": "programme",
    })
}

fn budget(of: &Things, label: &str, year: i32) -> Value {
    json!({
        "label": label, "startsOn": format!("{year}-09-01"), "endsOn": format!("{}-08-31", year + 1),
        "formula": serde_json::to_value(fixture::formula()).unwrap(),
        "lines": [{ "description": "Co-ordination", "pence": 700_000 }],
        "inKindOffers": [{ "memberId": of.member("Elm Academy"), "description": "A room", "pence": 5_000 }],
        "agreedAmounts": [{ "memberId": of.member("Birch Infant School"), "pence": 20_000, "reason": "It is new" }],
    })
}

/// What people change of their own account, in no alliance and whatever their roles: `access.rs`, `addresses.rs`, `deletions.rs`,
/// `departures.rs`, `invitations.rs`, `passkeys.rs`, `second_step.rs`, `tokens.rs` and `sign_up.rs` try them.
pub const ACCOUNT_OPERATIONS: &[&str] = &[
    "acceptInvitation",
    "addPasskey",
    "beginPasskey",
    "beginSecondStep",
    "callOffDeletion",
    "changeAddress",
    "confirmAddress",
    "confirmSecondStep",
    "createToken",
    "declineInvitation",
    "endOtherSessions",
    "endSession",
    "foundAlliance",
    "leaveAlliance",
    "removePasskey",
    "removeSecondStep",
    "renamePasskey",
    "renewRecoveryCodes",
    "requestDeletion",
    "revokeToken",
];

const THINGS: &str = "query($slug: String!) { alliance(slug: $slug) {
    id strands { id } closures { id } exports { id } invitations { id } members(first: 100) { nodes { id name } } payers(first: 100) { nodes { id legalName } } people(first: 30) { nodes { id name posts { id } roles { id role strand { id } } } }
    budgets(first: 20) { nodes { id label shares { id } } }
    invoices(first: 80) { nodes { id memberName creditNotes { id } allocations { id amount isReversed isReversal }
                                   deliveries { id state } } }
    payments(first: 50) { nodes { id free reference refunds { id } } } jobs(first: 100) { nodes { id state } } } }";

/// What there is in an alliance, as its director sees it.
pub struct Things {
    pub slug: String,
    pub all: Value,
}

impl Things {
    pub async fn of(slug: &str, director: &Client) -> Self {
        let data = director.graphql(THINGS, json!({ "slug": slug })).await;
        Self { slug: slug.to_owned(), all: data["alliance"].clone() }
    }

    fn find(&self, list: &str, key: &str, value: &str) -> &Value {
        let rows = self.all.pointer(list).unwrap().as_array().unwrap();
        rows.iter().find(|row| row[key] == value).unwrap_or_else(|| panic!("{list}: no {value}"))
    }

    pub fn member(&self, name: &str) -> &str {
        id(self.find("/members/nodes", "name", name))
    }

    pub fn payer(&self, name: &str) -> &str {
        id(self.find("/payers/nodes", "legalName", name))
    }

    pub fn person(&self) -> &str {
        id(&self.all["people"]["nodes"][0])
    }

    pub fn person_named(&self, name: &str) -> &str {
        id(self.find("/people/nodes", "name", name))
    }

    /// Somebody who has a role.
    pub fn person_with(&self, role: &str) -> &str {
        let people = self.all["people"]["nodes"].as_array().unwrap();
        let has =
            |person: &&Value| person["roles"].as_array().unwrap().iter().any(|grant| grant["role"] == role);
        id(people.iter().find(has).unwrap())
    }

    /// The first of the alliance's own `strands`, `closures`, `exports` or `invitations`.
    pub fn first(&self, list: &str) -> &str {
        id(&self.all[list][0])
    }

    /// The newest of a person's `posts` or `roles`.
    pub fn first_of(&self, person: &str, list: &str) -> &str {
        id(&self.find("/people/nodes", "name", person)[list][0])
    }

    /// The strand that somebody leads.
    pub fn led_strand(&self) -> &str {
        let people = self.all["people"]["nodes"].as_array().unwrap();
        let mut roles = people.iter().flat_map(|person| person["roles"].as_array().unwrap());
        id(&roles.find(|grant| grant["role"] == "STRAND_LEAD").unwrap()["strand"])
    }

    /// A role that a person has.
    pub fn role_of(&self, person: &str, role: &str) -> &str {
        let roles = self.find("/people/nodes", "name", person)["roles"].as_array().unwrap();
        id(roles.iter().find(|grant| grant["role"] == role).unwrap())
    }

    pub fn budget(&self, label: &str) -> &str {
        id(self.find("/budgets/nodes", "label", label))
    }

    pub fn invoice(&self, member: &str) -> &str {
        id(self.find("/invoices/nodes", "memberName", member))
    }

    pub fn credit_note(&self, member: &str) -> &str {
        id(&self.find("/invoices/nodes", "memberName", member)["creditNotes"][0])
    }

    /// An allocation to the member's invoice that was not taken back.
    pub fn allocation(&self, member: &str) -> &str {
        let rows = self.find("/invoices/nodes", "memberName", member)["allocations"].as_array().unwrap();
        id(rows.iter().find(|row| row["isReversal"] == false && row["isReversed"] == false).unwrap())
    }

    /// The payment of which most is free, £10 or more: nobody knows whose it is.
    pub fn free_payment(&self) -> &str {
        let rows = self.all["payments"]["nodes"].as_array().unwrap();
        id(rows.iter().max_by_key(|row| row["free"].as_i64()).unwrap())
    }

    /// Money of a payment that was sent back.
    pub fn refund(&self) -> &str {
        let rows = self.all["payments"]["nodes"].as_array().unwrap();
        id(rows.iter().find_map(|row| row["refunds"].get(0)).unwrap())
    }

    /// A mail about the member's invoice that did not arrive.
    pub fn refused_mail(&self, member: &str) -> &str {
        let rows = self.find("/invoices/nodes", "memberName", member)["deliveries"].as_array().unwrap();
        id(rows.iter().find(|row| row["state"] == "REFUSED").unwrap())
    }

    pub fn parked_job(&self) -> &str {
        id(self.find("/jobs/nodes", "state", "PARKED"))
    }

    /// Every id that is anywhere in it.
    pub fn ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        collect(&self.all, &mut ids);
        ids
    }
}

fn collect(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            ids.extend(fields.get("id").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect(value, ids));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, ids)),
        _ => {}
    }
}

fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}
