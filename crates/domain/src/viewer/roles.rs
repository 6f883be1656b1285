//! What people are in an alliance, for what part of it, and who makes them so.

use crate::{
    ids::{MemberId, StrandId},
    problem::failure,
};

/// What a person does in an alliance. Stored as text; the alliance's wording gives it a local name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers for the alliance.
    Director,
    /// Runs it from day to day.
    Manager,
    /// Leads one strand of its work.
    StrandLead,
    /// Raises and collects contributions.
    FinanceLead,
    /// Governs the alliance: reads what it raises and spends, and runs nothing.
    BoardMember,
    /// Leads one member school.
    SchoolHead,
    /// Runs the office of one member school, and is asked about its money.
    SchoolBusinessManager,
    /// Leads professional development at one member school.
    CpdLeader,
    /// Works at a member school.
    StaffMember,
    /// Supports other schools in a specialism, from a home school or for the alliance.
    SpecialistLeader,
    /// Trains to teach: at a school, or in the alliance before there is a placement.
    Trainee,
    /// Looks after trainees and new teachers at one member school.
    Mentor,
    /// Takes part in reviews among peers, from a school or for the alliance.
    PeerReviewer,
}

impl Role {
    /// Every role, as the role page lists them.
    pub const ALL: [Self; 13] = [
        Self::Director,
        Self::Manager,
        Self::StrandLead,
        Self::FinanceLead,
        Self::BoardMember,
        Self::SchoolHead,
        Self::SchoolBusinessManager,
        Self::CpdLeader,
        Self::StaffMember,
        Self::SpecialistLeader,
        Self::Trainee,
        Self::Mentor,
        Self::PeerReviewer,
    ];

    /// Those who do the alliance's work from day to day: the only ones whom an alliance on trial mails.
    pub(crate) const TEAM: [Self; 4] = [Self::Director, Self::Manager, Self::StrandLead, Self::FinanceLead];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Manager => "manager",
            Self::StrandLead => "strand_lead",
            Self::FinanceLead => "finance_lead",
            Self::BoardMember => "board_member",
            Self::SchoolHead => "school_head",
            Self::SchoolBusinessManager => "school_business_manager",
            Self::CpdLeader => "cpd_leader",
            Self::StaffMember => "staff_member",
            Self::SpecialistLeader => "specialist_leader",
            Self::Trainee => "trainee",
            Self::Mentor => "mentor",
            Self::PeerReviewer => "peer_reviewer",
        }
    }

    /// The role as a person reads it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Manager => "manager",
            Self::StrandLead => "strand lead",
            Self::FinanceLead => "finance lead",
            Self::BoardMember => "board member",
            Self::SchoolHead => "head",
            Self::SchoolBusinessManager => "school business manager",
            Self::CpdLeader => "CPD leader",
            Self::StaffMember => "staff member",
            Self::SpecialistLeader => "specialist leader",
            Self::Trainee => "trainee",
            Self::Mentor => "mentor",
            Self::PeerReviewer => "peer reviewer",
        }
    }

    /// What whoever holds it does, for those who give it: "answers for the alliance".
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Director => "answers for the alliance",
            Self::Manager => "runs it from day to day",
            Self::StrandLead => "leads one strand of its work",
            Self::FinanceLead => "raises and collects contributions",
            Self::BoardMember => "governs it: reads its money and runs nothing",
            Self::SchoolHead => "leads a school",
            Self::SchoolBusinessManager => "runs a school’s office and is asked about its money",
            Self::CpdLeader => "leads professional development at a school",
            Self::StaffMember => "works at a school",
            Self::SpecialistLeader => "supports other schools in a specialism",
            Self::Trainee => "trains to teach",
            Self::Mentor => "looks after trainees and new teachers at a school",
            Self::PeerReviewer => "takes part in reviews among peers",
        }
    }

    /// The role of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// The roles whose holders may give this role to others and end it, by the table of givers.
    #[must_use]
    pub fn givers(self) -> &'static [Self] {
        GIVER_TABLE.iter().find(|(role, _)| *role == self).map_or(&[], |(_, givers)| givers)
    }

    /// What a grant of this role may be for. The database holds the same rule as `role_grants_remit_check`.
    #[must_use]
    pub fn remits(self) -> &'static [RemitKind] {
        match self {
            Self::Director | Self::Manager | Self::FinanceLead | Self::BoardMember => &[RemitKind::Alliance],
            Self::StrandLead => &[RemitKind::Strand],
            Self::SchoolHead
            | Self::SchoolBusinessManager
            | Self::CpdLeader
            | Self::StaffMember
            | Self::Mentor => &[RemitKind::School],
            Self::SpecialistLeader | Self::Trainee | Self::PeerReviewer => {
                &[RemitKind::School, RemitKind::Alliance]
            }
        }
    }

    /// What a grant of this role is for, as somebody has chosen it.
    pub fn remit(
        self,
        member_id: Option<MemberId>,
        strand_id: Option<StrandId>,
    ) -> Result<Remit, WrongRemit> {
        let takes = |kind| self.remits().contains(&kind);
        match (member_id, strand_id) {
            (Some(_), _) if !takes(RemitKind::School) => Err(WrongRemit::NotOfOneSchool),
            (_, Some(_)) if !takes(RemitKind::Strand) => Err(WrongRemit::NotOfOneStrand),
            (_, Some(strand_id)) => Ok(Remit::Strand(strand_id)),
            (Some(member_id), None) => Ok(Remit::School(member_id)),
            (None, None) if takes(RemitKind::Alliance) => Ok(Remit::Alliance),
            (None, None) if takes(RemitKind::Strand) => Err(WrongRemit::RoleNeedsStrand),
            (None, None) => Err(WrongRemit::RoleNeedsSchool),
        }
    }
}

/// What a role may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemitKind {
    /// The whole alliance.
    Alliance,
    /// One strand of its work.
    Strand,
    /// One member school.
    School,
}

/// What one grant of a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remit {
    /// The whole alliance.
    Alliance,
    /// One strand of its work.
    Strand(StrandId),
    /// One member school.
    School(MemberId),
}

impl Remit {
    /// As it is stored: a member, a strand, or neither.
    pub(crate) fn stored(member_id: Option<MemberId>, strand_id: Option<StrandId>) -> Self {
        match (member_id, strand_id) {
            (Some(member_id), _) => Self::School(member_id),
            (None, Some(strand_id)) => Self::Strand(strand_id),
            (None, None) => Self::Alliance,
        }
    }

    /// The school, when it is one.
    #[must_use]
    pub fn member_id(self) -> Option<MemberId> {
        match self {
            Self::School(member_id) => Some(member_id),
            Self::Alliance | Self::Strand(_) => None,
        }
    }

    /// The strand, when it is one.
    #[must_use]
    pub fn strand_id(self) -> Option<StrandId> {
        match self {
            Self::Strand(strand_id) => Some(strand_id),
            Self::Alliance | Self::School(_) => None,
        }
    }
}

/// Why a role cannot be for what was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongRemit {
    /// A role of a school needs one.
    #[error("This role is for one school: please choose the school.")]
    RoleNeedsSchool,
    /// A strand lead leads a strand.
    #[error("This role is for one strand of work: please choose which.")]
    RoleNeedsStrand,
    /// The role is for the whole alliance or for a strand.
    #[error("This role is not for one school: please choose no school.")]
    NotOfOneSchool,
    /// The role is for the whole alliance or for a school.
    #[error("This role is not for one strand of work: please choose none.")]
    NotOfOneStrand,
}

failure!(WrongRemit {
    RoleNeedsSchool => "memberId",
    RoleNeedsStrand => "strandId",
    NotOfOneSchool => "memberId",
    NotOfOneStrand => "strandId",
});

/// Who may give and end a role: nobody lifts another above themselves. What giving takes besides is
/// [`Permission::ManageMembers`], and nobody gives a role to themselves.
const GIVER_TABLE: [(Role, &[Role]); Role::ALL.len()] = {
    use Role::{Director, Manager};
    [
        (Director, &[Director]),
        (Manager, &[Director, Manager]),
        (Role::StrandLead, &[Director, Manager]),
        (Role::FinanceLead, &[Director]),
        (Role::BoardMember, &[Director]),
        (Role::SchoolHead, &[Director, Manager]),
        (Role::SchoolBusinessManager, &[Director, Manager]),
        (Role::CpdLeader, &[Director, Manager]),
        (Role::StaffMember, &[Director, Manager]),
        (Role::SpecialistLeader, &[Director, Manager]),
        (Role::Trainee, &[Director, Manager]),
        (Role::Mentor, &[Director, Manager]),
        (Role::PeerReviewer, &[Director, Manager]),
    ]
};

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_table_of_givers_names_each_role_once() {
        for role in Role::ALL {
            assert_eq!(GIVER_TABLE.iter().filter(|(given, _)| *given == role).count(), 1);
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn a_role_is_for_what_it_may_be_for() {
        let (oak, music) = (MemberId(Uuid::from_u128(7)), StrandId(Uuid::from_u128(9)));
        let (school, part) = (Some(oak), Some(music));
        let cases = [
            (Role::Director, None, None, Ok(Remit::Alliance)),
            (Role::Director, school, None, Err(WrongRemit::NotOfOneSchool)),
            (Role::Director, None, part, Err(WrongRemit::NotOfOneStrand)),
            (Role::StrandLead, None, part, Ok(Remit::Strand(music))),
            (Role::StrandLead, None, None, Err(WrongRemit::RoleNeedsStrand)),
            (Role::StrandLead, school, part, Err(WrongRemit::NotOfOneSchool)),
            (Role::SchoolHead, school, None, Ok(Remit::School(oak))),
            (Role::SchoolHead, None, None, Err(WrongRemit::RoleNeedsSchool)),
            (Role::SchoolHead, school, part, Err(WrongRemit::NotOfOneStrand)),
            (Role::Trainee, school, None, Ok(Remit::School(oak))),
            (Role::Trainee, None, None, Ok(Remit::Alliance)),
        ];
        for (role, member_id, strand_id, expected) in cases {
            assert_eq!(role.remit(member_id, strand_id), expected, "{role:?}, {member_id:?}, {strand_id:?}");
        }
    }
}
