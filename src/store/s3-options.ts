/** What a user of the library says of the way to a server; free of the SDK's types, which would need those of Node. */

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** New ones are asked for some minutes before. */
  readonly expiration?: Date;
}

/** Asked again when what it gave is about to expire, or when the store says that it has. */
export type S3CredentialsProvider = () => Promise<S3Credentials>;

/** How long the store may keep silent before a request counts as broken, in milliseconds; never a total time. */
export interface S3Timeouts {
  /** For a connection to be made; 15 s if not given. */
  readonly connectMs?: number | undefined;
  /** Without a byte in either direction; 120 s if not given. */
  readonly idleMs?: number | undefined;
  /** The same for Complete, whose answer may take minutes; 15 minutes if not given. */
  readonly completeIdleMs?: number | undefined;
}
