import { describe, expect, it } from 'vitest';
import { parseDuration, parseRate } from '../../src/config/rate.ts';

describe('parseRate', () => {
  it.each([
    ['10M', 10 * 1024 ** 2],
    ['10M/s', 10 * 1024 ** 2],
    ['1.5 MiB / S', 1.5 * 1024 ** 2],
    ['2048', 2048],
  ])('reads %s', (text, bytes) => {
    expect(parseRate(text)).toBe(bytes);
  });
  it.each(['', '/s', '10M/h', '10Mbit', 'off'])('refuses %j', (text) => {
    expect(() => parseRate(text)).toThrow('is not a size');
  });
});

describe('parseDuration', () => {
  it.each([
    ['30', 30],
    ['30s', 30],
    ['0.5', 0.5],
    ['1.5m', 90],
    ['5 min', 300],
    ['2H', 7200],
    ['7d', 604_800],
    ['2w', 1_209_600],
  ])('reads %s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });
  it.each(['', 's', '-1', '1y', '1e3', '5m30s', 'Infinity'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow('is not a time: write 30, 30s, 5m, 1h or 7d');
  });
});
