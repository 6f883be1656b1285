//! Another address to sign in with. A code proves the new one, the old one is told and can undo it for a week.
//!
//! When the new address has an account of its own, the two become one: whoever typed the code has proved both. Alliances
//! that know the person under an address that the account had before get to know the new one.

mod change_address;
mod confirm_address;
mod repo;
mod send_address_code;
mod send_address_notice;
mod undo_address_change;

pub use change_address::{ChangeAddressError, change_address};
pub use confirm_address::{ConfirmAddressError, confirm_address};
pub(crate) use repo::addresses_of;
pub(super) use repo::delete_unproved;
pub use send_address_code::{AddressCode, SendAddressCode, address_code};
pub use send_address_notice::{AddressChange, AddressNotice, SendAddressNotice, address_notice};
pub use undo_address_change::{UndoAddressChange, UndoAddressChangeError, undo_address_change};

use chrono::TimeDelta;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{EmailAddress, digits};
use crate::{
    app::{App, Timestamp},
    db::MachineTx,
    error::Internal,
    ids::AccountId,
    jobs::Planned,
    people::FollowAddress,
};

/// How long the old address can undo a change.
pub(super) const UNDO_LIFETIME: TimeDelta = TimeDelta::days(7);

/// That an account has another address, or shall have.
#[derive(Debug, Clone)]
struct Move {
    id: Uuid,
    account_id: AccountId,
    from: EmailAddress,
    to: EmailAddress,
    asked_at: Timestamp,
}

/// What a typed code is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    /// To prove the new address.
    Prove,
    /// To undo the change, from the old one.
    Undo,
}

impl Purpose {
    /// The six digits for the change with this id, derived and never stored.
    fn digits(self, app: &App, id: Uuid) -> String {
        let label = match self {
            Self::Prove => "address code",
            Self::Undo => "undo of an address",
        };
        digits(&app.secret, label, id)
    }

    /// Whether these are its digits, as typed.
    fn is_proved(self, app: &App, id: Uuid, typed: &str) -> bool {
        let typed: String = typed.chars().filter(char::is_ascii_digit).collect();
        self.digits(app, id).as_bytes().ct_eq(typed.as_bytes()).into()
    }
}

/// Has every alliance that knows a person of `account_id` follow the address that this account has now. `key` is the change
/// that caused it.
async fn announce_to_alliances(
    app: &App,
    tx: &mut MachineTx,
    job: &FollowAddress,
    key: &str,
) -> Result<(), Internal> {
    let alliances = repo::alliances_of(tx, job.account_id).await?;
    tx.enqueue_across(app, &Planned::of(job)?, &alliances, &format!("{key}:{}", job.account_id)).await?;
    Ok(())
}
