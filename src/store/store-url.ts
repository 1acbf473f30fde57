import { fileURLToPath } from 'node:url';
import { Zfs3BackupError } from '../errors.ts';

/** A STORE value; `prefix` is `undefined` where it does not say one. */
export type StoreUrl =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string | undefined }
  | { readonly kind: 'directory'; readonly path: string };

/**
 * Reads `s3://bucket[/prefix]` or `file:///path`. The path of an s3 URL is taken literally (no %-escapes), that
 * of a file URL is decoded. Throws USAGE.
 */
export function parseStoreUrl(text: string): StoreUrl {
  if (text.startsWith('s3://')) return parseS3Url(text.slice('s3://'.length));
  if (text.startsWith('file:')) return { kind: 'directory', path: parseFileUrl(text) };
  if (text.startsWith('/')) throw usage(`${quoted(text)} is a path: write file://${text}`);
  if (text.includes('://'))
    throw usage(
      'a store is s3://bucket/prefix or file:///path; another server than AWS is named by ENDPOINT',
    );
  throw usage(`${quoted(text)} is not a store: write s3://bucket/prefix or file:///path`);
}

/** A bucket's name or access point ARN. Throws USAGE. */
export function parseBucket(text: string): string {
  if (text.includes('://')) throw usage('a bucket is a bare name; a URL goes into STORE');
  if (!text.startsWith('arn:') && !/^[^\s/?#@]+$/.test(text)) {
    throw usage(
      `${quoted(text)} is not a bucket: its name has no blanks and no / (what keys start with goes into S3_PREFIX)`,
    );
  }
  return text;
}

/** What keys start with: without a `/` in front, with one behind; empty for the root. Throws USAGE. */
export function parsePrefix(text: string): string {
  refuseControlCharacters(text);
  const bare = text.replace(/^\/+/, '').replace(/\/+$/, '');
  return bare === '' ? '' : `${bare}/`;
}

/** An http(s) URL without a trailing slash; `undefined` for `aws`. Throws USAGE. */
export function parseEndpoint(text: string): string | undefined {
  if (text.toLowerCase() === 'aws') return undefined;
  if (!/^https?:\/\//i.test(text)) {
    const host = /^[\w.-]+(:\d+)?$/.test(text) ? `: write https://${text}` : '';
    throw usage(`is neither \`aws\` nor a URL that starts with http:// or https://${host}`);
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw usage(`${quoted(text)} is not a URL`);
  if (url.username !== '' || url.password !== '') throw usage('an endpoint holds no credentials');
  if (url.search !== '' || url.hash !== '')
    throw usage(`${quoted(text)} has a ? or # part, which an endpoint has not`);
  return url.href.replace(/\/+$/, '');
}

function parseS3Url(rest: string): StoreUrl {
  const slash = rest.indexOf('/');
  const bucket = slash === -1 ? rest : rest.slice(0, slash);
  // A secret may hold a slash, and what is behind it would be taken for the prefix.
  if (bucket.includes('@') || /^[^/:@]+:.+@/.test(rest))
    throw usage('a store holds no credentials: use S3_KEY_ID and S3_SECRET, or PROFILE');
  if (bucket === '') throw usage('names no bucket: write s3://bucket/prefix');
  const prefix = slash === -1 ? '' : parsePrefix(rest.slice(slash));
  return { kind: 's3', bucket: parseBucket(bucket), prefix: prefix === '' ? undefined : prefix };
}

function parseFileUrl(text: string): string {
  if (!text.startsWith('file:///'))
    throw usage(`${quoted(text)} is not a local path: write file:///path, with three slashes`);
  refuseControlCharacters(text);
  try {
    // A backslash is a character like others in a path here, and would become a slash.
    const url = new URL(text.replaceAll('\\', '%5C'));
    if (url.search === '' && url.hash === '') return fileURLToPath(url);
  } catch {
    // The advice is the same as for ? and #.
  }
  throw usage(`${quoted(text)} is not a file URL: write % ? # in the path as %25 %3F %23`);
}

/** Throws USAGE. */
export function refuseControlCharacters(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  if (/[\u0000-\u001f\u007f]/.test(text)) throw usage('holds a control character');
}

/** What stands before an @ or behind a ? may be a secret, so it is not repeated. */
function quoted(text: string): string {
  return `\`${text.replace(/^.*@/s, '…@').replace(/\?.*$/s, '?…')}\``;
}

function usage(message: string): Zfs3BackupError {
  return new Zfs3BackupError('USAGE', message);
}
