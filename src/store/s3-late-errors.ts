import { Readable } from 'node:stream';
import type { S3Client } from './s3-sdk.ts';

interface Answer {
  readonly statusCode: number;
  body: AsyncIterable<Uint8Array>;
}

const ERROR_END = '</Error>';

/**
 * What takes long begins with 200 and may end with an error. The SDK sees one only where nothing stands behind
 * `</Error>`, and takes it for an empty result otherwise: so the space behind it is left out.
 */
export function showLateErrors({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args);
        const answer = result.response as Answer;
        if (commandName === 'GetObjectCommand' || answer.statusCode >= 300) return result;
        const chunks: Uint8Array[] = [];
        for await (const chunk of answer.body) chunks.push(chunk);
        answer.body = Readable.from([untilError(Buffer.concat(chunks))], { objectMode: false });
        return result;
      },
    // the first to see the answer, before the SDK's own
    { step: 'deserialize', priority: 'low' },
  );
}

function untilError(body: Buffer): Buffer {
  const end = body.lastIndexOf(ERROR_END) + ERROR_END.length;
  const isLast = end >= ERROR_END.length && body.toString('latin1', end).trim() === '';
  return isLast ? body.subarray(0, end) : body;
}
