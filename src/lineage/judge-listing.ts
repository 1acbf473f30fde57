import type { Backup } from './backup.ts';
import { isOther } from './parents.ts';
import type { Finding } from './verdicts.ts';

/** What was recorded of an object when it was stored, as far as that is known. */
export interface RecordedObject {
  readonly storedBytes: number;
  readonly etag: string | null;
  readonly guid: string | null;
}

/** What size and ETag tell of an object without reading it. */
export function judgeListing(backup: Backup, recorded: RecordedObject | undefined): readonly Finding[] {
  const { key, storedBytes, etag } = backup;
  if (recorded && recorded.storedBytes !== storedBytes) {
    const how = storedBytes < recorded.storedBytes ? 'is cut short' : 'has become longer';
    return [
      {
        kind: 'size',
        message: `${key} ${how}: it has ${storedBytes} bytes, and ${recorded.storedBytes} were stored`,
      },
    ];
  }
  if (storedBytes === 0) return [{ kind: 'size', message: `${key} is empty` }];
  if (recorded && isOther(recorded.etag ?? undefined, etag)) {
    return [
      {
        kind: 'object',
        message: `${key} is another object than the one that was stored: its ETag is ${etag}, and was ${recorded.etag}`,
      },
    ];
  }
  return [];
}
