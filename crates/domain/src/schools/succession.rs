//! Which school came after which, as the register's links tell it.
//!
//! The links are not a list of successors. A link may stand on one side only, without a date, or with two dates a day
//! apart, the last of the old school and the first of the new. "Result of Amalgamation" does not say which school
//! went into which, and about twenty pairs each call the other their successor. Schools have several successors and
//! several predecessors. So the links around a school are made into one directed, dated graph first, with the closing
//! dates of the register to decide what the links leave open.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    fmt,
};

use chrono::{Days, NaiveDate};

use super::{Relation, SchoolLink, Status};

/// A school that the one asked about has become or has come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedSchool {
    /// Its number.
    pub urn: i32,
    /// Its name; `None` when neither register nor links have it.
    pub name: Option<String>,
    /// Its status; `None` when the register has no such school.
    pub status: Option<Status>,
    /// The way between the two, from the older to the newer; empty for the school asked about itself. The reasons, as
    /// sentences, by `Display`.
    pub steps: Vec<Step>,
}

/// One school becoming another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The old school.
    pub from: i32,
    /// Its name.
    pub from_name: Option<String>,
    /// The new school.
    pub to: i32,
    /// Its name.
    pub to_name: Option<String>,
    /// How.
    pub change: Change,
    /// The first day of the new state; `None` when nobody knows, and it is taken as long ago.
    pub since: Option<NaiveDate>,
}

/// How a school becomes another. Of two sides' words the later in this order says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Plainly replaced, as when a school becomes an academy.
    Became,
    /// One of several parts.
    Split,
    /// Several schools made a new one.
    Amalgamated,
    /// Went into one that there was already.
    Merged,
}

impl Change {
    fn of(link_type: &str) -> Self {
        let words = link_type.to_ascii_lowercase();
        match () {
            () if words.contains("split") => Self::Split,
            () if words.contains("amalgamat") => Self::Amalgamated,
            () if words.contains("merged") || words.contains("closure") => Self::Merged,
            () => Self::Became,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Became => "became",
            Self::Split => "was split, and one part became",
            Self::Amalgamated => "was amalgamated with others into",
            Self::Merged => "was merged into",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let school = |f: &mut fmt::Formatter<'_>, urn: i32, name: &Option<String>| match name {
            Some(name) => write!(f, "{name} ({urn})"),
            None => write!(f, "the school {urn}"),
        };
        school(f, self.from, &self.from_name)?;
        write!(f, " {} ", self.change.words())?;
        school(f, self.to, &self.to_name)?;
        match self.since {
            Some(since) => write!(f, " on {}.", since.format("%-d %B %Y")),
            None => f.write_str(" on a date that the register does not give."),
        }
    }
}

/// What the register says of one school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownSchool {
    pub(super) urn: i32,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) opened_on: Option<NaiveDate>,
    pub(super) closed_on: Option<NaiveDate>,
}

/// The links around a school, and what the register has of the schools they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) links: Vec<SchoolLink>,
    pub(super) schools: Vec<KnownSchool>,
}

/// What leads from an old school to a new one.
#[derive(Debug, Clone, Copy)]
struct Edge {
    change: Change,
    /// Said by the new school.
    first_day: Option<NaiveDate>,
    /// Said by the old school, and one later.
    after_last_day: Option<NaiveDate>,
}

struct Graph<'a> {
    schools: HashMap<i32, &'a KnownSchool>,
    names: HashMap<i32, &'a str>,
    /// Old and new school.
    edges: BTreeMap<(i32, i32), Edge>,
}

impl<'a> Graph<'a> {
    fn new(known: &'a Known) -> Self {
        let mut graph = Self {
            schools: known.schools.iter().map(|school| (school.urn, school)).collect(),
            names: HashMap::new(),
            edges: BTreeMap::new(),
        };
        for link in &known.links {
            graph.add(link);
        }
        for school in &known.schools {
            graph.names.insert(school.urn, &school.name);
        }
        graph.settle_contradictions();
        graph
    }

    fn add(&mut self, link: &'a SchoolLink) {
        if let Some(name) = &link.link_name {
            self.names.insert(link.link_urn, name);
        }
        let (onward, back) = ((link.urn, link.link_urn), (link.link_urn, link.urn));
        let date = link.established_on;
        let mut add = |pair, first_day, after_last_day| {
            let change = Change::of(&link.link_type);
            let edge =
                self.edges.entry(pair).or_insert(Edge { change, first_day: None, after_last_day: None });
            edge.change = edge.change.max(change);
            edge.first_day = edge.first_day.or(first_day);
            edge.after_last_day = edge.after_last_day.or(after_last_day);
        };
        match link.relation {
            Relation::Successor => add(onward, None, date.and_then(|day| day.checked_add_days(Days::new(1)))),
            Relation::Predecessor => add(back, date, None),
            Relation::Merger => {
                add(onward, date, None);
                add(back, date, None);
            }
            Relation::Other => {}
        }
    }

    /// Where two schools each lead to the other, the one that closed first is the old one. Both ways stay where the
    /// register cannot tell.
    fn settle_contradictions(&mut self) {
        let last_day = |urn| match self.schools.get(&urn) {
            Some(KnownSchool { status: Status::Closed, closed_on, .. }) => {
                closed_on.unwrap_or(NaiveDate::MIN)
            }
            _ => NaiveDate::MAX,
        };
        let wrong: Vec<_> = self
            .edges
            .keys()
            .filter(|(old, new)| self.edges.contains_key(&(*new, *old)) && last_day(*old) > last_day(*new))
            .copied()
            .collect();
        for pair in wrong {
            self.edges.remove(&pair);
        }
    }

    fn since(&self, old: i32, new: i32, edge: &Edge) -> Option<NaiveDate> {
        let closed = || match self.schools.get(&old)? {
            KnownSchool { status: Status::Closed, closed_on, .. } => {
                closed_on.as_ref()?.checked_add_days(Days::new(1))
            }
            _ => None,
        };
        let opened = || self.schools.get(&new)?.opened_on;
        edge.first_day.or(edge.after_last_day).or_else(closed).or_else(opened)
    }

    /// Every step, with what is known of it.
    fn steps(&self) -> Vec<Step> {
        self.edges
            .iter()
            .map(|(&(from, to), edge)| Step {
                from,
                from_name: self.name(from),
                to,
                to_name: self.name(to),
                change: edge.change,
                since: self.since(from, to, edge),
            })
            .collect()
    }

    fn name(&self, urn: i32) -> Option<String> {
        self.names.get(&urn).map(|name| (*name).to_owned())
    }

    fn linked(&self, urn: i32, steps: Vec<Step>) -> LinkedSchool {
        let status = self.schools.get(&urn).map(|school| school.status);
        LinkedSchool { urn, name: self.name(urn), status, steps }
    }

    /// `None` when the register does not know the school.
    fn is_closed(&self, urn: i32, on: NaiveDate) -> Option<bool> {
        let school = self.schools.get(&urn)?;
        Some(school.status == Status::Closed && school.closed_on.is_none_or(|last_day| last_day < on))
    }
}

/// Which end of a step the walk arrives at.
type End = fn(&Step) -> i32;
const FROM: End = |step| step.from;
const TO: End = |step| step.to;

/// Every school that `steps` lead to from `urn`, the nearest first, with the step by which it was first reached.
/// Walked in breadth and each school once, so that circles end.
fn reached(steps: &[Step], urn: i32, leave: End, arrive: End) -> Vec<(i32, Option<&Step>)> {
    let mut found = vec![(urn, None)];
    let mut seen = HashSet::from([urn]);
    let mut next = VecDeque::from([urn]);
    while let Some(at) = next.pop_front() {
        for step in steps.iter().filter(|step| leave(step) == at) {
            if seen.insert(arrive(step)) {
                found.push((arrive(step), Some(step)));
                next.push_back(arrive(step));
            }
        }
    }
    found
}

/// The steps between the start of the walk and `urn`, the last first.
fn way_back(found: &[(i32, Option<&Step>)], urn: i32, leave: End) -> Vec<Step> {
    let by: HashMap<_, _> = found.iter().copied().collect();
    let mut way = Vec::new();
    let mut at = urn;
    while let Some(Some(step)) = by.get(&at) {
        way.push((*step).clone());
        at = leave(step);
    }
    way
}

pub(super) fn todays_school(known: &Known, urn: i32, on: NaiveDate) -> Vec<LinkedSchool> {
    let graph = Graph::new(known);
    if !graph.schools.contains_key(&urn) && graph.edges.keys().all(|(old, new)| *old != urn && *new != urn) {
        return Vec::new();
    }
    let mut steps = graph.steps();
    steps.retain(|step| step.since.is_none_or(|since| since <= on));
    let found = reached(&steps, urn, FROM, TO);
    let remains = |urn: i32| {
        let leads_back = |to: i32| steps.iter().any(|step| (step.from, step.to) == (to, urn));
        let mut onward = steps.iter().filter(|step| step.from == urn);
        match graph.is_closed(urn, on) {
            Some(true) => onward.next().is_none(),
            // A school may go on beside its part, and of two that lead to each other the register says it is open.
            Some(false) => onward.all(|step| step.change == Change::Split || leads_back(step.to)),
            None => onward.all(|step| leads_back(step.to)),
        }
    };
    let mut last: Vec<_> = found.iter().map(|(urn, _)| *urn).filter(|urn| remains(*urn)).collect();
    if last.is_empty() {
        // A circle of closed schools: each is as much the last as the others.
        last = found.iter().map(|(urn, _)| *urn).collect();
    }
    last.into_iter()
        .map(|urn| {
            let mut way = way_back(&found, urn, FROM);
            way.reverse();
            graph.linked(urn, way)
        })
        .collect()
}

pub(super) fn former_schools(known: &Known, urn: i32) -> Vec<LinkedSchool> {
    let graph = Graph::new(known);
    let steps = graph.steps();
    let found = reached(&steps, urn, TO, FROM);
    found.iter().skip(1).map(|(urn, _)| graph.linked(*urn, way_back(&found, *urn, TO))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Option<NaiveDate> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn link(urn: i32, link_type: &str, link_urn: i32, date: &str) -> SchoolLink {
        SchoolLink {
            urn,
            link_urn,
            link_name: Some(format!("School {link_urn}")),
            relation: Relation::of(link_type),
            link_type: link_type.to_owned(),
            established_on: day(date),
        }
    }

    fn school(urn: i32, status: Status, closed: &str) -> KnownSchool {
        KnownSchool { urn, name: format!("School {urn}"), status, opened_on: None, closed_on: day(closed) }
    }

    fn today(links: &[SchoolLink], schools: &[KnownSchool], urn: i32, on: &str) -> Vec<i32> {
        let known = Known { links: links.to_vec(), schools: schools.to_vec() };
        todays_school(&known, urn, day(on).unwrap()).into_iter().map(|school| school.urn).collect()
    }

    #[test]
    fn plans_slip_and_the_link_knows_better_than_the_planned_closing_date() {
        let links = [
            link(126_370, "Successor", 150_893, "2024-08-31"),
            link(150_893, "Predecessor", 126_370, "2024-09-01"),
        ];
        let planned = [school(126_370, Status::ProposedToClose, "2024-07-31")];
        assert_eq!(today(&links, &planned, 126_370, "2024-08-31"), [126_370]);
        assert_eq!(today(&links, &planned, 126_370, "2024-09-01"), [150_893]);
        let known = Known { links: links.to_vec(), schools: Vec::new() };
        let [new] = &todays_school(&known, 126_370, day("2026-11-24").unwrap())[..] else { panic!() };
        assert_eq!(
            new.steps[0].to_string(),
            "School 126370 (126370) became School 150893 (150893) on 1 September 2024."
        );
        let [old] = &former_schools(&known, 150_893)[..] else { panic!() };
        assert_eq!((old.urn, &old.steps), (126_370, &new.steps));
    }

    #[test]
    fn one_side_is_enough_from_either_end() {
        let said_by_the_old = [link(1, "Successor", 2, "2020-08-31")];
        let said_by_the_new = [link(2, "Predecessor", 1, "2020-09-01")];
        for links in [said_by_the_old, said_by_the_new] {
            assert_eq!(today(&links, &[], 1, "2020-08-31"), [1]);
            assert_eq!(today(&links, &[], 1, "2020-09-01"), [2]);
            let known = Known { links: links.to_vec(), schools: Vec::new() };
            assert_eq!(former_schools(&known, 2)[0].urn, 1);
            assert_eq!(former_schools(&known, 1), []);
        }
    }

    #[test]
    fn without_a_date_the_closing_date_counts_and_without_that_it_was_long_ago() {
        let links = [link(1, "Successor", 2, "")];
        assert_eq!(today(&links, &[school(1, Status::Closed, "2020-08-31")], 1, "2020-08-31"), [1]);
        assert_eq!(today(&links, &[school(1, Status::Closed, "2020-08-31")], 1, "2020-09-01"), [2]);
        assert_eq!(today(&links, &[], 1, "1950-01-01"), [2]);
        let known = Known { links: links.to_vec(), schools: Vec::new() };
        let step = &todays_school(&known, 1, day("1950-01-01").unwrap())[0].steps[0];
        assert_eq!(
            step.to_string(),
            "the school 1 became School 2 (2) on a date that the register does not give."
        );
    }

    #[test]
    fn a_split_school_has_several_and_may_be_one_of_them() {
        let links = [
            link(1, "Successor - Split School", 2, "2020-08-31"),
            link(1, "Successor - Split School", 3, "2020-08-31"),
            link(3, "Successor", 4, "2022-08-31"),
        ];
        assert_eq!(today(&links, &[school(1, Status::Closed, "2020-08-31")], 1, "2026-01-01"), [2, 4]);
        assert_eq!(today(&links, &[school(1, Status::Open, "")], 1, "2021-01-01"), [1, 2, 3]);
        let known = Known { links: links.to_vec(), schools: vec![] };
        let last = todays_school(&known, 1, day("2026-01-01").unwrap()).pop().unwrap();
        assert_eq!(last.steps.iter().map(|step| (step.from, step.to)).collect::<Vec<_>>(), [(1, 3), (3, 4)]);
    }

    #[test]
    fn of_two_that_lead_to_each_other_the_one_that_closed_is_the_old_one() {
        let links = [
            link(1, "Result of Amalgamation", 2, "2014-08-31"),
            link(2, "Result of Amalgamation", 1, "2014-09-01"),
            link(2, "Successor", 3, "2018-08-31"),
        ];
        let closed = [school(1, Status::Closed, "2014-08-31"), school(2, Status::Closed, "2018-08-31")];
        assert_eq!(today(&links, &closed, 1, "2016-01-01"), [2]);
        assert_eq!(today(&links, &closed, 2, "2016-01-01"), [2]);
        assert_eq!(today(&links, &closed, 1, "2026-01-01"), [3]);
        assert_eq!(today(&links[..2], &[], 1, "2026-01-01"), [1, 2], "without the register nobody can tell");
        let known = Known { links: links.to_vec(), schools: closed.to_vec() };
        assert_eq!(former_schools(&known, 3).iter().map(|old| old.urn).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(former_schools(&known, 1), []);
    }

    #[test]
    fn a_circle_of_closed_schools_ends() {
        let links = [link(1, "Successor", 2, ""), link(2, "Successor", 3, ""), link(3, "Successor", 1, "")];
        let closed = [1, 2, 3].map(|urn| school(urn, Status::Closed, "2014-08-31"));
        assert_eq!(today(&links, &closed, 1, "2026-01-01"), [1, 2, 3]);
    }

    #[test]
    fn a_shared_sixth_form_is_no_successor_and_a_stranger_nobody() {
        let links = [link(1, "Sixth Form Centre Link", 2, "")];
        assert_eq!(today(&links, &[school(1, Status::Open, "")], 1, "2026-01-01"), [1]);
        assert_eq!(today(&[], &[], 7, "2026-01-01"), [0; 0]);
    }

    fn any_link() -> impl Strategy<Value = SchoolLink> {
        let types = prop::sample::select(vec![
            "Successor",
            "Predecessor",
            "Successor - Split School",
            "Result of Amalgamation",
            "Predecessor - merged",
            "Other",
        ]);
        let dates = prop::sample::select(vec!["", "2010-08-31", "2010-09-01", "2030-01-01"]);
        (1..8_i32, types, 1..8_i32, dates)
            .prop_map(|(urn, link_type, to, date)| link(urn, link_type, to, date))
    }

    fn any_school() -> impl Strategy<Value = KnownSchool> {
        let statuses = prop::sample::select(vec![Status::Open, Status::Closed, Status::ProposedToClose]);
        (1..8_i32, statuses, prop::sample::select(vec!["", "2010-08-31"]))
            .prop_map(|(urn, status, closed)| school(urn, status, closed))
    }

    proptest! {
        #[test]
        fn every_way_is_whole_and_no_school_is_named_twice(
            links in prop::collection::vec(any_link(), 0..20),
            schools in prop::collection::vec(any_school(), 0..7),
        ) {
            let known = Known { links, schools };
            let on = day("2020-01-01").unwrap();
            let today = todays_school(&known, 1, on);
            for (to, from, list) in [(None, Some(1), &today), (Some(1), None, &former_schools(&known, 1))] {
                let urns: HashSet<_> = list.iter().map(|school| school.urn).collect();
                prop_assert_eq!(urns.len(), list.len());
                for school in list {
                    prop_assert!(school.steps.windows(2).all(|pair| pair[0].to == pair[1].from));
                    if let (Some(first), Some(last)) = (school.steps.first(), school.steps.last()) {
                        prop_assert_eq!(first.from, from.unwrap_or(school.urn));
                        prop_assert_eq!(last.to, to.unwrap_or(school.urn));
                    }
                }
            }
            prop_assert!(today.iter().flat_map(|school| &school.steps).all(|step| step.since.is_none_or(|day| day <= on)));
        }
    }
}
