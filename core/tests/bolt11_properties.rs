//! Properties of invoices that hold for every input, and the crate of the rust-lightning project as a second opinion.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use bech32::primitives::checksum::Checksum;
use bech32::{Bech32, ByteIterExt, Fe32, Fe32IterExt, Hrp};
use k256::ecdsa::SigningKey;
use lightning_invoice::{
    Bolt11Invoice, Bolt11InvoiceDescriptionRef, Bolt11SemanticError, Currency, ParseOrSemanticError,
};
use postfun_core::bolt11::{Bolt11Error, DESCRIPTION_LEN_MAX, Draft, Invoice, Network};
use postfun_core::signature::schnorr::SecretKey;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest, Sha256};

const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// BIP-173 without a limit.
enum Unlimited {}

impl Checksum for Unlimited {
    type MidstateRepr = u32;
    type CorrectionField = <Bech32 as Checksum>::CorrectionField;
    const ROOT_GENERATOR: Self::CorrectionField = Bech32::ROOT_GENERATOR;
    const ROOT_EXPONENTS: std::ops::RangeInclusive<usize> = Bech32::ROOT_EXPONENTS;
    const CODE_LENGTH: usize = 100_000;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = Bech32::TARGET_RESIDUE;
}

fn network() -> impl Strategy<Value = Network> {
    prop::sample::select(Network::ALL.to_vec())
}

fn key() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>().prop_filter("below the order", |bytes| SecretKey::from_bytes(bytes).is_ok())
}

/// Any text that fits its field.
fn description() -> impl Strategy<Value = String> {
    vec(prop_oneof![any::<char>(), (0_u8..0x80).prop_map(char::from)], 0..DESCRIPTION_LEN_MAX / 4)
        .prop_map(|characters| characters.into_iter().collect())
}

/// Amounts of every length, round ones among them.
fn amount_msat() -> impl Strategy<Value = u64> {
    (1_u64..1 << 20, 0_u32..13).prop_map(|(count, zeros)| count * 10_u64.pow(zeros))
}

prop_compose! {
    fn draft_of(description: String)(
        network in network(),
        amount_msat in prop::option::of(prop_oneof![amount_msat(), 1_u64..1 << 63]),
        timestamp_s in 0_u64..1 << 35,
        expires_in_s in prop_oneof![Just(3600_u64), 0..100_000_u64, any::<u64>()],
        payment_hash: [u8; 32],
        payment_secret: [u8; 32],
    ) -> Draft<'static> {
        // A test may leak a description.
        let description = String::leak(description.clone());
        Draft { network, amount_msat, timestamp_s, expires_in_s, payment_hash, payment_secret, description }
    }
}

fn draft() -> impl Strategy<Value = Draft<'static>> {
    description().prop_flat_map(draft_of)
}

fn sign(draft: &Draft<'_>, key: &[u8; 32]) -> String {
    draft.sign(&SecretKey::from_bytes(key).expect("in range")).expect("the draft is in range")
}

/// The groups of an invoice's data without the checksum.
fn groups(text: &str) -> (String, Vec<Fe32>) {
    let (hrp, data) = text.rsplit_once('1').expect("a separator");
    let groups = data.chars().map(|c| Fe32::from_char(c).expect("in the alphabet")).collect::<Vec<_>>();
    (hrp.to_owned(), groups[..groups.len() - 6].to_vec())
}

fn write(hrp: &str, groups: &[Fe32]) -> String {
    let hrp = Hrp::parse(hrp).expect("a name");
    groups.iter().copied().with_checksum::<Unlimited>(&hrp).chars().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_character_is_refused(draft in draft(), key in key(), at: Index, other: char) {
        let text = sign(&draft, &key);
        let at = at.index(text.len());
        for other in ALPHABET.chars().chain(['1', 'b', 'Q', ' ', other]).filter(|c| !text[at..].starts_with(*c)) {
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(Invoice::decode(&changed), Err(Bolt11Error::Malformed), "{}", changed);
        }
    }
}

proptest! {
    #[test]
    fn what_is_signed_is_read_back(draft in draft(), key in key()) {
        let text = sign(&draft, &key);
        let invoice = Invoice::decode(&text).expect("genuine");
        prop_assert_eq!(invoice.network, draft.network);
        prop_assert_eq!(invoice.amount_msat, draft.amount_msat);
        prop_assert_eq!(invoice.timestamp_s, draft.timestamp_s);
        prop_assert_eq!(invoice.expires_in_s, draft.expires_in_s);
        prop_assert_eq!(invoice.payment_hash, draft.payment_hash);
        prop_assert_eq!(invoice.payment_secret, Some(draft.payment_secret));
        prop_assert_eq!(invoice.description.as_deref(), Some(draft.description));
        prop_assert_eq!(invoice.description_hash, None);
        prop_assert_eq!(Invoice::decode(&text.to_uppercase()), Ok(invoice));
    }

    #[test]
    fn a_lost_or_doubled_character_is_refused(draft in draft(), key in key(), at: Index) {
        let text = sign(&draft, &key);
        let at = at.index(text.len());
        let lost = format!("{}{}", &text[..at], &text[at + 1..]);
        let doubled = format!("{}{}", &text[..=at], &text[at..]);
        prop_assert!(Invoice::decode(&lost).is_err());
        prop_assert!(Invoice::decode(&doubled).is_err());
    }

    #[test]
    fn whoever_mends_the_checksum_after_a_change_is_not_the_payee(
        draft in draft(), key in key(), at: Index, flip in 1_u8..32, msat in amount_msat(),
    ) {
        let text = sign(&draft, &key);
        let genuine = Invoice::decode(&text).expect("genuine");
        let (hrp, groups) = groups(&text);
        let mut changed = groups.clone();
        let signed = changed.len() - 104;
        let group = &mut changed[at.index(signed)];
        *group = Fe32::try_from(group.to_u8() ^ flip).expect("five bits");
        if let Ok(forged) = Invoice::decode(&write(&hrp, &changed)) {
            prop_assert_ne!(forged.payee, genuine.payee);
        }
        let dearer = Draft { amount_msat: Some(msat), ..draft };
        let (dearer_hrp, _) = self::groups(&sign(&dearer, &key));
        if dearer_hrp != hrp && let Ok(forged) = Invoice::decode(&write(&dearer_hrp, &groups)) {
            prop_assert_ne!(forged.payee, genuine.payee);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text: String, start in "(lightning:)?ln(bc|tb|tbs|bcrt)[0-9]{0,22}[munp]?1[02-9ac-hj-np-z]{0,300}") {
        prop_assert!(Invoice::decode(&text).is_err());
        prop_assert!(Invoice::decode(&start).is_err());
    }

    #[test]
    fn any_data_are_read_or_refused(hrp in "ln(bc|tb|tbs|bcrt)([1-9][0-9]{0,22}[munp]?)?", data in vec(0_u8..32, 0..400)) {
        let data: Vec<Fe32> = data.into_iter().map(|group| Fe32::try_from(group).expect("five bits")).collect();
        if let Ok(invoice) = Invoice::decode(&write(&hrp, &data)) {
            prop_assert!(invoice.payment_secret.is_some());
        }
    }
}

/// A field to be written: its letter, and its data.
type Field = (char, Vec<u8>);

fn data(bytes: impl IntoIterator<Item = u8>) -> Vec<u8> {
    bytes.into_iter().bytes_to_fes().map(Fe32::to_u8).collect()
}

/// A number without leading zeros.
fn number(groups: usize) -> impl Strategy<Value = Vec<u8>> {
    (1_u8..32, vec(0_u8..32, 0..groups)).prop_map(|(first, rest)| [vec![first], rest].concat())
}

/// Fields as writers make them, and now and then one too much, of a wrong length or of an unknown kind. Padding is
/// zero, and no number begins with zeros: the other reader does not keep them, and so takes others for the payee.
fn field() -> impl Strategy<Value = Field> {
    let fixed = prop::sample::select(vec!['p', 's', 'h']);
    prop_oneof![
        (fixed.clone(), any::<[u8; 32]>()).prop_map(|(name, bytes)| (name, data(bytes))),
        description().prop_map(|text| ('d', data(text.bytes()))),
        (prop::sample::select(vec!['x', 'c']), number(12)),
        (Just('9'), number(4)),
        (fixed, vec(0_u8..32, 0..52)),
        (Just('n'), vec(0_u8..32, 0..53)),
        (Just('m'), vec(any::<u8>(), 0..60).prop_map(data)),
        (prop::sample::select(vec!['t', 'y', 'q', 'l', '2', '0']), vec(0_u8..32, 0..1024)),
    ]
}

prop_compose! {
    /// An invoice of random fields, most often with those that it must have, over less than ten million bitcoin: the
    /// other reader takes a hundred million for no amount.
    fn foreign()(
        hrp in "ln(bc|tb|tbs|bcrt)([1-9][0-9]{0,9}(0p|[mun])|[1-9][0-9]{0,6})?",
        timestamp in vec(0_u8..32, 7),
        complete in prop::bool::weighted(0.8),
        hash: [u8; 32],
        secret: [u8; 32],
        text in description(),
        mut fields in vec(field(), 0..4),
        named: bool,
        key in key(),
    ) -> String {
        let key = SigningKey::from_bytes(&key.into()).expect("in range");
        let mut all = Vec::new();
        if complete {
            all.extend([('p', data(hash)), ('s', data(secret)), ('d', data(text.bytes())), ('9', vec![16, 8, 0])]);
        }
        if named {
            let payee = key.verifying_key().to_sec1_point(true);
            all.push(('n', data(payee.as_bytes().iter().copied())));
        }
        all.append(&mut fields);
        signed(&hrp, &timestamp, &all, &key)
    }
}

fn signed(hrp: &str, timestamp: &[u8], fields: &[Field], key: &SigningKey) -> String {
    let fe = |group: usize| Fe32::try_from(u8::try_from(group).expect("a byte")).expect("five bits");
    let mut groups: Vec<Fe32> = timestamp.iter().map(|group| fe(usize::from(*group))).collect();
    for (name, data) in fields {
        groups.extend([Fe32::from_char(*name).expect("a letter"), fe(data.len() / 32), fe(data.len() % 32)]);
        groups.extend(data.iter().map(|group| fe(usize::from(*group))));
    }
    let bytes: Vec<u8> = groups.iter().copied().fes_to_bytes_zeropad().collect();
    let hash = Sha256::new_with_prefix(hrp).chain_update(bytes).finalize();
    let (signature, recovery) = key.sign_prehash_recoverable(&hash);
    groups.extend(signature.to_bytes().into_iter().chain([recovery.to_byte()]).bytes_to_fes());
    write(hrp, &groups)
}

/// What a reader says of an invoice.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    network: &'static str,
    amount_msat: Option<u64>,
    timestamp_s: u64,
    expires_in_s: u64,
    payment_hash: [u8; 32],
    payment_secret: Option<[u8; 32]>,
    description: Option<String>,
    description_hash: Option<[u8; 32]>,
    payee: [u8; 33],
    min_final_cltv: u64,
}

fn said(invoice: Invoice) -> Said {
    Said {
        network: invoice.network.as_str(),
        amount_msat: invoice.amount_msat,
        timestamp_s: invoice.timestamp_s,
        expires_in_s: invoice.expires_in_s,
        payment_hash: invoice.payment_hash,
        payment_secret: invoice.payment_secret,
        description: invoice.description,
        description_hash: invoice.description_hash,
        payee: invoice.payee,
        min_final_cltv: invoice.min_final_cltv,
    }
}

fn said_by_peer(peer: &Bolt11Invoice) -> Said {
    let (description, description_hash) = match peer.description() {
        Bolt11InvoiceDescriptionRef::Direct(text) => (Some(text.as_inner().0.clone()), None),
        Bolt11InvoiceDescriptionRef::Hash(hash) => (None, Some(*hash.0.as_ref())),
    };
    Said {
        network: match peer.currency() {
            Currency::Bitcoin => "mainnet",
            Currency::BitcoinTestnet => "testnet",
            Currency::Signet => "signet",
            Currency::Regtest => "regtest",
            Currency::Simnet => "simnet",
        },
        amount_msat: peer.amount_milli_satoshis(),
        timestamp_s: peer.duration_since_epoch().as_secs(),
        expires_in_s: peer.expiry_time().as_secs(),
        payment_hash: *peer.payment_hash().as_ref(),
        payment_secret: Some(peer.payment_secret().0),
        description,
        description_hash,
        payee: peer.get_payee_pub_key().serialize(),
        min_final_cltv: peer.min_final_cltv_expiry_delta(),
    }
}

/// Whether the two may differ: where one of them refuses more than the other, as documented.
fn may_differ(ours: &Result<Said, Bolt11Error>, peer: &Result<Said, ParseOrSemanticError>) -> bool {
    match (ours, peer) {
        // The first of several descriptions counts here, and no features at all are fine: LNbits writes none.
        (Ok(_), Err(ParseOrSemanticError::SemanticError(error))) => {
            matches!(error, Bolt11SemanticError::MultipleDescriptions | Bolt11SemanticError::InvalidFeatures)
        }
        // It knows trampolines, and does not ask whether features fit together.
        (Err(error), Ok(_)) => {
            matches!(error, Bolt11Error::FeatureUnknown { .. } | Bolt11Error::FeatureDependency { .. })
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn both_readers_say_the_same_of_foreign_invoices(text in foreign()) {
        let ours = Invoice::decode(&text).map(said);
        let peer = text.parse::<Bolt11Invoice>().map(|peer| said_by_peer(&peer));
        if !may_differ(&ours, &peer) {
            let refused = (ours.clone().err(), peer.clone().err());
            prop_assert_eq!(ours.ok(), peer.ok(), "{} {:?}", text, refused);
        }
    }

    #[test]
    fn the_other_reader_takes_what_is_written_here(draft in draft(), key in key()) {
        let in_its_range = draft.amount_msat.is_none_or(|msat| msat <= u64::MAX / 10);
        prop_assume!(in_its_range);
        let text = sign(&draft, &key);
        let peer = text.parse::<Bolt11Invoice>().expect("the other reader takes it");
        prop_assert_eq!(Ok(said_by_peer(&peer)), Invoice::decode(&text).map(said));
    }
}
