import type { BackupRecord } from './record.ts';

/** A record's body: JSON that a person can read, a line for each field and for each part. */
export function encodeRecord(record: BackupRecord): Uint8Array {
  const { parts, ...facts } = record;
  const fields = Object.entries(facts).map(
    ([name, value]) => ` ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const lines = parts.map((part) => `\n  ${JSON.stringify(part)}`);
  return new TextEncoder().encode(`{\n${[...fields, ` "parts": [${lines.join(',')}]`].join(',\n')}\n}\n`);
}
