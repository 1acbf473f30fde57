import type { Complaints } from './inspect-error.ts';
import { couldBeZfs, HEAD_BYTES, isZfsStream } from './magic.ts';
import type { SyncStreamInspector, ZfsFacts } from './stream-inspector.ts';

/** What comes out of a decoder: a ZFS send stream, or something that nobody here knows. */
export interface InnerStream {
  take(chunk: Uint8Array): void;
  end(): ZfsFacts | undefined;
}

export interface InnerOptions {
  /** How the ZFS stream is looked at. */
  readonly inspector: SyncStreamInspector<ZfsFacts>;
  /** Whether it must be one. */
  readonly isDemanded: boolean;
  readonly complain: Complaints;
  /** Told once, when it is known what it is. */
  readonly onKnown: (isZfs: boolean) => void;
}

export function createInnerStream({ inspector, isDemanded, complain, onKnown }: InnerOptions): InnerStream {
  const head = new Uint8Array(HEAD_BYTES);
  let filled = 0;
  let isZfs: boolean | undefined;

  function settle(answer: boolean): void {
    isZfs = answer;
    if (!answer && isDemanded) throw complain.unexpected('holds no ZFS send stream');
    onKnown(answer);
  }

  return {
    take(chunk) {
      if (isZfs === false) return;
      if (isZfs) return inspector.push(chunk);
      const piece = chunk.subarray(0, HEAD_BYTES - filled);
      head.set(piece, filled);
      filled += piece.byteLength;
      if (filled < HEAD_BYTES) return;
      settle(isZfsStream(head));
      if (!isZfs) return;
      inspector.push(head);
      inspector.push(chunk.subarray(piece.byteLength));
    },
    end() {
      if (isZfs === undefined) {
        if (couldBeZfs(head.subarray(0, filled))) inspector.push(head.subarray(0, filled));
        else settle(false);
      }
      return isZfs === false ? undefined : inspector.end();
    },
  };
}
