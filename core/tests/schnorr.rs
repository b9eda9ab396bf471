//! BIP-340: the standard's own vectors, properties against damaged input, and the C library as a second opinion.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use postfun_core::encoding::hex;
use postfun_core::signature::schnorr::{self, SecretKey};
use proptest::collection::vec;
use proptest::prelude::*;
use secp256k1::schnorr as peer;
use secp256k1::{Keypair, XOnlyPublicKey};
use serde_json::Value;

fn bytes(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("a text");
    assert_eq!(text.len() % 2, 0);
    text.as_bytes()
        .chunks(2)
        .flat_map(|pair| hex::decode_array::<1>(str::from_utf8(pair).expect("ASCII")).expect("hexadecimal"))
        .collect()
}

fn array<const N: usize>(text: &Value) -> [u8; N] {
    bytes(text).try_into().expect("the vector has this length")
}

fn vectors() -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../tests/vectors/bip340.json")).expect("the vectors are JSON");
    file["cases"].as_array().expect("a list").clone()
}

#[test]
fn every_vector_of_the_standard_verifies_as_it_says() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 19);
    for vector in &vectors {
        let verified = schnorr::verify(
            &array(&vector["public_key"]),
            &bytes(&vector["message"]),
            &array(&vector["signature"]),
        );
        assert_eq!(verified.is_ok(), vector["valid"].as_bool().expect("a truth value"), "{vector}");
    }
}

#[test]
fn every_vector_with_a_secret_key_signs_to_the_same_bytes() {
    let signing: Vec<Value> =
        vectors().into_iter().filter(|vector| !vector["secret_key"].is_null()).collect();
    assert_eq!(signing.len(), 8);
    for vector in &signing {
        let key = SecretKey::from_bytes(&array(&vector["secret_key"])).expect("in range");
        assert_eq!(key.public_key(), array::<32>(&vector["public_key"]), "{vector}");
        let signature = key.sign(&bytes(&vector["message"]), &array(&vector["aux_rand"]));
        assert_eq!(signature, array::<64>(&vector["signature"]), "{vector}");
    }
}

fn key() -> impl Strategy<Value = SecretKey> {
    any::<[u8; 32]>().prop_filter_map("below the order", |bytes| SecretKey::from_bytes(&bytes).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_signed_verifies(key in key(), message: Vec<u8>, aux: [u8; 32]) {
        prop_assert_eq!(schnorr::verify(&key.public_key(), &message, &key.sign(&message, &aux)), Ok(()));
    }

    #[test]
    fn one_flipped_bit_is_refused(key in key(), message: [u8; 32], aux: [u8; 32], bit in 0_usize..1024) {
        let mut everything = [key.public_key().as_slice(), &message, &key.sign(&message, &aux)].concat();
        everything[bit / 8] ^= 1 << (bit % 8);
        let public_key = everything[..32].try_into().expect("32 bytes");
        let signature = everything[64..].try_into().expect("64 bytes");
        let verified = schnorr::verify(&public_key, &everything[32..64], &signature);
        prop_assert!(verified.is_err());
    }

    #[test]
    fn libsecp256k1_signs_the_same(secret: [u8; 32], message: Vec<u8>, aux: [u8; 32]) {
        let ours = SecretKey::from_bytes(&secret).ok().map(|key| key.sign(&message, &aux));
        let theirs = Keypair::from_secret_bytes(secret)
            .ok()
            .map(|key| peer::sign_with_aux_rand(&message, &key, &aux).to_byte_array());
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn libsecp256k1_decides_the_same(key in key(), message: [u8; 32], bits in vec(0_usize..1024, 0..3)) {
        let mut everything = [key.public_key().as_slice(), &message, &key.sign(&message, &[0; 32])].concat();
        for bit in bits {
            everything[bit / 8] ^= 1 << (bit % 8);
        }
        let public_key = everything[..32].try_into().expect("32 bytes");
        let signature = everything[64..].try_into().expect("64 bytes");
        let ours = schnorr::verify(&public_key, &everything[32..64], &signature).is_ok();
        let theirs = XOnlyPublicKey::from_byte_array(public_key).is_ok_and(|key| {
            peer::verify(&peer::Signature::from_byte_array(signature), &everything[32..64], &key).is_ok()
        });
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn foreign_bytes_are_refused(public_key: [u8; 32], message: Vec<u8>, halves: [[u8; 32]; 2]) {
        let signature = halves.concat().try_into().expect("64 bytes");
        prop_assert!(schnorr::verify(&public_key, &message, &signature).is_err());
    }

    #[test]
    fn longer_and_shorter_messages_are_refused(key in key(), message: Vec<u8>) {
        let signature = key.sign(&message, &[0; 32]);
        let longer = [message.as_slice(), &[0]].concat();
        prop_assert!(schnorr::verify(&key.public_key(), &longer, &signature).is_err());
        if let Some((_, shorter)) = message.split_last() {
            prop_assert!(schnorr::verify(&key.public_key(), shorter, &signature).is_err());
        }
    }
}
