//! Signed heads and checkpoints against vectors that were computed elsewhere; the browser package reads the same files.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use postfun_core::amm::{Checkpoint, Head, Playback, Replay, replay_log};
use postfun_core::encoding::hex;
use postfun_core::signature::schnorr::SecretKey;
use serde_json::{Value, json};

fn file(text: &str) -> Value {
    serde_json::from_str(text).expect("the vector file is JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex::decode_array(text(value)).expect("hexadecimal of this length")
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = text(value).as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
    digits.map(byte).collect()
}

fn key(file: &Value) -> SecretKey {
    SecretKey::from_bytes(&array(&file["secret_key"])).expect("a secret key")
}

fn number(value: &Value) -> u64 {
    text(value).parse().expect("a whole number")
}

/// What a replay amounts to, as the files have it.
fn state_of(replay: &Replay) -> Value {
    let state = replay.pool().state();
    json!({
        "seq": replay.seq(), "head": hex::encode_lower(replay.head()), "swaps": replay.swaps(),
        "burned": replay.burned().get().to_string(), "stage": state.stage.get(),
        "reserve_a": state.reserve_a.get().to_string(), "reserve_b": state.reserve_b.get().to_string(),
        "volume_a": state.volume_a.get().to_string(), "volume_b": state.volume_b.get().to_string(),
        "fees_a": state.fees_a.get().to_string(), "fees_b": state.fees_b.get().to_string(),
    })
}

#[test]
fn heads_are_signed_and_verified_as_the_vectors_say() {
    let file = file(include_str!("../../tests/vectors/pool_heads.json"));
    let cases = file["cases"].as_array().expect("the file lists cases");
    assert!(
        cases.iter().any(|case| case["valid"] == true) && cases.iter().any(|case| case["valid"] == false)
    );
    for case in cases {
        let name = text(&case["name"]);
        let (pool_id, seq) = (number(&case["pool_id"]), number(&case["seq"]));
        let head = Head { pool_id, seq, hash: array(&case["hash"]) };
        let verified = head.verify(&array(&case["public_key"]), &array(&case["signature"]));
        assert_eq!(verified.is_ok(), case["valid"] == true, "{name}");
        if case["valid"] == true {
            assert_eq!(head.digest(), array(&case["digest"]), "{name}");
            assert_eq!(head.sign(&key(case)), array(&case["signature"]), "{name}");
        }
    }
}

#[test]
fn checkpoints_are_those_of_the_vectors_and_lead_to_the_same_end() {
    let file = file(include_str!("../../tests/vectors/pool_checkpoints.json"));
    let (key, public_key) = (key(&file), array(&file["public_key"]));
    for case in file["cases"].as_array().expect("the file lists cases") {
        let (name, log) = (text(&case["name"]), bytes(&case["log"]));
        assert_eq!(state_of(&replay_log(&log).expect(name)), case["end"], "{name}");
        let checkpoints = case["checkpoints"].as_array().expect("a list");
        assert!(!checkpoints.is_empty(), "{name}");
        for expected in checkpoints {
            let seq = &expected["state"]["seq"];
            let (before, after) = cut(&log, seq.as_u64().expect("a number"));
            let made = replay_log(before).expect(name).checkpoint();
            assert_eq!(made.as_bytes(), bytes(&expected["bytes"]), "{name}, event {seq}");
            assert_eq!(made.digest(), array(&expected["digest"]), "{name}, event {seq}");
            assert_eq!(made.sign(&key), array(&expected["signature"]), "{name}, event {seq}");
            made.verify(&public_key, &array(&expected["signature"])).expect(name);
            let replay = Replay::resume(&made).expect(name);
            assert_eq!(state_of(&replay), expected["state"], "{name}, event {seq}");
            let mut playback = Playback::resume(replay);
            playback.push(after).expect(name);
            assert_eq!(state_of(playback.end().expect(name)), case["end"], "{name}, event {seq}");
        }
    }
}

/// Cuts a log behind an event.
fn cut(log: &[u8], seq: u64) -> (&[u8], &[u8]) {
    let at = (0..seq).fold(0, |at, _| at + 34 + usize::from(u16::from_be_bytes([log[at], log[at + 1]])));
    log.split_at(at)
}

#[test]
fn what_is_no_checkpoint_is_refused_as_the_vectors_say() {
    let file = file(include_str!("../../tests/vectors/pool_checkpoints.json"));
    let refused = file["refused"].as_array().expect("the file lists what is refused");
    assert!(!refused.is_empty());
    for case in refused {
        let error = Replay::resume(&Checkpoint::from_bytes(bytes(&case["bytes"])));
        assert_eq!(error.map_err(|error| error.code()), Err(text(&case["code"])), "{}", case["name"]);
    }
}
