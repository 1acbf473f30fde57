import { describe, expect, it } from 'vitest';
import { quoteWord, renderPipeline } from '../src/shell-words.ts';

describe('shell words', () => {
  it.each([
    ['tank/a@b:c%20+', 'tank/a@b:c%20+'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['$(rm)', "'$(rm)'"],
    ['~root', "'~root'"],
    ['a\nb', "$'a\\nb'"],
  ])('%j is written %s', (word, text) => expect(quoteWord(word)).toBe(text));

  it('make a pipeline', () => {
    expect(renderPipeline([['zfs', 'send', 'a@b c'], [], ['zstd']])).toBe("zfs send 'a@b c' | zstd");
  });
});
