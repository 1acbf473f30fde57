import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer, Fault } from './fault-proxy.ts';

/** Nobody listens at the endpoint for so long. */
export const refuseConnections =
  (ms: number): Fault =>
  ({ refuseConnections: refuse }) =>
    refuse(ms);

/** The connection is reset when the request's head has come, before its body was read. */
export const resetBeforeBody: Fault = async ({ socket }) => void socket.resetAndDestroy();

/** … when half of the body has come. */
export const resetInBody: Fault = async ({ request, socket }) => {
  const half = Number(request.headers['content-length']) / 2;
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.byteLength;
    if (bytes >= half) return void socket.resetAndDestroy();
  }
};

/** … when all of the body has come; the store never hears of it. */
export const resetAfterBody: Fault = async ({ readBody, socket }) => {
  await readBody();
  socket.resetAndDestroy();
};

/** The store did what was asked, and the connection is reset instead of its answer. */
export const loseAnswer: Fault = async ({ readBody, ask, socket }) => {
  await ask(await readBody());
  socket.resetAndDestroy();
};

/** The store did what was asked, and half of its answer comes: of its body, or of its head where there is none. */
export const halfAnswer: Fault = async (exchange) => {
  const answer = await exchange.ask(await exchange.readBody());
  const raw = Buffer.concat([headOf(answer), answer.body]);
  const bytes = answer.body.length === 0 ? raw.length / 2 : raw.length - answer.body.length / 2;
  exchange.socket.write(raw.subarray(0, Math.floor(bytes)), () => exchange.socket.resetAndDestroy());
};

/** The store is not asked; this is answered in its place. */
export const answer =
  (status: number, storeCode?: string, headers: Record<string, string> = {}): Fault =>
  async ({ readBody, reply, request }) => {
    await readBody();
    const text = storeCode && request.method !== 'HEAD' ? errorBody(storeCode) : '';
    reply({ status, headers: { 'content-type': 'application/xml', ...headers }, body: Buffer.from(text) });
  };

/** The store did what was asked, and something in between answers this. */
export const answerInstead =
  (status: number, storeCode?: string): Fault =>
  async (exchange) => {
    const body = await exchange.readBody();
    await exchange.ask(body);
    await answer(status, storeCode)({ ...exchange, readBody: async () => body });
  };

/** The store did what was asked, and its answer comes changed. */
export const alter =
  (change: (original: Answer) => Partial<Answer>): Fault =>
  async ({ readBody, ask, reply }) => {
    const original = await ask(await readBody());
    const changed = { ...original, ...change(original) };
    if (changed.body === original.body) return reply(changed);
    const { 'transfer-encoding': _, ...headers } = changed.headers;
    reply({ ...changed, headers: { ...headers, 'content-length': String(changed.body.length) } });
  };

/** The request is read and never answered; the store does not hear of it. */
export const neverAnswer: Fault = async ({ readBody }) => void (await readBody());

/** The store did what was asked, and its answer never comes. */
export const neverAnswerThough: Fault = async ({ readBody, ask }) => void (await ask(await readBody()));

/** The request's body is read, and the answer written, in small pieces with a pause after each. */
export const drip =
  ({ pieces, pauseMs }: { pieces: number; pauseMs: number }): Fault =>
  async ({ request, response, ask }) => {
    const step = Number(request.headers['content-length'] ?? 0) / pieces;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let next = step;
    for await (const chunk of request) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes < next) continue;
      next = bytes + step;
      await wait(pauseMs);
    }
    const { status, headers, body } = await ask(Buffer.concat(chunks));
    response.writeHead(status, headers);
    response.flushHeaders();
    for (let at = 0; at < body.length; at += Math.ceil(body.length / pieces)) {
      await wait(pauseMs);
      response.write(body.subarray(at, at + Math.ceil(body.length / pieces)));
    }
    response.end();
  };

export const delay =
  (ms: number, then: Fault): Fault =>
  async (exchange) => {
    await wait(ms);
    await then(exchange);
  };

/** One byte of the answer's body comes flipped. */
export const flipByte = (offset: number): Fault =>
  alter(({ body }) => {
    const flipped = Buffer.from(body);
    flipped[offset] = (flipped[offset] ?? 0) ^ 0xff;
    return { body: flipped };
  });

/** The answer's body ends after so many bytes. How it ends tells the client more, or less. */
export const cutAnswer =
  (bytes: number, end: 'reset' | 'close' | 'stall' | 'length too short' | 'no length'): Fault =>
  async (exchange) => {
    const original = await exchange.ask(await exchange.readBody());
    const body = original.body.subarray(0, bytes);
    const { 'content-length': _, ...bare } = original.headers;
    const lengths = { 'length too short': { 'content-length': String(body.length) }, 'no length': {} };
    const headers = end in lengths ? { ...bare, ...lengths[end as keyof typeof lengths] } : original.headers;
    exchange.socket.write(Buffer.concat([headOf({ ...original, headers }), body]));
    if (end === 'stall') return;
    if (end === 'reset') {
      // What was written should come before the reset overtakes it.
      await wait(50);
      exchange.socket.resetAndDestroy();
    } else exchange.socket.end();
    await once(exchange.socket, 'close');
  };

/** Several faults in a row; the last one goes on. */
export function inTurn(...faults: readonly Fault[]): Fault {
  const last = faults.at(-1);
  if (!last) throw new Error('no faults to take turns');
  let turn = 0;
  return (exchange) => {
    const fault = faults[turn] ?? last;
    turn += 1;
    return fault(exchange);
  };
}

function headOf({ status, headers, body }: Answer): Buffer {
  const { 'transfer-encoding': chunked, ...plain } = headers;
  const all = chunked === undefined ? plain : { ...plain, 'content-length': String(body.length) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`, 'latin1');
}

export function errorBody(storeCode: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${storeCode}</Code>` +
    `<Message>injected by the test</Message><RequestId>injected</RequestId></Error>`
  );
}
