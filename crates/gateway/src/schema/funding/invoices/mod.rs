//! Invoices, their plan, and what is owed.

mod credit_note;
mod debt;
mod invoice;
mod list;
mod plan;

pub(crate) use debt::{AgedPayerObject, AwaitedOrdersObject, aged_debt, awaited_orders};
pub(crate) use invoice::InvoiceObject;
pub(crate) use list::{
    InvoiceConnection, InvoiceFilterInput, InvoiceTotalsObject, invoice_page, invoice_totals, invoices,
    invoices_of_member,
};
pub(crate) use plan::{PlanRunPayload, RunPlanObject, VatTreatmentEnum, plan_run};
