//! Several people are invited to the same role, by the lines of a list.

use super::{
    Invitation, InviteError,
    invite::{Invited, ask},
};
use crate::{
    access::EmailAddress,
    alliances,
    app::App,
    error::{Forbidden, Internal},
    ids::{MemberId, StrandId},
    people,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Role, Viewer, WrongRemit},
};

/// The most lines of one list.
pub const MOST_LINES: usize = 100;

/// Who is invited, and as what.
#[derive(Debug, Clone)]
pub struct InviteSeveral {
    /// A person a line: `name@school.example`, `A Name <name@school.example>`, or both with a comma or a tab between them in
    /// either order. Without a name, the address makes one. Empty lines count as lines and are left out.
    pub list: String,
    /// What they may act as.
    pub role: Role,
    /// The one school it is for, if it is.
    pub member_id: Option<MemberId>,
    /// The one strand of work it is for, if it is.
    pub strand_id: Option<StrandId>,
    /// What to say to them, at most 500 characters; may be empty.
    pub message: String,
}

/// Whether invitations are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteRun {
    /// They are.
    Real,
    /// Everything is done as in a real run and then undone, so the answer is the one that a real run would give.
    Dry,
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitedSeveral {
    /// Who was invited, in the order of the list.
    pub invited: Vec<Invitation>,
    /// The lines that nobody was invited by.
    pub left_out: Vec<LeftOutLine>,
}

/// A line that nobody was invited by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutLine {
    /// Which, counted from one.
    pub line: usize,
    /// What stands there.
    pub text: String,
    /// Why, as a sentence.
    pub reason: String,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteSeveralError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// An empty list.
    #[error("Please paste the addresses, one a line.")]
    NobodyNamed,
    /// More than 100 lines.
    #[error("A list has 100 lines at most. Please invite them in parts.")]
    TooMany,
    /// Longer than 500 characters.
    #[error("Please say it in at most 500 characters.")]
    InvalidMessage,
    /// The viewer's own roles may not give this one.
    #[error("Your own role does not give this one. Please ask a director.")]
    RoleAboveYou,
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// No such strand in this alliance.
    #[error("That is not among this alliance's work.")]
    UnknownStrand,
    /// The role is not for what was chosen.
    #[error(transparent)]
    WrongRemit(#[from] WrongRemit),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Invites everybody on a list who can be, mails it to them, and says what was wrong with each other line.
pub async fn invite_several(
    app: &App,
    viewer: &Viewer,
    input: InviteSeveral,
    run: InviteRun,
) -> Result<InvitedSeveral, InviteSeveralError> {
    use InviteSeveralError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    viewer.require_confirmed(Act::InviteSeveral)?;
    if !viewer.may_give(input.role) {
        return Err(E::RoleAboveYou);
    }
    let lines: Vec<_> = (1..).zip(input.list.lines()).filter(|(_, text)| !text.trim().is_empty()).collect();
    if lines.is_empty() {
        return Err(E::NobodyNamed);
    }
    if lines.len() > MOST_LINES {
        return Err(E::TooMany);
    }
    let message = match input.message.trim() {
        "" => String::new(),
        said => one_line(said, 500).ok_or(E::InvalidMessage)?,
    };
    let remit = input.role.remit(input.member_id, input.strand_id)?;

    let mut tx = app.db.begin(scope).await?;
    people::repo::hold_alliance(&mut tx).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    if remit.member_id().is_some() || remit.strand_id().is_some() {
        let place = people::repo::place(&mut tx, remit).await?;
        if place.is_none() {
            return Err(if remit.member_id().is_some() { E::UnknownMember } else { E::UnknownStrand });
        }
    }
    let mut done = InvitedSeveral { invited: Vec::new(), left_out: Vec::new() };
    for (line, text) in lines {
        let asked = match read(text) {
            Err(reason) => Err(reason),
            Ok((name, email)) => {
                let invited = Invited { name, email, role: input.role, remit, message: message.clone() };
                match ask(app, &mut tx, (viewer, &alliance), invited).await {
                    Ok(invitation) => Ok(invitation),
                    Err(InviteError::Internal(error)) => return Err(error.into()),
                    Err(error) => Err(error.to_string()),
                }
            }
        };
        match asked {
            Ok(invitation) => done.invited.push(invitation),
            Err(reason) => done.left_out.push(LeftOutLine { line, text: text.trim().to_owned(), reason }),
        }
    }
    if run == InviteRun::Real {
        tx.commit().await?;
    }
    Ok(done)
}

/// The name and the address of a line.
fn read(text: &str) -> Result<(String, EmailAddress), String> {
    let text = text.trim().trim_end_matches([',', ';']).trim();
    let (name, email) = match text.split_once('<') {
        Some((name, rest)) => (name, rest.trim_end().trim_end_matches('>')),
        None => match text.split_once([',', ';', '\t']) {
            Some((first, second)) if first.contains('@') => (second, first),
            Some((first, second)) => (first, second),
            None => ("", text),
        },
    };
    let email = EmailAddress::parse(email).map_err(|error| error.to_string())?;
    let name = match name.trim().trim_matches('"').trim() {
        "" => from_address(&email),
        name => name.to_owned(),
    };
    let name = one_line(&name, 200).ok_or("Please give a name of at most 200 characters.")?;
    Ok((name, email))
}

/// `j.smith@school.example` is J Smith until somebody says better.
fn from_address(email: &EmailAddress) -> String {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let words = local.split(['.', '_', '-', '+']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}

failure!(InviteSeveralError {
    NobodyNamed => "list",
    TooMany => "list",
    InvalidMessage => "message",
    RoleAboveYou => "role",
    UnknownMember => "memberId",
    UnknownStrand => "strandId",
} nested { Forbidden, Unconfirmed, WrongRemit, Internal });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_people_paste_them() {
        let read = |text: &str| read(text).map(|(name, email)| format!("{name}: {email}")).ok();
        for line in [
            "A Head <head@birch.example>",
            "\"A Head\" <head@birch.example>,",
            "A Head, head@birch.example",
            "HEAD@birch.example; A Head",
            "A Head\thead@birch.example",
        ] {
            assert_eq!(read(line).as_deref(), Some("A Head: head@birch.example"), "{line}");
        }
        let by_address = read(" a.head-teacher@birch.example; ");
        assert_eq!(by_address.as_deref(), Some("A Head Teacher: a.head-teacher@birch.example"));
        for line in
            ["A Head", "A Head <>", "head@", "<head@birch.example, other@birch.example>", "a, b, c@d.example"]
        {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
