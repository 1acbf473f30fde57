import { PROVIDER_NAMES } from '../store/providers.ts';
import { inherited, own } from './environment-names.ts';
import { PROVIDER_SETTINGS } from './provider-settings.ts';
import type { Setting } from './setting.ts';

const SERVER = 'The S3 server';
const CREDENTIALS = 'Credentials';

/** The S3 server, and how to be let in. */
export const SERVER_SETTINGS = {
  ENDPOINT: {
    type: 'endpoint',
    property: 'endpoint',
    group: SERVER,
    help: 'The server: aws, or the URL of any other one.',
    default: 'aws',
    flag: 'endpoint',
    global: true,
    environment: inherited('ENDPOINT'),
    lastEnvironment: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
  },
  PROVIDER: {
    type: 'choice',
    property: 'provider',
    group: SERVER,
    help: 'Whose server it is, which tells its limits and habits.',
    without: "told by the endpoint's host, else generic",
    example: 'minio',
    flag: 'provider',
    global: true,
    environment: own('PROVIDER'),
    choices: PROVIDER_NAMES,
  },
  REGION: {
    type: 'string',
    property: 'region',
    group: SERVER,
    help: 'The region that requests are signed for.',
    without: "the profile's, or AWS_REGION",
    example: 'eu-central-1',
    flag: 'region',
    global: true,
    environment: inherited('REGION'),
  },
  FORCE_PATH_STYLE: {
    type: 'boolean',
    property: 'forcePathStyle',
    group: SERVER,
    help: 'Put the bucket into the path of a request, not into its host name.',
    without: "as the provider wants it: true but for AWS's own servers",
    example: 'true',
    flag: 'force-path-style',
    environment: own('FORCE_PATH_STYLE'),
  },
  ...PROVIDER_SETTINGS,
  PROFILE: {
    type: 'string',
    property: 'profile',
    group: CREDENTIALS,
    help: 'The profile of ~/.aws/config and ~/.aws/credentials, used when S3_KEY_ID is not set.',
    without: 'what the AWS SDK finds: environment, shared files, SSO, container, instance',
    example: 'backup',
    flag: 'aws-profile',
    global: true,
    environment: inherited('PROFILE'),
  },
  S3_KEY_ID: {
    type: 'string',
    property: 'credentials',
    group: CREDENTIALS,
    help: 'The access key; needs S3_SECRET beside it.',
    without: 'PROFILE is used',
    example: 'AKIDEXAMPLE',
    environment: inherited('S3_KEY_ID'),
  },
  S3_SECRET: {
    type: 'string',
    property: 'credentials',
    group: CREDENTIALS,
    help: 'The secret key; a file that holds it should be readable by its owner only.',
    without: 'PROFILE is used',
    example: 'SECRETEXAMPLE',
    environment: inherited('S3_SECRET'),
    secret: true,
  },
} as const satisfies Record<string, Setting>;
