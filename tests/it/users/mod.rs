//! Users as seed 004 sees them: signing in with Privy, profiles, who may see and change whom.

mod access;
mod keyring;
mod login;
mod profile;
