//! The transcript is, byte for byte, the one that the EVM verifier's generator expects.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use assay_halo2::EvmTranscript;
use halo2_proofs::transcript::{EncodedChallenge, Transcript, TranscriptRead, TranscriptWrite, TranscriptWriterBuffer};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use snark_verifier::loader::native::NativeLoader;
use snark_verifier::system::halo2::transcript::evm::{ChallengeEvm, EvmTranscript as Reference};

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

fn converse<E, T>(transcript: &mut T, messages: &[Message], seed: u64) -> Vec<Fr>
where
    E: EncodedChallenge<G1Affine>,
    T: TranscriptWrite<G1Affine, E>,
{
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut challenges = vec![];
    for message in messages {
        match message {
            Message::CommonPoint => transcript.common_point(G1Affine::random(&mut rng)).unwrap(),
            Message::CommonScalar => transcript.common_scalar(Fr::random(&mut rng)).unwrap(),
            Message::Point => transcript.write_point(G1Affine::random(&mut rng)).unwrap(),
            Message::Scalar => transcript.write_scalar(Fr::random(&mut rng)).unwrap(),
            Message::Challenge => challenges.push(transcript.squeeze_challenge().get_scalar()),
        }
    }
    challenges
}

proptest! {
    #[test]
    fn bytes_and_challenges_are_the_references(messages in messages(), seed in any::<u64>()) {
        let mut ours = EvmTranscript::new(vec![]);
        let mut theirs = Reference::<G1Affine, NativeLoader, Vec<u8>, Vec<u8>>::new(vec![]);
        let our_challenges = converse(&mut ours, &messages, seed);
        let their_challenges = converse::<ChallengeEvm<G1Affine>, _>(&mut theirs, &messages, seed);
        prop_assert_eq!(our_challenges, their_challenges);
        let theirs = TranscriptWriterBuffer::<_, G1Affine, ChallengeEvm<G1Affine>>::finalize(theirs);
        prop_assert_eq!(ours.into_stream(), theirs);
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
