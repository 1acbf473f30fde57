import type { Decode } from './decoding.ts';
import { createGzipInspector } from './gzip-inspector.ts';
import { createComplaints } from './inspect-error.ts';
import { HEAD_BYTES, recognise } from './magic.ts';
import type { Expectation, InspectDepth, StreamInspector, UnknownFacts } from './stream-inspector.ts';
import { createZfsInspector } from './zfs-inspector.ts';
import { createZstdInspector } from './zstd-inspector.ts';

export interface StreamInspectorOptions {
  readonly expect: Exclude<Expectation, 'none'>;
  readonly depth: InspectDepth;
  /** What decodes a stream to look inside; without them zstd is followed by its frames, and gzip not at all. */
  readonly decoders?: { readonly zstd?: Decode; readonly gzip?: Decode };
  /** What to do when it is refused; by default for whoever makes the stream. */
  readonly advice?: string | undefined;
}

/** Recognises ZFS send streams, zstd and gzip by their magic numbers, and follows them; other streams pass. */
export function createStreamInspector(options: StreamInspectorOptions): StreamInspector {
  const head = new Uint8Array(HEAD_BYTES);
  let filled = 0;
  let chosen: StreamInspector | undefined;

  return {
    push(chunk) {
      if (chosen) return chosen.push(chunk);
      const piece = chunk.subarray(0, HEAD_BYTES - filled);
      head.set(piece, filled);
      filled += piece.byteLength;
      if (filled < HEAD_BYTES) return undefined;
      const inspector = choose(head, options);
      chosen = inspector;
      const waiting = inspector.push(head);
      const rest = chunk.subarray(piece.byteLength);
      return waiting ? waiting.then(() => inspector.push(rest)) : inspector.push(rest);
    },
    async end() {
      if (!chosen) {
        chosen = choose(head.subarray(0, filled), options);
        await chosen.push(head.subarray(0, filled));
      }
      return chosen.end();
    },
    close: () => chosen?.close(),
  };
}

function choose(
  head: Uint8Array,
  { expect, depth, decoders, advice }: StreamInspectorOptions,
): StreamInspector {
  switch (recognise(head)) {
    case 'zfs':
      return createZfsInspector({ checksums: depth === 'full', advice });
    case 'zstd':
      return createZstdInspector({ expect, depth, decode: decoders?.zstd, advice });
    case 'gzip':
      return createGzipInspector({ expect, depth, decode: decoders?.gzip, advice });
    case 'unknown':
      if (expect === 'zfs') throw createComplaints('stream', advice).unexpected('is no ZFS send stream');
      return createUnknownInspector();
  }
}

function createUnknownInspector(): StreamInspector {
  let bytes = 0;
  return {
    push(chunk) {
      bytes += chunk.byteLength;
      return undefined;
    },
    end: (): UnknownFacts => ({ kind: 'unknown', bytes }),
    close() {},
  };
}
