//! What proves a key, and which key it proves.

use postfun_core::encoding::hex;
use postfun_core::nostr::{Event, LoginError};
use uuid::Uuid;

use super::{LinkError, LinkRequest, Links, PROOF_AGE_MAX_S, Proven, about, demand_own};
use crate::identity::{IdentityKind, Key};
use crate::signin::{Challenge, SignInError};

/// A proof as a client brings it.
#[derive(Debug, Clone)]
pub enum KeyProof {
    /// An event that answers the challenge.
    Nostr(Box<Event>),
    /// What Privy gave its user.
    Privy {
        /// An access token, which proves the user.
        token: String,
        /// An identity token, which tells about them.
        identity_token: Option<String>,
    },
}

impl Links {
    /// Finds out which keys the proofs of a link prove, and makes sure that it is the one that the challenge is about.
    pub(super) async fn prove(
        &self,
        challenge: &Challenge,
        user_id: Uuid,
        request: &LinkRequest,
    ) -> Result<Proven, LinkError> {
        let new = self.proven(challenge, &request.new).await?;
        if about(&user_id.to_string(), &new).link() != challenge.ask.purpose {
            return Err(SignInError::from(LoginError::KeyNotBound).into());
        }
        let own = self.prove_own(challenge, user_id, &request.own).await?;
        let vouched = match &request.new {
            KeyProof::Nostr(_) => None,
            KeyProof::Privy { identity_token, .. } => {
                self.users.vouched(identity_token.as_deref(), &new.subject).await?
            }
        };
        Ok(Proven { new, own, vouched })
    }

    /// Finds out which of the user's own keys a proof proves.
    pub(super) async fn prove_own(
        &self,
        challenge: &Challenge,
        user_id: Uuid,
        proof: &KeyProof,
    ) -> Result<Key, LinkError> {
        let own = self.proven(challenge, proof).await?;
        demand_own(&self.identities.list_keys(user_id).await?, &own)?;
        Ok(own)
    }

    async fn proven(&self, challenge: &Challenge, proof: &KeyProof) -> Result<Key, LinkError> {
        match proof {
            KeyProof::Nostr(event) => {
                self.demand_fresh(i64::try_from(event.created_at()).unwrap_or(i64::MAX))?;
                self.sign_in.check(event, challenge)?;
                Ok(Key { kind: IdentityKind::Nostr, subject: hex::encode_lower(event.pubkey()) })
            }
            KeyProof::Privy { token, .. } => {
                let access = self.privy.verify(token).await?;
                self.demand_fresh(access.issued_at_s)?;
                Ok(Key { kind: IdentityKind::Privy, subject: access.did })
            }
        }
    }

    fn demand_fresh(&self, made_at_s: i64) -> Result<(), LinkError> {
        let age_s = self.clock.now_s().saturating_sub(made_at_s);
        match u64::try_from(age_s) {
            Ok(age_s) if age_s > PROOF_AGE_MAX_S => Err(LinkError::ProofStale { age_s }),
            // What was made in the future is refused by what follows, or lies within the difference of clocks.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Counts a proof that was not valid against its challenge; not what is no fault of the proof.
    pub(super) async fn counted<T>(
        &self,
        challenge: &Challenge,
        proof: impl Future<Output = Result<T, LinkError>>,
    ) -> Result<T, LinkError> {
        let outcome = proof.await;
        if outcome.as_ref().is_err_and(LinkError::is_bad_proof) {
            self.sign_in.count_attempt(challenge).await?;
        }
        outcome
    }
}
