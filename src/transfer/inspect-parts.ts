import type { StreamFacts, StreamInspector } from '../inspect/stream-inspector.ts';
import type { Part } from '../stream/parts.ts';

/**
 * Hands parts on, each after it was looked at, and the last one only when the whole was found well: so nothing can be
 * completed before. Throws what the inspector throws.
 */
export async function* inspectParts(
  parts: AsyncIterable<Part>,
  inspector: StreamInspector,
  onFacts: (facts: StreamFacts) => void,
): AsyncGenerator<Part, void> {
  try {
    for await (const part of parts) {
      try {
        await inspector.push(part.bytes);
        if (part.last) onFacts(await inspector.end());
      } catch (error) {
        part.release();
        throw error;
      }
      yield part;
    }
  } finally {
    inspector.close();
  }
}
