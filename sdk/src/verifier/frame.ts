/** The frame of every binary format: eight bytes of magic, the last of which is the version. */
import { equal } from './encoding.js';
import { VerifyError, checkSize } from './error.js';

/**
 * The bytes after the magic.
 *
 * @param most Most bytes of such a file, the magic included.
 * @throws {VerifyError} `FileSize` for a larger one, `Magic` for another kind of file, `Version` for another version of this one.
 */
export function openFrame(what: string, magic: string, most: number, file: Uint8Array): Uint8Array {
  const expected = new TextEncoder().encode(magic);
  const head = file.subarray(0, magic.length);
  if (equal(head, expected)) {
    checkSize(what, most, file.length);
    return file.subarray(magic.length);
  }
  // Whatever the bytes are, each is a character.
  const got = String.fromCharCode(...head);
  const kind = magic.slice(0, -1);
  if (head.length === magic.length && equal(head.subarray(0, kind.length), expected.subarray(0, kind.length))) {
    const next = 'make it again with this version of assay';
    throw new VerifyError(
      'Version',
      `${what} has format version ${got.at(-1)}, expected ${magic.at(-1)}; ${next}`,
    );
  }
  throw new VerifyError(
    'Magic',
    `not ${what}: expected the file to begin with ${magic}, got ${JSON.stringify(got)}; is this the right file?`,
  );
}
