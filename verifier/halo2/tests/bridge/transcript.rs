//! The transcript, against a second writing of its rule.

use assay_halo2::EvmTranscript;
use assay_halo2::convert::{g1_to_ark, scalar_to_ark};
use assay_verifier::encoding::{g1_to_bytes, scalar_to_bytes};
use halo2_proofs::transcript::{EncodedChallenge, Transcript, TranscriptRead, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha3::{Digest, Keccak256};

#[derive(Clone, Copy, Debug)]
enum Message {
    CommonPoint,
    CommonScalar,
    Point,
    Scalar,
    Challenge,
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    use Message::{Challenge, CommonPoint, CommonScalar, Point, Scalar};
    let message = prop_oneof![Just(CommonPoint), Just(CommonScalar), Just(Point), Just(Scalar), Just(Challenge)];
    prop::collection::vec(message, 0..40)
}

/// The rule of the documentation, word by word: the proof's bytes and the challenges.
fn rule(messages: &[Message], seed: u64) -> (Vec<u8>, Vec<Fr>) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (mut state, mut since) = (None, Vec::<[u8; 32]>::new());
    let (mut bytes, mut challenges) = (vec![], vec![]);
    for message in messages {
        let words = match message {
            Message::CommonPoint | Message::Point => g1_to_bytes(&g1_to_ark(&G1Affine::random(&mut rng))).to_vec(),
            Message::CommonScalar | Message::Scalar => vec![scalar_to_bytes(&scalar_to_ark(&Fr::random(&mut rng)))],
            Message::Challenge => {
                let hashed = state.into_iter().chain(since.drain(..)).collect::<Vec<[u8; 32]>>();
                let lone: &[u8] = if hashed.len() == 1 { &[1] } else { &[] };
                let hash: [u8; 32] = Keccak256::digest([hashed.as_flattened(), lone].concat()).into();
                state = Some(hash);
                let radix = Fr::from(256);
                challenges.push(hash.iter().fold(Fr::ZERO, |sum, byte| sum * radix + Fr::from(u64::from(*byte))));
                continue;
            }
        };
        if matches!(message, Message::Point | Message::Scalar) {
            bytes.extend(words.as_flattened());
        }
        since.extend(words);
    }
    (bytes, challenges)
}

proptest! {
    #[test]
    fn bytes_and_challenges_follow_the_rule(messages in messages(), seed in any::<u64>()) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut transcript = EvmTranscript::new(vec![]);
        let mut challenges = vec![];
        for message in &messages {
            match message {
                Message::CommonPoint => transcript.common_point(G1Affine::random(&mut rng)).unwrap(),
                Message::CommonScalar => transcript.common_scalar(Fr::random(&mut rng)).unwrap(),
                Message::Point => transcript.write_point(G1Affine::random(&mut rng)).unwrap(),
                Message::Scalar => transcript.write_scalar(Fr::random(&mut rng)).unwrap(),
                Message::Challenge => challenges.push(transcript.squeeze_challenge().get_scalar()),
            }
        }
        prop_assert_eq!((transcript.into_stream(), challenges), rule(&messages, seed));
    }

    #[test]
    fn reading_arbitrary_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut points = EvmTranscript::new(bytes.as_slice());
        while points.read_point().is_ok() {}
        let mut scalars = EvmTranscript::new(bytes.as_slice());
        while scalars.read_scalar().is_ok() {}
    }
}

#[test]
fn a_reader_draws_the_writers_challenges() {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let (point, scalar) = (G1Affine::random(&mut rng), Fr::random(&mut rng));
    let mut writer = EvmTranscript::new(vec![]);
    writer.write_point(point).unwrap();
    writer.write_scalar(scalar).unwrap();
    let challenges = [writer.squeeze_challenge(), writer.squeeze_challenge()];
    let bytes = writer.into_stream();
    let mut reader = EvmTranscript::new(bytes.as_slice());
    assert_eq!((reader.read_point().unwrap(), reader.read_scalar().unwrap()), (point, scalar));
    assert_eq!([reader.squeeze_challenge(), reader.squeeze_challenge()], challenges);
    assert_ne!(challenges[0], challenges[1]);
    assert!(reader.read_scalar().is_err(), "the stream has ended");
}

#[test]
fn the_point_at_infinity_is_neither_written_nor_read() {
    let mut writer = EvmTranscript::new(vec![]);
    assert!(writer.write_point(G1Affine::identity()).is_err());
    assert!(writer.common_point(G1Affine::identity()).is_err());
    assert!(EvmTranscript::new([0u8; 64].as_slice()).read_point().is_err());
}
