use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::terms::{SchoolYear, SetTermDates, Term, set_term_dates};

use super::term_dates::TermObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    scalars::Date,
};

/// The terms of one school year, instead of those that were there.
#[derive(InputObject)]
struct SetTermDatesInput {
    /// The alliance's short address.
    alliance: String,
    /// The year in which the school year begins: 2026 is 2026-27.
    school_year: i32,
    /// Its terms, or halves of terms, by date; eight at most, none when they are not known.
    terms: Vec<TermInput>,
}

/// A part of a school year in which schools are open, both ends included.
#[derive(InputObject)]
struct TermInput {
    /// What it is, at most 100 characters: Autumn term, first half.
    name: String,
    /// The first day.
    starts_on: Date,
    /// The last day.
    ends_on: Date,
}

payload! {
    /// The terms as they are kept.
    SetTermDatesPayload {
        /// By date.
        terms: Vec<TermObject>
    }
}

#[derive(Default)]
pub(crate) struct SetTermDatesMutation;

#[Object]
impl SetTermDatesMutation {
    /// Write the terms of a school year down: no invoice falls due between two of them from now on, and no reminder goes
    /// then.
    async fn set_term_dates(
        &self,
        ctx: &Context<'_>,
        input: SetTermDatesInput,
    ) -> Result<SetTermDatesPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let term =
            |term: TermInput| Term { name: term.name, starts_on: term.starts_on.0, ends_on: term.ends_on.0 };
        let input = SetTermDates {
            year: SchoolYear(input.school_year),
            terms: input.terms.into_iter().map(term).collect(),
        };
        let done = answer(set_term_dates(session.app(), change.viewer(), input).await)?;
        Ok(done.map(|terms| terms.into_iter().map(Into::into).collect()).into())
    }
}
