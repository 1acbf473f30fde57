import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type RequestKind, readRequest, type SeenRequest } from './seen-request.ts';

/** What the store answered, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One request and what can be done with it. */
export interface Exchange {
  readonly seen: SeenRequest;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readBody(): Promise<Buffer>;
  /** Sends the request to the store, its headers as they are: the signature covers them. */
  ask(body: Buffer): Promise<Answer>;
  reply(answer: Answer): void;
  /** Nobody listens for so long; connections that are open are reset. */
  refuseConnections(ms: number): Promise<void>;
}

export type Fault = (exchange: Exchange) => Promise<void>;

/** Which requests a fault happens to; all that is given must fit. */
export interface Match {
  readonly kind?: RequestKind;
  readonly partNumber?: number;
  readonly when?: (seen: SeenRequest) => boolean;
  /** Fitting requests that pass before; 0 if not given. */
  readonly skip?: number;
  /** How many it happens to; 1 if not given. */
  readonly times?: number;
}

export interface FaultProxy {
  /** What a client takes for the store. */
  readonly endpoint: string;
  /** Every request so far, in the order in which they came. */
  readonly seen: readonly SeenRequest[];
  /** Earlier faults go before later ones. */
  inject(match: Match, fault: Fault): void;
  count(kind: RequestKind, fits?: (seen: SeenRequest) => boolean): number;
  close(): Promise<void>;
}

interface Rule {
  readonly match: Match;
  readonly fault: Fault;
  met: number;
}

/** Stands in front of a real S3 server; passes everything on but what faults were injected for. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const seen: SeenRequest[] = [];
  const rules: Rule[] = [];
  const sockets = new Set<Socket>();
  const startedAt = performance.now();
  let inFlight = 0;
  const count: FaultProxy['count'] = (kind, fits = () => true) =>
    seen.filter((each) => each.kind === kind && fits(each)).length;

  const server = createServer((incoming, response) => {
    const facts = {
      atMs: performance.now() - startedAt,
      inFlight,
      count: (kind: RequestKind) => count(kind),
    };
    const request = readRequest(incoming, facts);
    seen.push(request);
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
    const fault = chooseFault(rules, request) ?? pass;
    // What fails here is the client having gone, which is what some tests are about.
    fault(createExchange(request, incoming, response)).catch(() => incoming.socket.destroy());
  });
  server.requestTimeout = 0;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });

  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stopListening = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };

  function createExchange(what: SeenRequest, incoming: IncomingMessage, response: ServerResponse): Exchange {
    return {
      seen: what,
      request: incoming,
      response,
      socket: incoming.socket,
      readBody: () => readAll(incoming),
      ask: (body) => ask({ hostname, port: targetPort, agent }, incoming, body),
      reply: ({ status, headers, body }) => {
        response.writeHead(status, headers);
        response.end(body);
      },
      refuseConnections: async (ms) => {
        await stopListening();
        await wait(ms);
        await listen(port);
      },
    };
  }

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    count,
    inject: (match, fault) => rules.push({ match, fault, met: 0 }),
    close: async () => {
      await stopListening();
      agent.destroy();
    },
  };
}

export const pass: Fault = async ({ readBody, ask: send, reply }) => reply(await send(await readBody()));

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function chooseFault(rules: readonly Rule[], seen: SeenRequest): Fault | undefined {
  for (const rule of rules) {
    const { kind = seen.kind, partNumber = seen.partNumber, when, skip = 0, times = 1 } = rule.match;
    if (kind !== seen.kind || partNumber !== seen.partNumber || when?.(seen) === false) continue;
    rule.met += 1;
    if (rule.met > skip && rule.met <= skip + times) return rule.fault;
  }
  return undefined;
}

function ask(
  to: { hostname: string; port: string; agent: Agent },
  { method, url, rawHeaders }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { ...to, method: method ?? 'GET', path: url ?? '/', headers: rawHeaders, setHost: false };
    const outgoing = request(options, async (answer) => {
      const { statusCode: status = 0, headers } = answer;
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status, headers: headers as Record<string, string>, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
