import { crc32 } from 'node:zlib';
import { hexOfCrc32 } from './crc32.ts';
import { meter } from './meter.ts';

export interface CrcMeter {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of what was handed on so far: eight digits. */
  hex(): string;
}

/** Passes chunks through and takes their CRC-32 on the way, which costs less than a copy. */
export function meterCrc32(source: AsyncIterable<Uint8Array>): CrcMeter {
  let crc = 0;
  const chunks = meter(source, (_, chunk) => {
    crc = crc32(chunk, crc);
  });
  return { chunks, hex: () => hexOfCrc32(crc) };
}
