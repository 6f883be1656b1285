//! What an export holds: each table of the alliance with its columns, in plain words. The list is the statement too: a
//! column that is not described does not leave. `tests/it/exports.rs` compares it with the database's own catalogue, so that
//! a new table or column is here, or stands below with the reason why it stays.

/// A table as it leaves.
#[derive(Debug)]
pub struct ExportedTable {
    /// As the database knows it, and as its two files are called.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// In their order.
    pub columns: &'static [ExportedColumn],
    /// Its rows, each as JSON.
    pub(super) rows: &'static str,
}

/// A column as it leaves.
#[derive(Debug)]
pub struct ExportedColumn {
    /// As the database knows it.
    pub name: &'static str,
    /// What it says.
    pub about: &'static str,
}

macro_rules! exported {
    ($($table:ident by $($key:ident),+: $about:literal { $($column:ident: $says:literal),* $(,)? })*) => {
        &[$(ExportedTable {
            name: stringify!($table),
            about: $about,
            columns: &[
                ExportedColumn { name: "alliance_id", about: "The alliance: the same in every row." },
                $(ExportedColumn { name: stringify!($column), about: $says },)*
            ],
            rows: concat!(
                "select row_to_json(t)::text from (select alliance_id", $(", ", stringify!($column),)*
                " from ", stringify!($table), " where alliance_id = $1 order by alliance_id", $(", ", stringify!($key),)+ ") t"
            ),
        },)*]
    };
}

/// Everything that leaves, in the order of the file: first who and what there is, then the money, then what was done.
pub const EXPORTED: &[ExportedTable] = exported! {
    alliances by alliance_id: "The alliance itself and its settings." {
        slug: "Its part of the address.",
        name: "Its name.",
        legal_name: "Who issues its invoices.",
        address: "The postal address on its invoices.",
        contact_email: "Where payers write to.",
        vat_number: "The VAT registration number, if registered.",
        supplier_kind: "What kind of body it is for VAT.",
        bank_account_name: "The name on the account to pay into.",
        bank_sort_code: "The sort code of that account.",
        bank_account_number: "The number of that account.",
        timezone: "The time zone of its days.",
        year_start_month: "The month, 1 to 12, in which its year begins.",
        payment_terms_days: "Days from issue to due date.",
        invoice_prefix: "What invoice numbers begin with.",
        credit_prefix: "What credit note numbers begin with.",
        wording: "What it calls itself, its members and its strands.",
        created_at: "When it was founded here.",
        confirmed_at: "When whoever runs the service confirmed it.",
        requires_second_step: "Whether everybody needs a second step at sign-in.",
    }
    strands by id: "A strand of the alliance's work." {
        id: "Its id.",
        name: "Its name.",
        position: "Its place in the list.",
    }
    closures by id: "Days on which schools are closed." {
        id: "Its id.",
        name: "What it is.",
        starts_on: "The first day.",
        ends_on: "The last day.",
    }
    term_dates by starts_on: "A part of a school year in which schools are open." {
        school_year: "The year in which that school year begins.",
        name: "What it is called.",
        starts_on: "The first day.",
        ends_on: "The last day.",
    }
    set_up_tasks by task: "What was decided about a step of setting up the alliance." {
        task: "Which step.",
        owner_id: "Who sees to it: a row of people; empty is whoever founded the alliance.",
        is_set_aside: "Whether it is not needed.",
    }
    members by id: "A school or other body that belongs to the alliance, or did." {
        id: "Its id.",
        name: "Its name.",
        urn: "Its number in the national register, if it has one.",
        phase: "Its phase of schooling.",
        payer_id: "Who settles its invoices: a row of payers.",
        joined_on: "The first day of its membership.",
        left_on: "The last day of its membership, if it left.",
        created_at: "When it was entered.",
    }
    lead_schools by starts_on: "Which member leads the alliance from a day on." {
        starts_on: "From which day on.",
        member_id: "Which member.",
    }
    member_rolls by member_id, census_date: "A number of pupils that somebody decided for a member." {
        member_id: "Of which member.",
        census_date: "The day it was counted.",
        pupils: "How many pupils.",
        source: "Where the number is from.",
        recorded_at: "When it was entered.",
    }
    payers by id: "Whoever settles invoices: a school, a trust, a local authority." {
        id: "Its id.",
        kind: "What kind of body it is.",
        legal_name: "Its legal name.",
        address: "Its postal address.",
        accounts_email: "The mailbox of its accounts office.",
        purchase_order: "Whether it wants its order number on an invoice.",
        created_at: "When it was entered.",
        finance_contact_id: "Who is asked about money there: a row of people.",
    }
    people by id: "A person as the alliance knows them." {
        id: "Their id.",
        name: "Their name.",
        email: "Their e-mail address.",
        created_at: "When they were entered.",
    }
    posts by id: "A post of a person at a member." {
        id: "Its id.",
        person_id: "Whose.",
        member_id: "At which member.",
        title: "What they are there.",
        starts_on: "The first day.",
        ends_on: "The last day, if it ends.",
    }
    role_grants by id: "A role of a person: what they may do here." {
        id: "Its id.",
        person_id: "Whose.",
        role: "Which role.",
        member_id: "For which member, if for one.",
        starts_on: "The first day.",
        ends_on: "The last day, if it ends.",
        strand_id: "For which strand, if for one.",
    }
    invitations by id: "An invitation to act in a role." {
        id: "Its id.",
        name: "Who was invited.",
        email: "Where the invitation was mailed to.",
        role: "The role that it gives.",
        member_id: "For which member, if for one.",
        strand_id: "For which strand, if for one.",
        message: "What was written to them.",
        invited_by: "Who invited: a row of people.",
        invited_at: "When.",
        expires_at: "Until when it can be accepted.",
        mailed_at: "When it was mailed.",
        state: "What became of it.",
        settled_at: "When it was answered or withdrawn.",
        person_id: "Whoever accepted it: a row of people.",
        refusal: "Why the mail server did not take it.",
    }
    departures by id: "That a person said they leave." {
        id: "Its id.",
        person_id: "Who.",
        said_at: "When they said so.",
        ends_on: "Their last day.",
    }
    person_changes by id: "A change of what is known of a person." {
        id: "Its id.",
        person_id: "Of whom.",
        changed_by: "Who changed it: a row of people.",
        changed_at: "When.",
        what: "What was changed.",
        before: "What stood there.",
        after: "What stands there since.",
    }
    budgets by id: "A year's budget, with the formula by which members share it." {
        id: "Its id.",
        label: "What it is called.",
        starts_on: "The first day of its year.",
        ends_on: "The last day of its year.",
        formula: "How members share it.",
        state: "Whether it is a draft or agreed.",
        agreed_at: "When it was agreed.",
        agreed_by: "Who agreed it: a row of people.",
        created_at: "When it was drafted.",
        contributions_are: "What contributions are for VAT.",
    }
    budget_lines by id: "A line of a budget." {
        id: "Its id.",
        budget_id: "Of which budget.",
        position: "Its place in the list.",
        description: "What it is for.",
        pence: "How much, in pence; income is below nought.",
    }
    agreed_amounts by budget_id, member_id: "An amount that was agreed with a member in place of the formula." {
        budget_id: "For which budget.",
        member_id: "With which member.",
        pence: "How much, in pence.",
        reason: "Why.",
    }
    in_kind_offers by id: "What a member gives in place of money." {
        id: "Its id.",
        budget_id: "For which budget.",
        member_id: "Which member.",
        description: "What it gives.",
        pence: "What it is worth, in pence.",
    }
    vat_overrides by budget_id, member_id, nth: "A decision about the VAT of one member's contribution." {
        budget_id: "For which budget.",
        member_id: "For which member.",
        nth: "Which decision it is, from 1; the last one counts.",
        vat_code: "How its VAT is treated; empty when as usual again.",
        reason: "Why.",
        decided_by: "Who decided: a row of people.",
        decided_at: "When.",
    }
    purchase_orders by payer_id, budget_id: "A payer's order number for a budget." {
        payer_id: "Whose.",
        budget_id: "For which budget.",
        number: "The number.",
        given_at: "When it was entered.",
        requested_by: "Who at the payer ordered.",
    }
    shares by id: "What a member contributes to a budget." {
        id: "Its id.",
        budget_id: "To which budget.",
        member_id: "Which member.",
        pence: "How much, in pence.",
        pupils: "The number of pupils it was worked out from.",
        census_date: "The day they were counted.",
        census_source: "Where that number is from.",
        steps: "How it was worked out, step by step.",
        explanation: "The same in a sentence.",
        left_on: "The last day of the membership, where that shortened it.",
    }
    number_series by series: "The next number of invoices and of credit notes." {
        series: "Of which documents.",
        next: "The next number.",
    }
    invoice_runs by id: "One issue of invoices for a budget." {
        id: "Its id.",
        budget_id: "For which budget.",
        issued_on: "The date on its invoices.",
        due_on: "Their due date.",
        issued_by: "Who issued: a row of people.",
        created_at: "When.",
    }
    invoices by id: "An issued invoice, as printed." {
        id: "Its id.",
        run_id: "The issue that it was part of.",
        budget_id: "For which budget.",
        member_id: "For which member.",
        payer_id: "To which payer.",
        sequence: "Its place in the series of numbers.",
        number: "Its number.",
        issued_on: "Its date.",
        due_on: "When it is to be paid.",
        period_start: "The first day of what it is for.",
        period_end: "The last day of what it is for.",
        letterhead: "Who issued it, as printed.",
        bill_to_name: "Whom it is made out to, as printed.",
        bill_to_address: "Their address, as printed.",
        member_name: "The member, as printed.",
        member_urn: "The member's number, as printed.",
        purchase_order: "The payer's order number, as printed.",
        requested_by: "Who ordered, as printed.",
        explanation: "How the amount came about, as printed.",
        prepayment_note: "What it says of the payer's two financial years.",
        net_pence: "Without VAT, in pence.",
        vat_pence: "The VAT, in pence.",
        gross_pence: "With VAT, in pence.",
        created_at: "When it was issued.",
    }
    invoice_lines by invoice_id, position: "A line of an invoice." {
        invoice_id: "Of which invoice.",
        position: "Its place.",
        description: "What it is for.",
        quantity: "How many.",
        unit_pence: "What one costs, in pence.",
        net_pence: "Without VAT, in pence.",
        vat_code: "How its VAT is treated.",
        vat_basis_points: "The rate of VAT in hundredths of a per cent.",
        vat_reason: "Why it is treated so.",
        vat_pence: "The VAT, in pence.",
    }
    chasing_decisions by id: "A decision how an invoice is asked for: as usual, paused, or not while disputed." {
        id: "Its id.",
        invoice_id: "Which invoice.",
        state: "What was decided.",
        reason: "Why.",
        decided_by: "Who decided: a row of people.",
        decided_at: "When.",
        nth: "Which decision it is, from 1; the last one counts.",
    }
    credit_notes by id: "A credit against an invoice." {
        id: "Its id.",
        invoice_id: "Against which invoice.",
        sequence: "Its place in the series of numbers.",
        number: "Its number.",
        issued_on: "Its date.",
        reason: "Why, as printed.",
        net_pence: "Without VAT, in pence.",
        vat_pence: "The VAT, in pence.",
        gross_pence: "With VAT, in pence.",
        issued_by: "Who issued it: a row of people.",
        created_at: "When.",
    }
    bank_imports by id: "A bank statement that was read in." {
        id: "Its id.",
        file_name: "The name of the file.",
        imported_by: "Who read it in: a row of people.",
        imported_at: "When.",
    }
    payments by id: "Money received." {
        id: "Its id.",
        received_on: "The day it came in.",
        pence: "How much, in pence.",
        payer_id: "From which payer, if that is known.",
        payer_text: "What the bank says of who paid.",
        reference: "The reference on it.",
        method: "How it was paid.",
        import_id: "The bank statement that it is from.",
        bank_line: "A fingerprint of its line there, by which a line is read in once.",
        recorded_by: "Who entered it: a row of people.",
        created_at: "When it was entered.",
    }
    payment_payers by payment_id, nth: "That a payment was found to be somebody else's." {
        payment_id: "Which payment.",
        nth: "Which change it is, from 1.",
        from_payer_id: "Whose it was thought to be.",
        to_payer_id: "Whose it is.",
        reason: "Why.",
        changed_by: "Who changed it: a row of people.",
        changed_at: "When.",
    }
    payment_reversals by payment_id: "That a payment never came, or bounced." {
        payment_id: "Which payment.",
        reason: "Why.",
        reversed_by: "Who entered it: a row of people.",
        reversed_at: "When.",
    }
    allocations by id: "A part of a payment set against an invoice, or taken back from it." {
        id: "Its id.",
        payment_id: "Of which payment.",
        invoice_id: "Against which invoice.",
        pence: "How much, in pence; what takes back is below nought.",
        reverses_id: "Which allocation it takes back, if it does.",
        reason: "Why it was taken back.",
        allocated_by: "Who did it: a row of people.",
        created_at: "When.",
    }
    refunds by id: "Money of a payment that was sent back." {
        id: "Its id.",
        payment_id: "Of which payment.",
        sent_on: "The day it was sent.",
        pence: "How much, in pence.",
        reason: "Why.",
        refunded_by: "Who entered it: a row of people.",
        created_at: "When.",
    }
    refund_reversals by refund_id: "That a refund was never sent." {
        refund_id: "Which refund.",
        reason: "Why.",
        reversed_by: "Who entered it: a row of people.",
        reversed_at: "When.",
    }
    reminder_levels by days_from_due: "When payers are reminded." {
        days_from_due: "Days from the due date; before it they are below nought.",
    }
    ledger_entries by id: "What a member gave to the alliance or gained from it." {
        id: "Its id.",
        member_id: "Which member.",
        occurred_on: "The day.",
        direction: "Whether it gave or gained.",
        unit: "What is counted: pence, hundredths of days, places.",
        quantity: "How many.",
        kind: "What it was.",
        note: "A word about it.",
        source_id: "What it comes from, such as an invoice.",
        created_at: "When it was entered.",
    }
    deliveries by id: "A mail to one recipient." {
        id: "Its id.",
        rule: "What kind of mail.",
        subject_id: "What it is about, such as an invoice.",
        recipient: "The address it went to.",
        reference_date: "The day that it is about.",
        occurrence: "Which of its kind it is, from 0.",
        member_id: "About which member.",
        state: "What became of it.",
        attempts: "How often it was tried.",
        leased_until: "Until when a process is sending it.",
        message_id: "Its Message-ID.",
        mail_subject: "Its subject.",
        last_reply: "What the mail server said last.",
        created_at: "When it was planned.",
        sent_at: "When the mail server took it.",
        again: "How often somebody had it sent again.",
        mail_text: "What it said, as plain text.",
    }
    documents by id: "A file of this export: an invoice or a credit note as a PDF." {
        id: "Its id.",
        kind: "What it is.",
        subject_id: "Which invoice or credit note.",
        store_key: "Where the service keeps it.",
        sha256: "The SHA-256 of its bytes, by which you can see that it is whole.",
        bytes: "Its size.",
        rendered_at: "When it was printed.",
    }
    exports by id: "An export such as this one." {
        id: "Its id.",
        asked_by: "Who asked for it: a row of people.",
        asked_at: "When.",
        state: "What became of it. The export that you read was still being made.",
        ready_at: "When it was ready.",
        expires_at: "Until when it could be downloaded.",
        bytes: "The size of the file.",
        row_count: "How many rows it held.",
        file_count: "How many files it held.",
    }
    deletions by id: "That the alliance was to be deleted." {
        id: "Its id.",
        requested_by: "Who asked: a row of people.",
        requested_at: "When.",
        reason: "Why.",
        deactivates_at: "From when on nobody was to come in but directors.",
        deactivated_at: "Since when nobody did.",
        purges_at: "When everything was to go.",
        called_off_by: "Who called it off: a row of people.",
        called_off_at: "When.",
        purge_begun_at: "When everything began to go.",
    }
    audit_records by nth: "The record of changes: what one person or process changed at once." {
        nth: "Its number: from 1, without gaps.",
        id: "Its id.",
        at: "When.",
        person_id: "Who; empty for the service's own work.",
        proof: "By what: a browser's session, an API token, or the service's own work.",
        proof_id: "By which.",
        address: "The network address that it came from.",
        event: "What was done that changed no row, such as a download.",
        previous: "The fingerprint of the record before.",
        hash: "The fingerprint over this record and the one before: none can be altered without all after it telling.",
    }
    audit_changes by record_id, nth: "A row that a record of changes is about." {
        record_id: "Which record.",
        nth: "Its place in it.",
        table_name: "The table of the row.",
        row_key: "The id of the row.",
        action: "Whether it was added, changed or removed.",
        label: "How people know the row.",
        before: "What stood there.",
        after: "What stands there since.",
        digest: "The fingerprint of this change.",
    }
};

/// The tables of an alliance that do not leave, with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "idempotency_keys",
        "by which a request that is sent twice is done once; it means nothing after 72 hours",
    ),
    ("jobs", "what the service still had to do, as ids of rows that are here"),
];

/// The columns of exported tables that do not leave, with the reason.
pub const COLUMNS_LEFT_OUT: &[(&str, &str, &str)] = &[
    (
        "alliances",
        "founder_id",
        "the sign-in account of whoever founded it: accounts belong to persons, not to an alliance",
    ),
    (
        "people",
        "account_id",
        "which sign-in account a person uses: accounts belong to persons, not to an alliance",
    ),
];
