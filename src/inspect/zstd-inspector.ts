import { createDecoding, type Decode, type Decoding } from './decoding.ts';
import { createInnerStream } from './inner-stream.ts';
import { createComplaints } from './inspect-error.ts';
import type {
  EncodedFacts,
  Expectation,
  InspectDepth,
  StreamInspector,
  UnknownFacts,
} from './stream-inspector.ts';
import { createZfsInspector } from './zfs-inspector.ts';
import { createZstdFrames } from './zstd-frames.ts';

export interface EncodedInspectorOptions {
  readonly expect: Exclude<Expectation, 'none'>;
  readonly depth: InspectDepth;
  /** Without it nobody looks inside. */
  readonly decode?: Decode | undefined;
  readonly advice?: string | undefined;
}

/**
 * Frames are followed without decoding. With `full` depth a ZFS send stream inside is followed as well: a `zfs send`
 * that died in front of `zstd` leaves a frame that is whole. What is something else is not decoded any further.
 */
export function createZstdInspector({
  expect,
  depth,
  decode,
  advice,
}: EncodedInspectorOptions): StreamInspector {
  const complain = createComplaints('zstd stream', advice);
  const frames = createZstdFrames(complain);
  const inner = createInnerStream({
    inspector: createZfsInspector({
      checksums: true,
      what: 'ZFS send stream inside the zstd stream',
      advice,
    }),
    isDemanded: expect === 'zfs',
    complain,
    onKnown(isZfs) {
      if (!isZfs || depth === 'frames') stop();
    },
  });
  let decoding: Decoding | undefined;
  let isLookedAt = decode !== undefined && (depth === 'full' || expect === 'zfs');
  let bytes = 0;

  function stop(): void {
    isLookedAt = false;
    decoding?.close();
  }

  return {
    push(chunk) {
      bytes += chunk.byteLength;
      frames.push(chunk);
      if (frames.isOther() || frames.isBeyondUs()) stop();
      if (!isLookedAt || !decode) return undefined;
      decoding ??= createDecoding(decode, inner.take, advice);
      return decoding.push(chunk);
    },
    async end(): Promise<EncodedFacts | UnknownFacts> {
      if (frames.isOther()) {
        if (expect === 'zfs') throw complain.unexpected('is something else, and no ZFS send stream');
        return { kind: 'unknown', bytes };
      }
      frames.end();
      if (!isLookedAt) return { kind: 'zstd', bytes, inner: undefined };
      await decoding?.end();
      return { kind: 'zstd', bytes, inner: inner.end() };
    },
    close: stop,
  };
}
