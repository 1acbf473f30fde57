import { expect } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { StoreError } from '../../src/errors.ts';

export async function failureOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

export async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error = await failureOf(work);
  expect(error.code, error.message).toBe(code);
}
