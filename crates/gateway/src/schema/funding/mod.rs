//! Budgets, invoices and payments.

mod budgets;
mod invoices;
mod payments;
mod reminders;
mod statements;

mod add_share;
mod agree_budget;
mod allocate_payment;
mod change_payer_of_payment;
mod credit_invoice;
mod decide_chasing;
mod draft_budget;
mod import_bank_statement;
mod issue_invoices;
mod override_vat;
mod record_payment;
mod record_purchase_order;
mod refund_payment;
mod reopen_budget;
mod reverse_allocation;
mod reverse_payment;
mod reverse_refund;
mod send_invoice;
mod set_reminder_levels;

use async_graphql::MergedObject;

pub(crate) use budgets::{BudgetConnection, BudgetObject, SimulationPayload};
pub(crate) use budgets::{budgets, simulate};
pub(crate) use invoices::{
    AgedPayerObject, InvoiceConnection, InvoiceFilterInput, InvoiceObject, InvoiceTotalsObject,
    PlanRunPayload, VatTreatmentEnum,
};
pub(crate) use invoices::{
    AwaitedOrdersObject, aged_debt, awaited_orders, invoice_page, invoice_totals, invoices,
    invoices_of_member, plan_run,
};
pub(crate) use payments::{PaymentConnection, PaymentFilterInput, PaymentObject, PaymentTotalsObject};
pub(crate) use payments::{payment_totals, payments};
pub(crate) use reminders::{PlannedRemindersObject, planned_reminders};
pub(crate) use statements::StatementObject;

#[derive(MergedObject, Default)]
pub(crate) struct BudgetsMutation(
    draft_budget::DraftBudgetMutation,
    agree_budget::AgreeBudgetMutation,
    add_share::AddShareMutation,
    reopen_budget::ReopenBudgetMutation,
    record_purchase_order::RecordPurchaseOrderMutation,
);

#[derive(MergedObject, Default)]
pub(crate) struct InvoicesMutation(
    issue_invoices::IssueInvoicesMutation,
    override_vat::OverrideVatMutation,
    credit_invoice::CreditInvoiceMutation,
    decide_chasing::DecideChasingMutation,
    set_reminder_levels::SetReminderLevelsMutation,
    send_invoice::SendInvoiceMutation,
);

#[derive(MergedObject, Default)]
pub(crate) struct PaymentsMutation(
    record_payment::RecordPaymentMutation,
    import_bank_statement::ImportBankStatementMutation,
    allocate_payment::AllocatePaymentMutation,
    reverse_allocation::ReverseAllocationMutation,
    reverse_payment::ReversePaymentMutation,
    refund_payment::RefundPaymentMutation,
    reverse_refund::ReverseRefundMutation,
    change_payer_of_payment::ChangePayerOfPaymentMutation,
);
