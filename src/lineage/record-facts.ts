import { parseBackupName, UNPRINTABLE } from './key.ts';
import type { BackupRecord } from './record.ts';

/**
 * What the last element of a record's key carries, so that a LIST answers what planning and `status` ask:
 * `docs/records.md` has the letters.
 */
export type RecordFacts = Pick<
  BackupRecord,
  | 'kind'
  | 'parent'
  | 'guid'
  | 'parentGuid'
  | 'compressor'
  | 'encryptor'
  | 'estimate'
  | 'streamBytes'
  | 'storedBytes'
  | 'etag'
  | 'snapshotCreatedAt'
  | 'sendFlags'
>;

const VERSION = '1';
/** The whole element where facts would make the key too long. */
export const NO_FACTS = `${VERSION},o`;
const DECIMAL = /^[0-9]{1,20}$/;

/** One path element. */
export function encodeFacts(facts: RecordFacts): string {
  const { kind, sendFlags, snapshotCreatedAt } = facts;
  const fields: readonly (readonly [string, string | number | null])[] = [
    ['g', facts.guid],
    ['b', facts.parentGuid],
    ['s', facts.streamBytes],
    ['t', facts.storedBytes],
    ['m', facts.estimate],
    ['d', snapshotCreatedAt && Date.parse(snapshotCreatedAt)],
    ['e', facts.etag],
    ['c', facts.compressor],
    ['x', facts.encryptor],
    ['w', sendFlags?.map((flag) => `_${escapeText(flag)}`).join('') ?? null],
    ['p', facts.parent],
  ];
  const written = fields.flatMap(([letter, value]) => {
    if (value === null) return [];
    return `${letter}${letter === 'w' ? value : escapeText(String(value))}`;
  });
  return [VERSION, kind === 'full' ? 'f' : 'i', ...written].join(',');
}

/** `elsewhere` for what has no facts, or a newer version wrote; `undefined` for what makes no sense. */
export function decodeFacts(element: string, dataset: string): RecordFacts | 'elsewhere' | undefined {
  if (element === NO_FACTS) return 'elsewhere';
  const [version = '', kind, ...rest] = element.split(',');
  if (version !== VERSION) return /^[1-9][0-9]{0,8}$/.test(version) && kind ? 'elsewhere' : undefined;
  if (kind !== 'f' && kind !== 'i') return undefined;
  const fields = new Map(rest.map((field) => [field.slice(0, 1), field.slice(1)]));
  // Said twice, it is not known which was meant.
  if (fields.size < rest.length) return undefined;
  const reading = createReading(fields);
  const facts: RecordFacts = {
    kind: kind === 'f' ? 'full' : 'incremental',
    parent: reading.text('p', (text) => isParent(text, dataset)),
    guid: reading.text('g', (text) => DECIMAL.test(text)),
    parentGuid: reading.text('b', (text) => DECIMAL.test(text)),
    compressor: reading.text('c', isFilter),
    encryptor: reading.text('x', isFilter),
    estimate: reading.count('m'),
    streamBytes: reading.count('s'),
    storedBytes: reading.count('t') ?? Number.NaN,
    etag: reading.text('e', (text) => text !== '' && !UNPRINTABLE.test(text)),
    snapshotCreatedAt: reading.date('d'),
    sendFlags: reading.list('w'),
  };
  const isOdd = facts.kind === 'full' && (facts.parent !== null || facts.parentGuid !== null);
  return isOdd || Number.isNaN(facts.storedBytes) || reading.isWrong() ? undefined : facts;
}

/** Reads fields as far as they make sense, and remembers whether one did not. */
function createReading(fields: ReadonlyMap<string, string>) {
  let wrong = false;
  function read<Value>(letter: string, decode: (raw: string) => Value | undefined): Value | null {
    const raw = fields.get(letter);
    if (raw === undefined) return null;
    const value = decode(raw);
    wrong ||= value === undefined;
    return value ?? null;
  }
  return {
    isWrong: () => wrong,
    text(letter: string, isGood: (text: string) => boolean): string | null {
      return read(letter, (raw) => {
        const text = unescapeText(raw);
        return text !== undefined && isGood(text) ? text : undefined;
      });
    },
    count: (letter: string) => read(letter, readCount),
    date: (letter: string) => read(letter, readDate),
    list: (letter: string) => read(letter, readList),
  };
}

function readCount(raw: string): number | undefined {
  return DECIMAL.test(raw) && Number.isSafeInteger(Number(raw)) ? Number(raw) : undefined;
}

function readDate(raw: string): string | undefined {
  const date = new Date(/^-?[0-9]{1,16}$/.test(raw) ? Number(raw) : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function readList(raw: string): readonly string[] | undefined {
  if (raw === '') return [];
  const [before, ...items] = raw.split('_');
  const texts = items.map(unescapeText).filter((text) => text !== undefined && !UNPRINTABLE.test(text));
  return before === '' && texts.length === items.length ? (texts as string[]) : undefined;
}

/** As in the metadata: a name in this dataset, or the whole of one in another. */
function isParent(text: string, dataset: string): boolean {
  if (!text.includes('@')) return parseBackupName(`${dataset}@${text}`) !== undefined;
  const parent = parseBackupName(text);
  return parent !== undefined && parent.dataset !== dataset;
}

function isFilter(text: string): boolean {
  return text !== 'none' && text.trim() !== '' && /^[\x20-\x7e]+$/.test(text);
}

/** Letters, digits and three signs stay: no store, proxy or signature has its own idea of those. */
function escapeText(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => {
    const sign = String.fromCharCode(byte);
    return /[A-Za-z0-9.:-]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function unescapeText(raw: string): string | undefined {
  if (!/^(?:[A-Za-z0-9.:-]|%[0-9A-F]{2})*$/.test(raw)) return undefined;
  try {
    return decodeURIComponent(raw);
  } catch {
    // no UTF-8
    return undefined;
  }
}
