import type { OptionSpec, Program } from './program.ts';
import { globalGroupHiding, settingOptions } from './setting-options.ts';

const options: readonly OptionSpec[] = [
  ...settingOptions('chunk-size').map((option) => ({ ...option, aliases: ['s'] })),
  {
    name: 'estimated',
    type: 'text',
    value: 'SIZE',
    help: 'How long the stream is expected to be; parts are made large enough for it.',
  },
  {
    name: 'metadata',
    aliases: ['meta'],
    type: 'list',
    value: 'KEY=VALUE',
    help: 'Metadata of the object; may be given several times.',
  },
  {
    name: 'file-descriptor',
    type: 'text',
    value: 'FD',
    help: 'Read this open descriptor instead of stdin.',
  },
  {
    name: 'resume',
    type: 'flag',
    help: 'Go on with an upload to KEY that was left open: parts that are there and equal are not sent again.',
  },
  {
    name: 'keep-on-interrupt',
    type: 'flag',
    help: 'When interrupted, leave the upload open for --resume; open uploads cost money.',
  },
  { name: 'force', type: 'flag', help: 'Upload although another process seems to be uploading to KEY.' },
  { name: 'json', type: 'flag', help: 'Print key, bytes, parts, part size and seconds as well.' },
  ...settingOptions(
    'concurrency',
    'max-memory',
    'storage-class',
    'sse',
    'sse-kms-key-id',
    'acl',
    'max-retries',
    'expect',
    'inspect',
    'bwlimit',
    'progress',
    'progress-interval',
    'force-path-style',
  ),
];

export const pputProgram: Program = {
  name: 'pput',
  summary: 'Stores a stream as one object, all of it or nothing.',
  commands: [
    {
      usage: 'KEY [OPTIONS] [-- COMMAND ARG…]',
      summary: 'Stores stdin, or what COMMAND writes, under KEY: all of it, or nothing.',
      details:
        'KEY is the whole key, no prefix is put before it; an object that is there is replaced. In a pipe nobody sees whether the program in front of it failed: let pput run it as COMMAND, then nothing is stored unless it exits with 0. Prints {"status": "success", "etag": "…"}.',
      positionals: ['KEY'],
      takesProgram: true,
      options,
      examples: [
        {
          line: 'mkdir -p /tmp/store && pput etc.tar --store file:///tmp/store -- tar -C / -cf - etc/hostname',
          help: 'What a program writes, into a folder:',
        },
        {
          line: 'zfs send tank/data@today | pput manual/today --store s3://my-bucket --estimated 200G',
          help: 'A long stream from a pipe, into a bucket:',
        },
      ],
      run: async (call) => (await import('./run-pput.ts')).runPput(call),
    },
  ],
  groups: [globalGroupHiding('dataset', 'snapshot-prefix')],
};
