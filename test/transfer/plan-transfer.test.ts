import { describe, expect, it } from 'vitest';
import { PROVIDERS, type ProviderName } from '../../src/store/providers.ts';
import { partBytesAt } from '../../src/transfer/part-schedule.ts';
import { describeBytes } from '../../src/transfer/part-size.ts';
import { planTransfer, sayPlan, type TransferRequest } from '../../src/transfer/plan-transfer.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

function plan(provider: ProviderName, request: Omit<TransferRequest, 'limits'> = {}) {
  return planTransfer({ limits: PROVIDERS[provider].limits, ...request });
}

/** `first size × in flight, buffers at most → ceiling` */
function inWords(provider: ProviderName, request?: Omit<TransferRequest, 'limits'>): string {
  const { partBytes, concurrency, memoryBytes, maxStreamBytes } = plan(provider, request);
  return `${describeBytes(partBytes)} × ${concurrency}, ${describeBytes(memoryBytes)} → ${describeBytes(maxStreamBytes)}`;
}

describe('a stream of unknown length', () => {
  it.each<[ProviderName, string]>([
    ['aws', '16 MiB × 4, 256 MiB → 1.9 TiB'],
    ['b2', '16 MiB × 4, 256 MiB → 1.9 TiB'],
    ['ceph', '16 MiB × 4, 256 MiB → 1.9 TiB'],
    ['scaleway', '16 MiB × 4, 256 MiB → 196.1 GiB'],
    ['r2', '85 MiB × 2, 255 MiB → 830.1 GiB'],
  ])('goes to %s within 256 MiB as %s', (provider, words) => {
    expect(inWords(provider)).toBe(words);
  });

  it.each<[ProviderName, number, string]>([
    ['generic', 4 * GIB, '5 TiB'],
    ['ceph', GIB, '5 TiB'],
    ['b2', 2 * GIB, '9.1 TiB'],
    ['wasabi', GIB, '5 TiB'],
    ['scaleway', 8 * GIB, '3.9 TiB'],
    ['aws', 25 * GIB, '40.5 TiB'],
  ])('reaches on %s with %d bytes of memory %s', (provider, maxMemory, ceiling) => {
    expect(describeBytes(plan(provider, { maxMemory }).maxStreamBytes)).toBe(ceiling);
  });

  it('grows step by step, giving up one buffer after the other only at the end', () => {
    const { schedule } = plan('aws');
    expect(schedule.map(({ firstPart, bytes }) => `${firstPart}: ${bytes / MIB}`)).toEqual([
      ...['1: 16', '501: 32', '976: 51', '1451: 64', '1926: 85', '2401: 128', '2876: 256'],
    ]);
    expect(partBytesAt(schedule, 10_000)).toBe(256 * MIB);
  });

  it('grows no further than the longest object takes', () => {
    const { schedule, maxStreamBytes } = plan('wasabi', { maxMemory: 16 * GIB });
    expect(maxStreamBytes).toBe(5 * TIB);
    expect(schedule.at(-1)?.bytes).toBeLessThan(5 * GIB);
  });

  it('begins smaller where the memory is small', () => {
    expect(inWords('aws', { maxMemory: 64 * MIB })).toBe('12 MiB × 4, 64 MiB → 485.5 GiB');
    expect(inWords('aws', { maxMemory: 5 * MIB })).toBe('5 MiB × 1, 5 MiB → 48.8 GiB');
  });
});

describe('a stream with an estimate', () => {
  it.each([
    [GIB, '5 MiB × 8, 256 MiB → 2.1 TiB'],
    [50 * GIB, '5.4 MiB × 8, 256 MiB → 138 GiB'],
    [500 * GIB, '53.8 MiB × 3, 256 MiB → 980 GiB'],
    [TIB, '110.1 MiB × 1, 256 MiB → 1.4 TiB'],
  ])('of %d bytes begins with the size of the table: %s', (estimate, words) => {
    expect(inWords('aws', { estimate })).toBe(words);
  });

  it.each([GIB, 50 * GIB, 90 * GIB])(
    'of %d bytes sees equal parts, and bigger ones when it lied',
    (estimate) => {
      const { schedule, partBytes, maxStreamBytes } = plan('aws', { estimate });
      expect(partBytesAt(schedule, Math.ceil(estimate / partBytes))).toBe(partBytes);
      expect(maxStreamBytes).toBeGreaterThanOrEqual(2.19 * estimate);
    },
  );

  it('that left no room for a lie grows earlier, as far as no buffer is lost', () => {
    const { schedule, concurrency } = plan('aws', { estimate: 500 * GIB });
    expect(concurrency).toBe(3);
    const within = schedule.slice(0, 2);
    expect(within.map(({ bytes }) => Math.floor(bytes / MIB))).toEqual([53, 64]);
    expect(schedule[2]?.firstPart).toBeGreaterThan((500 * GIB) / (64 * MIB));
  });

  it('takes 48.8 TiB to AWS, where there is the memory', () => {
    expect(inWords('aws', { estimate: 10_000 * 5 * GIB, maxMemory: 10 * GIB })).toBe(
      '5 GiB × 1, 10 GiB → 48.8 TiB',
    );
  });

  it('has equal parts on R2, as big as costs nothing', () => {
    expect(plan('r2', { estimate: GIB }).schedule).toEqual([{ firstPart: 1, bytes: 5 * MIB }]);
    expect(inWords('r2', { estimate: 300 * GIB })).toBe('71 MiB × 2, 212.9 MiB → 693.1 GiB');
    expect(inWords('r2', { estimate: TIB })).toBe('110.1 MiB × 1, 220.2 MiB → 1.1 TiB');
  });
});

describe('what somebody asks for', () => {
  it('is the first part size, which grows later', () => {
    const { schedule } = plan('aws', { partBytes: 64 * MIB });
    expect(schedule.map(({ firstPart, bytes }) => `${firstPart}: ${bytes / MIB}`)).toEqual([
      ...['1: 64', '2501: 85', '3251: 128', '4001: 256'],
    ]);
    expect(plan('r2', { partBytes: 64 * MIB }).schedule).toEqual([{ firstPart: 1, bytes: 64 * MIB }]);
  });

  it('is raised where the estimate would not fit', () => {
    expect(plan('aws', { partBytes: 64 * MIB, estimate: GIB }).partBytes).toBe(64 * MIB);
    expect(plan('aws', { partBytes: 5 * MIB, estimate: TIB }).partBytes).toBeGreaterThan(110 * MIB);
  });

  it('as parts in flight is lowered to what fits, and said', () => {
    const fitting = plan('aws', { partBytes: 16 * MIB, concurrency: 64 });
    expect(fitting.concurrency).toBe(15);
    expect(fitting.notes).toEqual([
      '15 parts in flight instead of 64: parts of 16 MiB within 256 MiB of memory',
    ]);
    // z3's own defaults.
    expect(plan('aws', { partBytes: 256 * MIB, concurrency: 64 })).toMatchObject({
      concurrency: 1,
      memoryBytes: 256 * MIB,
      notes: ['1 part in flight instead of 64: parts of 256 MiB within 256 MiB of memory'],
    });
    const { concurrency, notes } = plan('r2', { estimate: GIB, concurrency: 64 });
    expect([concurrency, notes]).toEqual([
      2,
      ['2 parts in flight instead of 64: this store answers slower beyond'],
    ]);
    expect(plan('aws', { concurrency: 2 })).toMatchObject({ concurrency: 2, notes: [] });
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot be %d bytes of memory', (maxMemory) => {
    expect(() => plan('aws', { maxMemory })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('number of bytes') }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot be %d parts in flight', (concurrency) => {
    expect(() => plan('aws', { concurrency })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('a sentence on the plan', () => {
  it.each<[Omit<TransferRequest, 'limits'>, string]>([
    [
      {},
      'parts of 16 MiB, 4 in flight and one that is filled: 80 MiB of memory, at most 256 MiB when parts have grown; the stream may have at most 1.9 TiB',
    ],
    [
      { partBytes: 256 * MIB },
      'parts of 256 MiB, 1 in flight and one that is filled: 256 MiB of memory; the stream may have at most 2.4 TiB',
    ],
  ])('of %j tells the memory now and at most', (request, sentence) => {
    expect(sayPlan(plan('aws', request))).toBe(sentence);
  });
});

describe('what encodes', () => {
  const encoderBytes = 18 * MIB;

  it('has its share of the memory, a quarter at most', () => {
    expect(inWords('aws', { encoderBytes })).toBe('16 MiB × 4, 238 MiB → 1.8 TiB');
    expect(inWords('aws', { encoderBytes, maxMemory: 40 * MIB })).toBe('6 MiB × 4, 30 MiB → 227.4 GiB');
  });

  it('leaves a part that was to have all of the memory, and says so', () => {
    const { partBytes, concurrency, notes } = plan('aws', {
      ...{ encoderBytes, partBytes: 256 * MIB, concurrency: 64 },
    });
    expect([partBytes / MIB, concurrency]).toEqual([238, 1]);
    expect(notes[0]).toBe(
      'parts of 238 MiB instead of 256 MiB: the compressor has its share of the memory, and 238 MiB are left for parts; --max-memory lifts that',
    );
    expect(plan('aws', { encoderBytes, partBytes: 238 * MIB }).notes).toEqual([]);
  });

  it('is named where a part does not fit', () => {
    expect(() => plan('aws', { encoderBytes, partBytes: 300 * MIB })).toThrow(
      'Parts of 300 MiB do not fit into 238 MiB of memory for buffers (256 MiB without the 18 MiB of the compressor)',
    );
    expect(() => plan('aws', { encoderBytes, partBytes: 6 * MIB, maxMemory: 6 * MIB })).toThrow(
      'Parts of 5 MiB do not fit into 4.5 MiB',
    );
  });
});

describe('what does not fit is refused, and told what would do', () => {
  it.each<[string, ProviderName, Omit<TransferRequest, 'limits'>, string, string]>([
    ['a part size', 'aws', { partBytes: 512 * MIB }, 'USAGE', '--max-memory 1G would do, and so would a'],
    ['a small memory', 'aws', { maxMemory: 4 * MIB }, 'USAGE', '--max-memory 10M would do.'],
    ['an estimate', 'aws', { estimate: 5 * TIB }, 'STREAM_TOO_LONG', '--max-memory 1102M would do.'],
    ['an estimate in few parts', 'scaleway', { estimate: TIB }, 'STREAM_TOO_LONG', '--max-memory 2205M'],
  ])('%s', (_, provider, request, code, advice) => {
    expect(() => plan(provider, request)).toThrow(
      expect.objectContaining({ code, advice: expect.stringContaining(advice) }),
    );
  });

  it('and what is told does', () => {
    expect(plan('aws', { partBytes: 512 * MIB, maxMemory: GIB }).concurrency).toBe(1);
    expect(plan('aws', { maxMemory: 10 * MIB }).concurrency).toBe(1);
    expect(plan('aws', { estimate: 5 * TIB, maxMemory: 1102 * MIB }).concurrency).toBe(1);
    expect(plan('scaleway', { estimate: TIB, maxMemory: 2205 * MIB }).concurrency).toBe(1);
  });
});

describe('the ceiling', () => {
  it.each<[ProviderName, Omit<TransferRequest, 'limits'>, string]>([
    [
      'r2',
      {},
      'the stream may have at most 830.1 GiB; --estimated SIZE, --chunk-size or --max-memory lift that',
    ],
    ['scaleway', {}, 'the stream may have at most 196.1 GiB; --max-memory lifts that'],
    [
      'aws',
      { estimate: TIB },
      '1 TiB are expected, and the stream may have at most 1.4 TiB; --max-memory lifts that',
    ],
  ])('is said where it may matter: %s %j', (provider, request, note) => {
    expect(plan(provider, request).notes).toEqual([note]);
  });

  it.each<[ProviderName, Omit<TransferRequest, 'limits'>]>([
    ['aws', {}],
    ['aws', { estimate: 50 * GIB }],
    ['scaleway', { estimate: 20 * GIB }],
  ])('is not worth a word elsewhere: %s %j', (provider, request) => {
    expect(plan(provider, request).notes).toEqual([]);
  });
});
