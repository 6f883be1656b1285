//! Accounts, sign-in by a typed code and a second step or by a passkey, sessions, and API tokens.
//!
//! An account is a proved mail address and belongs to the deployment. Which alliances it may enter follows from
//! the people whom alliances know under that address, each joined to the account when it first signs in.

mod address;
mod audit;
mod confirm_it_is_you;
mod email_address;
mod enter;
mod finish_sign_in;
mod passkeys;
mod prune_access;
pub(crate) mod repo;
mod request_sign_in_code;
mod second_step;
mod sessions;
mod sign_in;
mod tokens;

pub(crate) use address::addresses_of;
pub use address::{
    AddressChange, AddressCode, AddressNotice, ChangeAddressError, ConfirmAddressError, SendAddressCode,
    SendAddressNotice, UndoAddressChange, UndoAddressChangeError, address_code, address_notice,
    change_address, confirm_address, undo_address_change,
};
pub(crate) use audit::add_event;
pub use audit::{
    AuditAction, AuditChange, AuditChanges, AuditCursor, AuditField, AuditFilter, AuditRecord, BrokenRecord,
    MadeBy, RECORDED, audit_changes, audit_records, check_records, count_audit_records, record_event,
};
pub use confirm_it_is_you::{
    ConfirmItIsYouError, WayToConfirm, confirm_it_is_you, request_confirmation_code, way_to_confirm,
};
pub use email_address::{EmailAddress, NotAnEmailAddress};
pub use enter::{
    AllianceEntry, EnterError, Entered, MyAlliances, NotEntered, enter, enter_by_id, my_alliances,
};
pub(crate) use enter::{enter_to_act, join_people};
pub use finish_sign_in::{FinishSignIn, FinishSignInError, finish_sign_in};
pub use passkeys::{
    AddPasskey, AddPasskeyError, BeginPasskeyError, ConfirmWithPasskeyError, Passkey, PasskeyChallenge,
    RemovePasskeyError, RenamePasskeyError, SignInWithPasskey, SignInWithPasskeyError, add_passkey,
    begin_passkey, begin_passkey_confirmation, begin_passkey_sign_in, confirm_with_passkey, has_passkeys,
    passkeys, remove_passkey, rename_passkey, sign_in_with_passkey,
};
pub use prune_access::{PruneAccess, prune_access};
pub use request_sign_in_code::{
    RequestSignInCodeError, SendSignInCode, SignInMail, request_sign_in_code, request_sign_up_code,
    sign_in_mail,
};
pub(crate) use second_step::has_second_step;
pub use second_step::{
    BeginSecondStepError, ConfirmSecondStep, ConfirmSecondStepError, RemoveSecondStepError,
    RenewRecoveryCodesError, SecondStep, SecondStepChange, SecondStepNotice, SecondStepSetUp,
    SendSecondStepNotice, TakeOffSecondStepError, TakenOff, begin_second_step, confirm_second_step,
    people_with_second_step, remove_second_step, renew_recovery_codes, second_step, second_step_notice,
    second_step_set_up, take_off_second_step, unopened_second_steps,
};
pub use sessions::{
    Credential, Device, EndSessionError, Proof, Session, devices, end_other_sessions, end_session, identify,
    session, sign_out,
};
pub use sign_in::{Browser, SignIn, SignInError, SignedIn, Started, sign_in};
pub use tokens::{
    ApiToken, CreateToken, CreateTokenError, NewToken, RevokeTokenError, TokenBounds, create_token,
    revoke_token, tokens,
};

use crate::{
    app::{Secret, Timestamp},
    ids::AccountId,
};

/// A signed-in identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// The address it proved.
    pub email: EmailAddress,
}

/// How a code may be used.
pub(crate) mod limits {
    use chrono::TimeDelta;

    /// A code works for this long.
    pub(crate) const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(15);
    /// Wrong answers before a code is dead: one guess in 200,000 at the most.
    pub(crate) const CODE_ATTEMPTS: i16 = 5;
    /// Codes for one address within [`CODE_LIFETIME`]; more are quietly not sent.
    pub(crate) const CODES_PER_ADDRESS: i64 = 5;
    /// How long whoever has typed the code from the mail may take for the second step.
    pub(crate) const START_LIFETIME: TimeDelta = TimeDelta::minutes(15);
    /// How long a second step may take to be set up.
    pub(crate) const SET_UP_LIFETIME: TimeDelta = TimeDelta::minutes(15);
    /// Wrong codes of a second step in a row before nothing counts for a while.
    pub(crate) const SECOND_STEP_ATTEMPTS: i32 = 5;
    /// For how long at first; each further time for twice as long.
    pub(crate) const SECOND_STEP_LOCK: TimeDelta = TimeDelta::minutes(15);
    /// For how long at the most.
    pub(crate) const SECOND_STEP_LONGEST_LOCK: TimeDelta = TimeDelta::days(1);
    /// How long a device may take to answer for a passkey.
    pub(crate) const PASSKEY_CHALLENGE_LIFETIME: TimeDelta = TimeDelta::minutes(5);
    /// Passkeys of one account.
    pub(crate) const PASSKEYS: usize = 20;
    /// Recovery codes that are made at once.
    pub(crate) const RECOVERY_CODES: usize = 10;
    /// A session ends after this long without use.
    pub(crate) const SESSION_IDLE: TimeDelta = TimeDelta::days(14);
    /// A session ends after this long whatever happens.
    pub(crate) const SESSION_LIFETIME: TimeDelta = TimeDelta::days(90);
    /// API tokens of one account in one alliance.
    pub(crate) const TOKENS: i64 = 20;
    /// The use of a session or a token is noted at most this often.
    pub(crate) const SESSION_TOUCH: TimeDelta = TimeDelta::minutes(5);
}

/// The six digits of the code with this id, derived and never stored.
fn code_digits(secret: &Secret, code_id: uuid::Uuid) -> String {
    digits(secret, "sign-in code", code_id)
}

/// Six digits for what is `label` and has this id.
fn digits(secret: &Secret, label: &str, id: uuid::Uuid) -> String {
    let tag = secret.sign(label, id.as_bytes());
    let number = tag.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

/// A code that still works.
#[derive(Debug, Clone)]
pub(crate) struct OpenCode {
    pub(crate) id: uuid::Uuid,
    pub(crate) email: String,
    /// Asked for to found an alliance: it works although no alliance knows the address.
    pub(crate) to_found: bool,
    pub(crate) expires_at: Timestamp,
}
