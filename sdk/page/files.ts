/** The files that were chosen or dropped, told apart by what is in them, each named on the page. */
import { MODEL_FORMAT } from '../src/model.js';
import { element, write } from './element.js';

export const KINDS = ['proof', 'key', 'model'] as const;
export type Kind = (typeof KINDS)[number];

/** What stands where no file was given. */
const ABSENT = { proof: 'not chosen yet', key: 'not chosen yet', model: 'not given' } as const;
/** Bytes that tell one kind from another. */
const HEAD = 4_096;

export class Files {
  readonly given: Partial<Record<Kind, File>> = {};

  /** @param changed Called when another file counts. */
  constructor(private readonly changed: () => void) {
    for (const kind of KINDS) {
      const input = element<HTMLInputElement>(kind);
      input.addEventListener('change', () => {
        const [file] = input.files ?? [];
        // The same file can be chosen again, after it was made again.
        if (file) this.take(kind, file);
        input.value = '';
      });
      element(`remove-${kind}`).addEventListener('click', () => this.take(kind, undefined));
      this.name(kind);
    }
    this.acceptDrops();
  }

  private take(kind: Kind, file: File | undefined): void {
    if (file) this.given[kind] = file;
    else delete this.given[kind];
    this.name(kind);
    write('unused', undefined);
    this.changed();
  }

  private name(kind: Kind): void {
    const file = this.given[kind];
    const name = element(`name-${kind}`);
    name.textContent = file ? `${file.name} (${size(file.size)})` : ABSENT[kind];
    name.classList.toggle('given', file !== undefined);
    element(`remove-${kind}`).hidden = file === undefined;
  }

  /** Of several files of a kind the last counts, and the page says which do not. */
  private async sort(list: readonly File[]): Promise<void> {
    const sorted = new Map<Kind, File>();
    const unused: string[] = [];
    for (const file of list) {
      const kind = await kindOf(file);
      const before = sorted.get(kind);
      if (before) unused.push(before.name);
      sorted.set(kind, file);
    }
    for (const [kind, file] of sorted) {
      this.given[kind] = file;
      this.name(kind);
    }
    write('unused', unused.length > 0 ? `Dropped too, and not used: ${unused.join(', ')}.` : undefined);
    this.changed();
  }

  private acceptDrops(): void {
    const drop = element('drop');
    document.addEventListener('dragover', (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
    document.addEventListener('dragleave', () => drop.classList.remove('over'));
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      drop.classList.remove('over');
      void this.sort([...(event.dataTransfer?.files ?? [])]);
    });
  }
}

/** A key has its magic, JSON begins with a brace; what is neither goes where a file of that name would be looked for, and is refused there. */
async function kindOf(file: File): Promise<Kind> {
  const head = (await file.slice(0, HEAD).text()).trimStart();
  if (head.startsWith('ASSAYVK')) return 'key';
  if (head.startsWith('{')) return head.includes(MODEL_FORMAT.slice(0, -1)) ? 'model' : 'proof';
  return file.name.endsWith('.json') ? 'proof' : 'key';
}

function size(bytes: number): string {
  return bytes < 1_000 ? `${bytes} bytes` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
