/** Whether the secret of an SRS is published; `verifier/core/src/ceremony.rs` is the same in Rust. */
import { bytesToHex } from '@noble/hashes/utils.js';

import type { VerifyingKey } from './key.js';

/** Where each secret was published, by the digest of its `[s]_2`. */
const PUBLISHED: Readonly<Record<string, string>> = {
  e9c9d7ac8eddf15a15a64ce31c9f744b2a5c18dba5ab4d392c68d0f220d7af78: 'assay srs generate --insecure',
  '3f8b0d2a0d913f273ff22afff1941d7aefee11c46fb846e68f10798d3face370': 'halo2-lib\'s gen_srs',
};

/** Where the secret of a key's SRS was published, if it was: anybody can forge what is proved with such a key. */
export function publishedBy(key: Pick<VerifyingKey, 'srsDigest'>): string | undefined {
  return PUBLISHED[bytesToHex(key.srsDigest)];
}
