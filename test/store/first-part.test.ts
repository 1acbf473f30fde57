import { expect, it } from 'vitest';
import { openStore } from './answering-server.ts';

it.each([
  ['tells it', { 'content-length': '5242880', 'x-amz-mp-parts-count': '3' }, 206, 5_242_880],
  ['does not know parts', { 'content-length': '9000000' }, 200, undefined],
  ['refuses', {}, 400, undefined],
])('the size of the first part, where the store %s', async (_, headers, status, expected) => {
  const { store, requests } = await openStore((_request, response) =>
    response.writeHead(status, headers).end(),
  );
  expect(await store.firstPartBytes?.('p/tank/a@1')).toBe(expected);
  expect(requests[0]?.url).toContain('partNumber=1');
  expect(requests[0]?.method).toBe('HEAD');
});
