//! An SRS is what it says: powers of one secret, named by a digest, insecure when its secret is published; and its file is refused when
//! anything about it is not as it must be.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use assay_halo2::convert::g2_from_ark;
use assay_prover::{Mapped, PUBLISHED_SEED, ProverError, Srs, SrsSource};
use halo2_proofs::SerdeFormat;
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fq, Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::Curve;
use halo2curves::serde::SerdeObject;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

const K: u32 = 5;
/// Bytes before the powers, and of the checksum.
const HEADER: usize = 192;
const CHECKSUM: usize = 32;
/// A seed that is not the published one.
const SEED: [u8; 32] = [9; 32];

static SRS: LazyLock<Srs> = LazyLock::new(|| Srs::insecure(K, SEED).unwrap());
static SAVED: LazyLock<Vec<u8>> = LazyLock::new(|| SRS.to_bytes().unwrap());
static RAW: LazyLock<Vec<u8>> = LazyLock::new(|| raw(&SRS));

/// halo2's raw file of an SRS.
fn raw(srs: &Srs) -> Vec<u8> {
    written(&srs.params().unwrap())
}

fn written(params: &ParamsKZG<Bn256>) -> Vec<u8> {
    let mut bytes = vec![];
    params.write_custom(&mut bytes, SerdeFormat::RawBytes).unwrap();
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    Srs::import_halo2_raw(bytes).unwrap_err().to_string()
}

/// Replaces the checksum by the right one: what is wrong is then not an accident.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - CHECKSUM;
    let checksum = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

fn in_memory(bytes: &[u8]) -> Arc<Mapped> {
    Arc::new(Mapped::from(bytes.to_vec()))
}

/// A file in a folder of its own; removed at the end.
struct OnDisk(PathBuf);

impl OnDisk {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("assay-srs-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("srs"), bytes).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("srs")
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Offset of the i-th power, and of the i-th Lagrange point, in halo2's raw file.
fn power(i: usize) -> usize {
    4 + 64 * i
}
fn lagrange(i: usize) -> usize {
    power(1 << K) + 64 * i
}

mod own_file {
    use super::*;

    #[test]
    fn is_read_back_owned_and_mapped_with_its_digest() {
        let file = OnDisk::new("round-trip", &SAVED);
        for read in [Srs::from_bytes(&SAVED).unwrap(), Srs::open(&file.path()).unwrap()] {
            assert_eq!((read.k(), read.n(), read.is_insecure()), (K, 1 << K, false));
            assert_eq!((read.digest(), read.point()), (SRS.digest(), SRS.point()));
            assert_eq!((read.powers(), read.lagrange()), (SRS.powers(), SRS.lagrange()));
            assert_eq!(read.to_bytes().unwrap(), *SAVED);
            assert_eq!(read.truncated(K).unwrap().to_bytes().unwrap(), *SAVED);
        }
    }

    #[test]
    fn is_laid_out_as_documented() {
        let n = 1 << K;
        assert_eq!(SAVED.len(), HEADER + 128 * n + CHECKSUM);
        assert_eq!(&SAVED[..16], [b"ASSAYSR2".as_slice(), &[5, 0, 0, 0], &[0; 4]].concat());
        assert!(SAVED[16..64].iter().all(|byte| *byte == 0));
        assert_eq!(SAVED[64..HEADER], g2_from_ark(&SRS.point().s_g2).to_raw_bytes());
        assert_eq!(SAVED[HEADER..HEADER + 128 * n], RAW[4..4 + 128 * n], "points as in halo2's raw file");
        assert_eq!(*SAVED, sealed(SAVED.clone()));
    }

    #[test]
    fn is_refused_whichever_byte_is_changed() {
        let good = Srs::insecure(4, SEED).unwrap().to_bytes().unwrap();
        for at in 0..good.len() {
            for change in [1, 0x80] {
                let mut damaged = good.clone();
                damaged[at] ^= change;
                let refused = Srs::from_bytes(&damaged).unwrap_err();
                let named = match at {
                    0..7 => matches!(refused, ProverError::SrsMagic),
                    7 => matches!(refused, ProverError::SrsVersion { .. }),
                    // Rows and width say how long the file is.
                    8..12 | 16..20 => {
                        use ProverError::{SrsLength, SrsPoint, SrsSize};
                        matches!(refused, SrsLength { .. } | SrsPoint(_) | SrsSize { .. })
                    }
                    _ => matches!(refused, ProverError::SrsChecksum { .. }),
                };
                assert!(named, "byte {at}: {refused}");
                assert!(Srs::from_mapped(&in_memory(&damaged)).is_err(), "byte {at}, mapped");
            }
        }
    }

    #[test]
    fn is_refused_when_wrong_on_purpose_under_a_right_checksum() {
        let patched = |at: usize, bytes: &[u8]| {
            let mut patched = SAVED.clone();
            patched[at..at + bytes.len()].copy_from_slice(bytes);
            let patched = sealed(patched);
            let refused = Srs::from_bytes(&patched).unwrap_err().to_string();
            assert_eq!(refused, Srs::from_mapped(&in_memory(&patched)).unwrap_err().to_string());
            refused
        };
        assert!(patched(12, &[2]).contains("does not know"));
        assert!(patched(20, &[1]).contains("does not know"));
        assert!(patched(64, &[SAVED[64] ^ 1]).contains("[s]_2"));
        let other = Srs::insecure(K, [1; 32]).unwrap();
        assert!(patched(64, &g2_from_ark(&other.point().s_g2).to_raw_bytes()).contains("not of one secret"));
        assert!(patched(HEADER, &SRS.powers()[1].to_raw_bytes()).contains("standard generator"));
        let (third, basis) = (HEADER + 3 * 64, HEADER + 64 * SRS.n() + 7 * 64);
        assert!(patched(third, &[SAVED[third] ^ 1]).contains("power 3 is off the curve"));
        assert!(patched(basis, &[SAVED[basis] ^ 1]).contains("Lagrange point 7 is off the curve"));
        assert!(patched(third, &[0; 64]).contains("power 3"), "the identity");
        // The same point, its coordinate not below the modulus.
        assert!(patched(third, &plus_modulus(&SAVED[third..third + 32])).contains("canonical"));
    }

    /// `x + q` for 32 little-endian bytes: the same residue, not canonical.
    fn plus_modulus(x: &[u8]) -> Vec<u8> {
        let modulus = (-Fq::ONE).to_repr();
        let mut carry = 1u16; // q = (q - 1) + 1
        let sum = x.iter().zip(modulus.as_ref()).map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(*b) + carry;
            carry = sum >> 8;
            sum as u8
        });
        sum.collect()
    }

    #[test]
    fn is_refused_at_every_other_length_without_a_panic() {
        for length in (0..200).chain([HEADER + 64, HEADER + 64 * SRS.n(), SAVED.len() - CHECKSUM, SAVED.len() - 1]) {
            assert!(Srs::from_bytes(&SAVED[..length]).is_err(), "{length} bytes");
            assert!(Srs::from_mapped(&in_memory(&SAVED[..length])).is_err(), "{length} bytes, mapped");
        }
        let longer = [SAVED.as_slice(), &[0]].concat();
        assert!(matches!(Srs::from_bytes(&longer), Err(ProverError::SrsLength { k: K, .. })));
        let file = OnDisk::new("cut", &SAVED[..SAVED.len() / 2]);
        assert!(matches!(Srs::open(&file.path()), Err(ProverError::SrsLength { k: K, .. })));
        let empty = OnDisk::new("empty", &[]);
        assert!(matches!(Srs::open(&empty.path()), Err(ProverError::SrsMagic)));
        assert!(matches!(Srs::open(&empty.path().with_file_name("none")), Err(ProverError::Io(_))));
    }

    #[test]
    fn that_lies_about_its_size_or_is_of_another_version_is_refused_by_name() {
        let sized = |k: u32| {
            let mut bytes = SAVED.clone();
            bytes[8..12].copy_from_slice(&k.to_le_bytes());
            Srs::from_bytes(&sealed(bytes)).unwrap_err()
        };
        for k in [0, 27, 64, u32::MAX] {
            assert!(matches!(sized(k), ProverError::SrsSize { got, .. } if got == k), "k = {k}");
        }
        for k in [1, 4, 6, 26] {
            assert!(matches!(sized(k), ProverError::SrsLength { k: got, .. } if got == k), "k = {k}");
        }
        let old = Srs::from_bytes(b"ASSAYSR1\x01\x05\x00\x00\x00").unwrap_err().to_string();
        assert!(old.contains("version 1") && old.contains("make it again with `assay srs"), "{old}");
        assert!(Srs::from_bytes(b"ASSAYSR\xff").unwrap_err().to_string().contains(r"version \xff"));
    }
}

mod powers {
    use super::*;

    #[test]
    fn are_those_of_halo2s_setup() {
        for (k, seed) in [(1, [1; 32]), (6, [2; 32]), (10, [3; 32])] {
            let expected = ParamsKZG::<Bn256>::setup(k, ChaCha20Rng::from_seed(seed));
            let srs = Srs::insecure(k, seed).unwrap();
            assert!(raw(&srs) == written(&expected), "k = {k}");
            assert_eq!(srs.powers(), expected.get_g());
        }
    }

    #[test]
    fn depend_on_the_seed_alone() {
        assert_eq!(Srs::insecure(K, SEED).unwrap().to_bytes().unwrap(), *SAVED);
        assert_eq!(Srs::insecure(K + 2, SEED).unwrap().digest(), SRS.digest(), "the digest names the ceremony");
        assert_ne!(Srs::insecure(K, [1; 32]).unwrap().digest(), SRS.digest());
    }

    #[test]
    fn cut_to_size_are_those_made_at_that_size() {
        let large = Srs::insecure(12, SEED).unwrap();
        let file = OnDisk::new("large", &large.to_bytes().unwrap());
        for large in [large, Srs::open(&file.path()).unwrap()] {
            for k in [1, 2, K, 10, 11, 12] {
                let cut = large.truncated(k).unwrap();
                assert!(cut.to_bytes().unwrap() == Srs::insecure(k, SEED).unwrap().to_bytes().unwrap(), "k = {k}");
                assert!(std::ptr::eq(large.powers().as_ptr(), cut.powers().as_ptr()), "powers are shared");
            }
            assert!(matches!(large.truncated(13), Err(ProverError::SrsSize { most: 12, got: 13, .. })));
            assert!(matches!(large.truncated(0), Err(ProverError::SrsSize { got: 0, .. })));
        }
    }
}

mod check {
    use assay_verifier::Opening;

    use super::*;

    /// A file may come from anybody: its checksum is right, all of its points are on the curve.
    #[test]
    fn finds_any_wrong_power_or_point_of_a_basis_under_a_right_checksum() {
        let other = (G1Affine::generator() * Fr::from(99)).to_affine().to_raw_bytes();
        for opening in [Opening::Shplonk, Opening::Grouped { width: 3 }] {
            let srs = Srs::insecure_for(3, opening, SEED).unwrap();
            srs.check(ChaCha20Rng::from_seed([1; 32])).unwrap();
            let good = srs.to_bytes().unwrap();
            for at in (HEADER + 2 * 64..good.len() - CHECKSUM).step_by(64) {
                let mut bad = good.clone();
                bad[at..at + 64].copy_from_slice(&other);
                let opened = Srs::from_bytes(&sealed(bad)).unwrap();
                let refused = opened.check(ChaCha20Rng::from_seed([1; 32])).unwrap_err().to_string();
                let named = refused.contains("one secret") || refused.contains("Lagrange basis");
                assert!(named, "{opening:?}, byte {at}: {refused}");
            }
        }
    }
}

mod halo2 {
    use super::*;

    #[test]
    fn raw_parameters_are_imported_and_insecure_only_when_the_secret_is_published() {
        let imported = Srs::import_halo2_raw(&RAW).unwrap();
        assert!(!imported.is_insecure());
        assert_eq!(imported.digest(), SRS.digest());
        assert_eq!(raw(&imported), *RAW);
        for seed in [PUBLISHED_SEED, [0; 32]] {
            let published = Srs::insecure(K, seed).unwrap();
            let imported = Srs::import_halo2_raw(&raw(&published)).unwrap();
            assert!(imported.is_insecure());
            assert_eq!(imported.point(), published.point());
        }
    }

    /// The mark of a file's author decides nothing: the secret does.
    #[test]
    fn a_file_of_a_published_secret_is_insecure_whatever_its_header_says() {
        for (seed, published) in [(PUBLISHED_SEED, true), ([0; 32], true), (SEED, false)] {
            let bytes = Srs::insecure(K, seed).unwrap().to_bytes().unwrap();
            for mark in [0, 1] {
                let mut marked = bytes.clone();
                marked[12] = mark;
                assert_eq!(Srs::from_bytes(&sealed(marked)).unwrap().is_insecure(), published, "{mark}");
            }
        }
    }

    #[test]
    fn any_wrong_power_or_lagrange_point_is_found() {
        let other: G1Affine = (G1Affine::generator() * Fr::from(99)).to_affine();
        for i in 0..1 << K {
            for (at, what) in [(power(i), "power"), (lagrange(i), "Lagrange")] {
                let mut bad = RAW.clone();
                bad[at..at + 64].copy_from_slice(&other.to_raw_bytes());
                assert!(Srs::import_halo2_raw(&bad).is_err(), "{what} {i}");
            }
        }
        let mut swapped = RAW.clone();
        swapped[lagrange(2)..lagrange(4)].rotate_left(64);
        assert!(refusal(&swapped).contains("Lagrange"));
    }

    #[test]
    fn powers_scaled_by_a_constant_or_of_two_secrets_are_found() {
        let mut scaled = RAW.clone();
        for i in 1..1 << K {
            let at = power(i);
            let point = G1Affine::from_raw_bytes(&scaled[at..at + 64]).unwrap();
            scaled[at..at + 64].copy_from_slice(&(point * Fr::from(2)).to_affine().to_raw_bytes());
        }
        assert!(refusal(&scaled).contains("not of one secret"));
        let mut mixed = RAW.clone();
        let other = raw(&Srs::insecure(K, [1; 32]).unwrap());
        let last = mixed.len() - 128;
        mixed[last..].copy_from_slice(&other[last..]);
        assert!(refusal(&mixed).contains("not of one secret"));
    }

    #[test]
    fn points_off_the_curve_foreign_generators_and_wrong_lengths_are_named() {
        let mut off_curve = RAW.clone();
        off_curve[power(3)] ^= 1;
        assert!(refusal(&off_curve).contains("power 3 is off the curve"));
        let mut foreign = RAW.clone();
        let (first, second) = (power(0)..power(1), power(1)..power(2));
        foreign.copy_within(second, first.start);
        assert!(refusal(&foreign).contains("standard generator"));
        assert!(refusal(&RAW[..RAW.len() - 1]).contains("truncated"));
        assert!(refusal(&[0xff; 4]).contains("k in 1..=26"));
        assert!(refusal(&[20, 0, 0, 0]).contains("expected 134217988 bytes for k = 20"));
    }

    #[test]
    fn a_random_secret_passes_the_checks() {
        let seed = Fr::random(rand::thread_rng()).to_raw_bytes().try_into().unwrap();
        Srs::import_halo2_raw(&raw(&Srs::insecure(4, seed).unwrap())).unwrap();
    }
}

#[test]
fn a_file_is_recognised_by_its_first_bytes() {
    assert_eq!(SrsSource::of(b"ptau\x01\x00\x00\x00"), SrsSource::Ptau);
    assert_eq!(SrsSource::of(b"ASSAYSR1"), SrsSource::Assay);
    assert_eq!(SrsSource::of(&SAVED), SrsSource::Assay);
    assert_eq!(SrsSource::of(&RAW), SrsSource::Halo2Raw);
    assert_eq!(SrsSource::of(b""), SrsSource::Halo2Raw);
}

proptest! {
    #[test]
    fn bytes_of_strangers_never_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        k in 0u8..40,
        at in 0usize..5000,
        patch in any::<u8>(),
    ) {
        let _ = Srs::from_bytes(&noise);
        let _ = Srs::import_halo2_raw(&noise);
        let framed = [b"ASSAYSR2".as_slice(), &[k, 0, 0, 0], &noise].concat();
        prop_assert!(Srs::from_bytes(&framed).is_err());
        prop_assert!(Srs::from_mapped(&in_memory(&framed)).is_err());
        let mut patched = RAW.clone();
        let at = at % patched.len();
        let changed = patched[at] != patch;
        patched[at] = patch;
        prop_assert_eq!(Srs::import_halo2_raw(&patched).is_err(), changed, "byte {}", at);
        let mut patched = SAVED.clone();
        let at = at % (patched.len() - CHECKSUM);
        patched[at] = patch;
        let _ = Srs::from_bytes(&sealed(patched));
    }
}
