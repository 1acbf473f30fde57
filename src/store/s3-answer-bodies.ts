import { Readable } from 'node:stream';
import type { S3Client } from './s3-sdk.ts';

interface Answer {
  readonly statusCode: number;
  body: AsyncIterable<Uint8Array>;
}

const ERROR_END = '</Error>';

/** Looks at what a 2xx brings before the SDK does, which takes too much for an empty result. */
export function watchAnswers({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const result = await next(args);
        const answer = result.response as Answer;
        if (commandName === 'GetObjectCommand' || answer.statusCode >= 300) return result;
        const chunks: Uint8Array[] = [];
        for await (const chunk of answer.body) chunks.push(chunk);
        const body = Buffer.concat(chunks);
        if (commandName.startsWith('List')) assertListing(body, answer.statusCode);
        answer.body = Readable.from([untilError(body)], { objectMode: false });
        return result;
      },
    // the first to see the answer, before the SDK's own
    { step: 'deserialize', priority: 'low' },
  );
}

/**
 * What takes long begins with 200 and may end with an error. The SDK sees one only where nothing stands behind
 * `</Error>`: so the space behind it is left out.
 */
function untilError(body: Buffer): Buffer {
  const end = body.lastIndexOf(ERROR_END) + ERROR_END.length;
  const isLast = end >= ERROR_END.length && body.toString('latin1', end).trim() === '';
  return isLast ? body.subarray(0, end) : body;
}

/** Nothing at all, or a page of some proxy, is not a bucket without objects. */
function assertListing(body: Buffer, httpStatusCode: number): void {
  // behind declarations and comments; a name may have the prefix of a namespace
  const root = /^(?:[^<]|<[?!][^>]*>)*<(?:\w+:)?(\w+)/.exec(body.toString('latin1', 0, 4096))?.[1];
  if (root !== undefined && /^(List|Error$)/.test(root)) return;
  const what = body.byteLength === 0 ? 'nothing in it' : 'no listing';
  throw Object.assign(new Error(what), { $metadata: { httpStatusCode } });
}
