import { describe, expect, it } from 'vitest';
import { parseBoolean } from '../../src/config/parse-value.ts';
import { parseBucket, parseEndpoint, parsePrefix, parseStoreUrl } from '../../src/store/store-url.ts';

describe('parseBoolean', () => {
  it.each(['true', 'True', 'yes', 'ON', '1'])('reads %s as true', (text) => {
    expect(parseBoolean(text)).toBe(true);
  });
  it.each(['false', 'FALSE', 'no', 'off', '0'])('reads %s as false', (text) => {
    expect(parseBoolean(text)).toBe(false);
  });
  it.each(['', 'ja', '2', 'truee'])('refuses %j', (text) => {
    expect(() => parseBoolean(text)).toThrow('is neither true nor false');
  });
});

describe('parseStoreUrl', () => {
  it.each([
    ['s3://b', { kind: 's3', bucket: 'b', prefix: undefined }],
    ['s3://b/', { kind: 's3', bucket: 'b', prefix: undefined }],
    ['s3://b/p', { kind: 's3', bucket: 'b', prefix: 'p/' }],
    ['s3://b/p/q/', { kind: 's3', bucket: 'b', prefix: 'p/q/' }],
    ['s3://b/a%20b c', { kind: 's3', bucket: 'b', prefix: 'a%20b c/' }],
    ['file:///', { kind: 'directory', path: '/' }],
    ['file:///mnt/my backup', { kind: 'directory', path: '/mnt/my backup' }],
    ['file:///mnt/a\\b', { kind: 'directory', path: '/mnt/a\\b' }],
    ['file:///mnt/a%20b%25', { kind: 'directory', path: '/mnt/a b%' }],
  ])('reads %s', (text, store) => {
    expect(parseStoreUrl(text)).toEqual(store);
  });

  it.each([
    ['bucket', 'is not a store: write s3://bucket/prefix or file:///path'],
    ['/mnt/x', 'is a path: write file:///mnt/x'],
    ['https://host/b', 'another server than AWS is named by ENDPOINT'],
    ['s3://', 'names no bucket'],
    ['s3:///p', 'names no bucket'],
    ['s3://a b/p', 'is not a bucket'],
    ['file://host/x', 'with three slashes'],
    ['file:x', 'with three slashes'],
    ['file:///a?b', 'is not a file URL'],
    ['file:///a#b', 'is not a file URL'],
    ['file:///a%zz', 'is not a file URL'],
    ['file:///a\tb', 'holds a control character'],
  ])('refuses %s', (text, message) => {
    expect(() => parseStoreUrl(text)).toThrow(message);
  });

  it('refuses credentials without repeating them', () => {
    expect(() => parseStoreUrl('s3://id:hush@b/p')).toThrow(/^(?!.*hush).*no credentials/);
    expect(() => parseEndpoint('https://id:hush@host')).toThrow(/^(?!.*hush).*no credentials/);
  });
});

describe('parseBucket and parsePrefix', () => {
  it('takes names and ARNs', () => {
    expect(parseBucket('My_old.bucket-1')).toBe('My_old.bucket-1');
    expect(parseBucket('arn:aws:s3:eu-west-1:1:accesspoint/x')).toBe('arn:aws:s3:eu-west-1:1:accesspoint/x');
    expect(() => parseBucket('s3://b')).toThrow('a URL goes into STORE');
    expect(() => parseBucket('b/p')).toThrow('goes into S3_PREFIX');
  });

  it.each([
    ['p', 'p/'],
    ['p/', 'p/'],
    ['/p//', 'p/'],
    ['a/b c', 'a/b c/'],
    ['/', ''],
  ])('makes the prefix %s end in one slash', (text, prefix) => {
    expect(parsePrefix(text)).toBe(prefix);
  });
});

describe('parseEndpoint', () => {
  it('takes aws and URLs', () => {
    expect(parseEndpoint('aws')).toBeUndefined();
    expect(parseEndpoint('AWS')).toBeUndefined();
    expect(parseEndpoint('http://127.0.0.1:9000')).toBe('http://127.0.0.1:9000');
    expect(parseEndpoint('https://Host.example/s3/')).toBe('https://host.example/s3');
  });

  it.each([
    ['s3.example.com', 'write https://s3.example.com'],
    ['localhost:9000', 'write https://localhost:9000'],
    ['ftp://x', 'nor a URL that starts with http'],
    ['http://', 'is not a URL'],
    ['https://x/?y', 'has a ? or # part'],
  ])('refuses %s', (text, message) => {
    expect(() => parseEndpoint(text)).toThrow(message);
  });
});
