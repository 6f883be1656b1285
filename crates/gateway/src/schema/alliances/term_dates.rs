//! When schools are open.

use std::sync::Arc;

use async_graphql::{Enum, Result, SimpleObject};
use domain::alliances::terms::{self, ProposedTerms, SchoolYear, Term, TermSource};

use crate::schema::{context::Inside, errors, scalars::Date};

/// A part of a school year in which schools are open, both ends included.
#[derive(SimpleObject)]
#[graphql(name = "Term")]
pub(crate) struct TermObject {
    /// The year in which its school year begins: 2026 is 2026-27.
    school_year: i32,
    /// "Autumn term, first half".
    name: String,
    /// The first day.
    starts_on: Date,
    /// The last day.
    ends_on: Date,
}

impl From<Term> for TermObject {
    fn from(term: Term) -> Self {
        Self {
            school_year: SchoolYear::of(term.starts_on).0,
            name: term.name,
            starts_on: term.starts_on.into(),
            ends_on: term.ends_on.into(),
        }
    }
}

/// Where the terms that an alliance may begin with come from.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "TermSource")]
pub(crate) enum TermSourceEnum {
    /// The local authority of the lead school publishes them.
    Authority,
    /// A usual year.
    Usual,
}

/// Terms for a school year, to look at before they are taken.
#[derive(SimpleObject)]
#[graphql(name = "ProposedTerms")]
pub(crate) struct ProposedTermsObject {
    /// Where they come from.
    source: TermSourceEnum,
    /// The local authority, if it publishes them.
    local_authority: Option<String>,
    /// By date.
    terms: Vec<TermObject>,
}

impl From<ProposedTerms> for ProposedTermsObject {
    fn from(proposed: ProposedTerms) -> Self {
        let (source, local_authority) = match proposed.source {
            TermSource::Authority(name) => (TermSourceEnum::Authority, Some(name)),
            TermSource::Usual => (TermSourceEnum::Usual, None),
        };
        Self { source, local_authority, terms: proposed.terms.into_iter().map(Into::into).collect() }
    }
}

/// From the beginning of the school year `first` on; without it, those that are not over.
pub(crate) async fn term_dates(inside: &Arc<Inside>, first: Option<i32>) -> Result<Vec<TermObject>> {
    let from = first.map_or(inside.today, |year| SchoolYear(year).first_day());
    let found = terms::term_dates(&inside.reading, from).await.map_err(errors::read)?;
    Ok(found.into_iter().map(Into::into).collect())
}

pub(crate) async fn proposed_terms(inside: &Arc<Inside>, year: i32) -> Result<ProposedTermsObject> {
    let found = terms::proposed_terms(&inside.reading, SchoolYear(year), inside.today).await;
    Ok(found.map_err(errors::read)?.into())
}
