/** What the store could not do, in words that stand before a key. */
const WORDS: Readonly<Record<string, string>> = {
  list: 'list',
  head: 'look at',
  get: 'read',
  put: 'store',
  remove: 'remove',
  startUpload: 'start the upload of',
  putPart: 'store a part of',
  listParts: 'list the parts of',
  complete: 'complete the upload of',
  abort: 'drop the upload of',
  lock: 'lock',
  tag: 'tag',
  openUploads: 'list the uploads under',
  readVersioning: 'ask for the versioning of',
  listDeleted: 'list the versions under',
  undelete: 'bring back',
  thaw: 'ask for the archived',
};

export function wordsFor(operation: string, partNumber?: number): string {
  if (operation === 'putPart' && partNumber !== undefined) return `store part ${partNumber} of`;
  return WORDS[operation] ?? operation;
}
