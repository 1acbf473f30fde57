const FIRST_BYTES = 64 * 1024;

/** Bytes that come piece by piece, copied; takes at most twice as much memory as came. */
export function createCollector() {
  let room = new Uint8Array(FIRST_BYTES);
  let filled = 0;
  return {
    add(bytes: Uint8Array, from: number, to: number): void {
      const wanted = filled + to - from;
      if (wanted > room.byteLength) {
        const bigger = new Uint8Array(Math.max(wanted, room.byteLength * 2));
        bigger.set(room.subarray(0, filled));
        room = bigger;
      }
      room.set(bytes.subarray(from, to), filled);
      filled = wanted;
    },
    bytes: (): Uint8Array => room.subarray(0, filled),
  };
}
