import type { ObjectStore } from '../../src/store/object-store.ts';
import { createNoteKey, encodeNote } from '../../src/transfer/upload-note.ts';
import { readWriter } from '../../src/transfer/writer.ts';
import { type Answer, errorBody, openStore, xml } from '../store/answering-server.ts';
import { createMemoryStore } from './memory-store.ts';

export const KEY = 'p/tank/a@1';
export const metadata = { isfull: 'true' };
const LONG_AGO = '2020-01-01T00:00:00.000Z';

/**
 * A server that lists the uploads `ids` of `KEY`, and answers for the parts of `real` only: for all else `gone`.
 * Each upload has the note of a run that died.
 */
export async function listUploads(
  ids: readonly string[],
  gone: Answer = xml(404, errorBody('NoSuchUpload')),
) {
  const notes = createMemoryStore();
  const writer = { ...(await readWriter()), pid: 4_194_303 };
  const schedule = [{ firstPart: 1, bytes: 1000 }];
  for (const uploadId of ids) {
    await notes.put(createNoteKey('p/', KEY), encodeNote({ key: KEY, uploadId, metadata, schedule, writer }));
  }
  const uploads = ids.map(
    (id) => `<Upload><Key>${KEY}</Key><UploadId>${id}</UploadId><Initiated>${LONG_AGO}</Initiated></Upload>`,
  );
  const part = `<Part><PartNumber>1</PartNumber><ETag>"e"</ETag><Size>9</Size><LastModified>${LONG_AGO}</LastModified></Part>`;
  const answers = await openStore((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://s3');
    const id = searchParams.get('uploadId');
    if (id !== null) {
      const parts = xml(200, `<ListPartsResult>${part}</ListPartsResult>`);
      return (id === 'real' ? parts : gone)(request, response);
    }
    if (searchParams.has('uploads')) {
      const body = `<ListMultipartUploadsResult>${uploads.join('')}</ListMultipartUploadsResult>`;
      return xml(200, body)(request, response);
    }
    void answerFrom(notes, decodeURIComponent(pathname), searchParams, request, response);
  });
  return { ...answers, noteKeys: () => keysIn(notes) };
}

async function answerFrom(
  notes: ObjectStore,
  path: string,
  query: URLSearchParams,
  ...[request, response]: Parameters<Answer>
): Promise<void> {
  const key = path.slice('/b/'.length);
  if (query.has('list-type')) {
    const prefix = query.get('prefix') ?? '';
    const keys = (await keysIn(notes)).filter((each) => each.startsWith(prefix));
    const at = `<LastModified>${LONG_AGO}</LastModified>`;
    const entries = keys.map((each) => `<Contents><Key>${each}</Key><Size>9</Size>${at}</Contents>`);
    return xml(200, `<ListBucketResult>${entries.join('')}</ListBucketResult>`)(request, response);
  }
  if (request.method === 'DELETE') await notes.remove(key);
  if (request.method === 'DELETE') return void response.writeHead(204).end();
  const { chunks } = await notes.get(key);
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  response.writeHead(200, { etag: '"n"' }).end(Buffer.concat(pieces));
}

async function keysIn(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}
