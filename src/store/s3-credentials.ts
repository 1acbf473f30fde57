import type { S3Client } from '@aws-sdk/client-s3';

/** What a store answers to credentials that were good once. */
const EXPIRED_CODES = new Set(['ExpiredToken', 'InvalidAccessKeyId', 'InvalidToken', 'TokenRefreshRequired']);

export interface Renewal {
  /** What was in use when a request began, for `renewAfter`. */
  generation(): number;
  /**
   * Gets new credentials where the error asks for them. Whether there are other ones now, so that the same request
   * may succeed; never throws, for the error that led here tells more.
   */
  renewAfter(error: unknown, client: S3Client, generation: number): Promise<boolean>;
}

export function createRenewal(): Renewal {
  let generation = 0;
  let pending: Promise<boolean> | undefined;

  async function renew({ config }: S3Client, looksExpired: boolean): Promise<boolean> {
    const before = await config.credentials();
    if (!looksExpired && before.sessionToken === undefined) return false;
    const after = await config.credentials({ forceRefresh: true });
    const same = before.accessKeyId === after.accessKeyId && before.sessionToken === after.sessionToken;
    if (!same) generation += 1;
    return !same;
  }

  return {
    generation: () => generation,
    renewAfter: async (error, client, since) => {
      const looksExpired = saysExpired(error);
      if (!looksExpired && !mayMeanExpired(error)) return false;
      // Many parts in flight learn it at once, and one of them renews.
      if (since !== generation) return true;
      pending ??= renew(client, looksExpired)
        .catch(() => false)
        .finally(() => {
          pending = undefined;
        });
      return pending;
    },
  };
}

function saysExpired(error: unknown): boolean {
  return error instanceof Error && EXPIRED_CODES.has(error.name);
}

/** HEAD's answers have no body, so that they cannot say why they refuse. */
function mayMeanExpired(error: unknown): boolean {
  const { name, $metadata } = error as {
    name?: string;
    $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? 0;
  const says = name !== undefined && !/^(\d+|Error|Forbidden|BadRequest|Unauthorized|Unknown\w*)$/.test(name);
  return [400, 401, 403].includes(status) && !says;
}
